// What the host is told, and how much of it.
#include "core/host_log.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "tests/core/bench.h"

namespace gvt::core_test {
namespace {

using core::HostLog;
using Lines = std::vector<std::string>;

uint64_t g_now_ns = 0;

class HostLogTest : public testing::Test {
 protected:
  HostLogTest() {
    g_now_ns = uint64_t{1} << 40;
    ops_.log = [](void* lines, gvtcore_log_level_t, const char* text) {
      static_cast<Lines*>(lines)->emplace_back(text);
    };
  }
  static uint64_t Now() { return g_now_ns; }

  gvtcore_host_ops_t ops_ = {};
  Lines lines_;
};

TEST_F(HostLogTest, WritesABurstThenOneLineASecond) {
  HostLog log(ops_, &lines_, &Now);
  for (int i = 0; i < 100; ++i) Log(&log, Event{}, LogLevel::kWarning, "line %d", i);
  ASSERT_EQ(lines_.size(), HostLog::kBurstLines);
  EXPECT_EQ(lines_.back(), "line 19");
  g_now_ns += HostLog::kLineEveryNs;
  for (int i = 0; i < 5; ++i) Log(&log, Event{}, LogLevel::kWarning, "later %d", i);
  const Lines last(lines_.end() - 2, lines_.end());
  EXPECT_EQ(last, (Lines{"80 lines left out", "later 0"}));
}

TEST_F(HostLogTest, SaysAtTheEndWhatWasLeftOut) {
  {
    HostLog log(ops_, &lines_, &Now);
    for (int i = 0; i < 25; ++i) Log(&log, Event{}, LogLevel::kInfo, "line");
  }
  EXPECT_EQ(lines_.back(), "5 lines left out");
}

TEST_F(HostLogTest, NeverSavesUpMoreThanOneBurst) {
  HostLog log(ops_, &lines_, &Now);
  g_now_ns += 1000 * HostLog::kLineEveryNs;
  for (int i = 0; i < 100; ++i) Log(&log, Event{}, LogLevel::kInfo, "line");
  EXPECT_EQ(lines_.size(), HostLog::kBurstLines);
}

TEST_F(HostLogTest, CutsALongLine) {
  HostLog log(ops_, &lines_, &Now);
  Log(&log, Event{}, LogLevel::kInfo, "%s", std::string(10'000, 'x').c_str());
  EXPECT_EQ(lines_.at(0), std::string(kMaxLogLine - 1, 'x'));
}

TEST_F(HostLogTest, WithoutACallbackTakesNothing) {
  HostLog log(gvtcore_host_ops_t{}, nullptr, &Now);
  EXPECT_FALSE(log.Takes(LogLevel::kError));
  Log(nullptr, Event{}, LogLevel::kError, "no sink either");
}

// The bound holds whoever writes: each thread's lines come from one bucket.
TEST_F(HostLogTest, SharesOneBucketAmongThreads) {
  static std::atomic<uint64_t> written;
  written = 0;
  ops_.log = [](void*, gvtcore_log_level_t, const char*) { ++written; };
  HostLog log(ops_, nullptr, &Now);
  std::array<std::jthread, 4> threads;
  for (std::jthread& thread : threads) {
    thread = std::jthread([&log] {
      for (int line = 0; line < 1000; ++line) Log(&log, Event{}, LogLevel::kDebug, "line");
    });
  }
  for (std::jthread& thread : threads) thread.join();
  // A line that is taken while others are left out says so: at most one note for each.
  EXPECT_GE(written, HostLog::kBurstLines);
  EXPECT_LE(written, 2 * HostLog::kBurstLines);
}

bool Has(const Lines& lines, const std::string& text) {
  return std::any_of(lines.begin(), lines.end(),
                     [&](const std::string& line) { return line.find(text) != std::string::npos; });
}

TEST_F(EndToEnd, TheHostIsToldOfRefusalsFaultsAndResets) {
  Bench bench(*host_);
  Job job = bench.MakeJob(hw::Engine::kRcs);
  bench.Batch(job, Program({StoreDword(kData, 1, kUseGgtt), BatchEnd()}));
  bench.Request(job, 1);
  ASSERT_TRUE(bench.driver->Submit(job.context));
  ASSERT_TRUE(bench.driver->WaitForValue(bench.SeqnoAt(job), 1));
  EXPECT_TRUE(Has(bench.machine->log(),
                  "rcs: refused MI_STORE_DATA_IMM (0x10400002) at "
                  "ppgtt:0x400000: ggtt-from-user"));

  bench.Batch(job, Program({StoreDword(0x123456000, 1), BatchEnd()}));
  bench.Request(job, 2);
  ASSERT_TRUE(bench.driver->Submit(job.context));
  ASSERT_TRUE(bench.driver->WaitForInterrupt(hw::Engine::kRcs, kErrorBit));
  EXPECT_TRUE(Has(bench.machine->log(), "rcs: no page at ppgtt:0x123456000"));
  EXPECT_TRUE(Has(bench.machine->log(), "rcs: command error at ppgtt:0x400000"));

  bench.driver->ResetEngine(hw::Engine::kRcs);
  EXPECT_TRUE(Has(bench.machine->log(), "rcs: reset by the guest"));
}

TEST_F(EndToEnd, TheHostIsToldOnceThatAGuestIsInFailsafe) {
  Bench bench(*host_);
  constexpr uint32_t kReportsFailure = 0x78808;
  bench.machine->WriteRegister(kReportsFailure, 1);
  bench.machine->WriteRegister(kReportsFailure, 1);
  const Lines lines = bench.machine->log();
  EXPECT_EQ(std::count_if(lines.begin(), lines.end(),
                          [](const std::string& line) { return line.starts_with("failsafe"); }),
            1);
}

}  // namespace
}  // namespace gvt::core_test
