// What a guest did, recorded, happens again bit for bit.
#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <thread>

#include "core/replayer.h"
#include "tests/core/bench.h"

namespace gvt::core_test {
namespace {

using namespace std::chrono_literals;
using capture::BoundaryTraceReader;
using capture::ByteSource;
using core::ReplayResult;

class Recorded : public EndToEnd {
 protected:
  ~Recorded() override { std::remove(path_.c_str()); }

  MachineOptions Options() const {
    MachineOptions options;
    options.memory_bytes = uint64_t{8} << 20;
    options.vgpu.trace_path = path_.c_str();
    return options;
  }

  // The machine is gone by now: the trace has its end.
  ReplayResult ReplayIt() const {
    auto source = ByteSource::OpenFile(path_);
    EXPECT_TRUE(source);
    auto reader = BoundaryTraceReader::Open(std::move(source).value());
    EXPECT_TRUE(reader);
    return core::Replay(std::move(reader).value());
  }

  void ExpectSame(const ReplayResult& result) const {
    if (result.difference) {
      ADD_FAILURE() << "event " << result.difference->sequence << ": " << result.difference->text;
    }
    if (result.error) ADD_FAILURE() << result.error->Message();
    EXPECT_TRUE(result.finished);
  }

  const std::string path_ = testing::TempDir() + "gvtcore-replay-" + std::to_string(getpid());
};

TEST_F(Recorded, BatchesOfFourEnginesReplay) {
  {
    Bench bench(*host_, Options());
    for (uint32_t round = 1; round <= 20; ++round) {
      for (const hw::Engine engine : kEngines) {
        Job job = bench.MakeJob(engine);
        bench.Batch(job, Program({StoreDword(kData + 8, round), BatchEnd()}));
        bench.Request(job, round);
        ASSERT_TRUE(bench.driver->Submit(job.context));
        ASSERT_TRUE(bench.driver->WaitForValue(bench.SeqnoAt(job), round));
        ASSERT_TRUE(bench.driver->WaitForInterrupt(engine, kUserBit | kSwitchBit));
      }
    }
  }
  const ReplayResult result = ReplayIt();
  ExpectSame(result);
  EXPECT_GE(result.stores, 160u);
  EXPECT_GE(result.interrupts, 80u);
  EXPECT_GE(result.slices, 80u);
}

}  // namespace
}  // namespace gvt::core_test
