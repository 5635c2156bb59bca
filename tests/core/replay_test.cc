// What a guest did, recorded, happens again bit for bit; what does not is found.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <functional>
#include <thread>

#include "capture/boundary_trace_writer.h"
#include "core/replayer.h"
#include "tests/core/bench.h"

namespace gvt::core_test {
namespace {

using namespace std::chrono_literals;
using capture::BoundaryTraceReader;
using capture::BoundaryTraceWriter;
using capture::ByteSource;
using capture::TraceEvent;
using capture::TraceEventKind;
using core::ReplayResult;

std::unique_ptr<BoundaryTraceReader> OpenTrace(const std::string& path) {
  auto source = ByteSource::OpenFile(path);
  EXPECT_TRUE(source);
  auto reader = BoundaryTraceReader::Open(std::move(source).value());
  EXPECT_TRUE(reader);
  return std::move(reader).value();
}

void ExpectSame(const ReplayResult& result) {
  if (result.difference) {
    ADD_FAILURE() << "event " << result.difference->sequence << ": " << result.difference->text;
  }
  if (result.error) ADD_FAILURE() << result.error->Message();
  EXPECT_TRUE(result.finished);
}

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
  ReplayResult ReplayIt() const { return core::Replay(OpenTrace(path_)); }

  // All four engines: batches, two contexts in one submission, interrupts.
  void RecordWork() {
    Bench bench(*host_, Options());
    for (uint32_t round = 1; round <= 10; ++round) {
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

  // The trace with each event as `change` leaves it, replayed; false drops the event.
  ReplayResult ReplayChanged(const std::function<bool(TraceEvent*)>& change) const {
    const auto reader = OpenTrace(path_);
    capture::VectorSink sink;
    BoundaryTraceWriter writer(&sink, reader->header());
    TraceEvent event;
    while (reader->Next(&event)) {
      if (change(&event)) writer.Append(event);
    }
    EXPECT_TRUE(writer.Flush());
    auto source = ByteSource::OpenMemory("changed", sink.bytes());
    return core::Replay(BoundaryTraceReader::Open(std::move(source).value()).value());
  }
  // The event of that kind that comes `skip` such events later is changed, all others stay.
  ReplayResult ReplayWithOne(TraceEventKind kind, int skip,
                             const std::function<bool(TraceEvent*)>& change) const {
    return ReplayChanged([&, skip](TraceEvent* event) mutable {
      return event->kind != kind || skip-- != 0 || change(event);
    });
  }

  const std::string path_ = testing::TempDir() + "gvtcore-replay-" + std::to_string(getpid());
};

TEST_F(Recorded, BatchesOfFourEnginesReplay) {
  RecordWork();
  const ReplayResult result = ReplayIt();
  ExpectSame(result);
  EXPECT_GE(result.stores, 80u);
  EXPECT_GE(result.interrupts, 40u);
  EXPECT_GE(result.slices, 40u);
}

TEST_F(Recorded, ReplaysAreTheSameEachTime) {
  RecordWork();
  const ReplayResult first = ReplayIt();
  const ReplayResult second = ReplayIt();
  ExpectSame(first);
  ExpectSame(second);
  EXPECT_EQ(first.events, second.events);
  EXPECT_EQ(first.clocks, second.clocks);
}

TEST_F(Recorded, PreemptionSemaphoresAndSpinnersReplay) {
  {
    Bench bench(*host_, Options());
    Job spinner = bench.MakeJob(hw::Engine::kRcs);
    bench.Spinner(spinner);
    bench.Batch(spinner, BatchEnd(), kPageSize);
    bench.Request(spinner, 1);
    ASSERT_TRUE(bench.driver->Submit(spinner.context));
    Job waiter = bench.MakeJob(hw::Engine::kVcs);
    bench.Batch(waiter, Program({SemaphoreWait(kData, 3, 1), BatchEnd()}));
    bench.Request(waiter, 1);
    ASSERT_TRUE(bench.driver->Submit(waiter.context));
    std::this_thread::sleep_for(10ms);
    bench.Request(spinner, 2, kBatch + kPageSize);  // a lite restore while it spins
    ASSERT_TRUE(bench.driver->Submit(spinner.context));
    std::this_thread::sleep_for(5ms);
    bench.machine->Store32(waiter.data, 3);
    bench.EndSpinner(spinner);
    EXPECT_TRUE(bench.driver->WaitForValue(bench.SeqnoAt(spinner), 2));
    EXPECT_TRUE(bench.driver->WaitForValue(bench.SeqnoAt(waiter), 1));
  }
  ExpectSame(ReplayIt());
}

TEST_F(Recorded, ResetsErrorsAndTimeReplay) {
  {
    Bench bench(*host_, Options());
    for (const hw::Engine engine : kEngines) {
      Job hung = bench.MakeJob(engine);
      bench.Spinner(hung);
      bench.Request(hung, 1);
      ASSERT_TRUE(bench.driver->Submit(hung.context));
      std::this_thread::sleep_for(2ms);
      bench.machine->ReadRegister(hw::EngineMmioBase(engine) + 0x358);  // RING_TIMESTAMP
      bench.driver->ResetEngine(engine);
      Job broken = bench.MakeJob(engine);
      bench.Batch(broken, {0x7fff0000});
      bench.Request(broken, 1);
      ASSERT_TRUE(bench.driver->Submit(broken.context));
      EXPECT_TRUE(bench.driver->WaitForInterrupt(engine, kErrorBit));
      bench.driver->ResetEngine(engine);
    }
    ASSERT_EQ(gvtcore_vgpu_reset(bench.machine->vgpu()), 0);
    GuestDriver again(*bench.machine);
    ASSERT_TRUE(again.Boot());
  }
  const ReplayResult result = ReplayIt();
  ExpectSame(result);
  EXPECT_EQ(result.resets, 1u);
}

TEST_F(Recorded, MemoryThatGoesAndTheApertureReplay) {
  {
    Bench bench(*host_, Options());
    Job job = bench.MakeJob(hw::Engine::kBcs);
    bench.Batch(job, Program({StoreDword(kData, 7), BatchStart(kBatch)}));
    bench.Request(job, 1);
    ASSERT_TRUE(bench.driver->Submit(job.context));
    std::this_thread::sleep_for(2ms);
    ASSERT_TRUE(bench.machine->RemoveMemory(job.data, kPageSize));
    EXPECT_TRUE(bench.driver->WaitForInterrupt(hw::Engine::kBcs, kErrorBit));
    ASSERT_TRUE(bench.machine->RestoreMemory(job.data, kPageSize));
    std::array<uint32_t, 2048> block{};
    const uint64_t seqno = bench.seqno.gma.value;
    bench.machine->Store32(bench.seqno.gpa + 16, 99);
    gvtcore_vgpu_t* vgpu = bench.machine->vgpu();
    EXPECT_EQ(gvtcore_vgpu_read(vgpu, GVTCORE_REGION_BAR2, seqno, block.data(), 8192), 8192);
    EXPECT_EQ(block[4], 99u);
    EXPECT_EQ(gvtcore_vgpu_write(vgpu, GVTCORE_REGION_BAR2, seqno, block.data(), 4096), 4096);
  }
  ExpectSame(ReplayIt());
}

TEST_F(Recorded, ProcessorsAndEnginesAtOnceReplay) {
  {
    Bench bench(*host_, Options());
    std::atomic<bool> stop{false};
    std::thread reader([&] {
      while (!stop.load()) bench.machine->ReadRegister(0x2358);
    });
    for (uint32_t round = 1; round <= 20; ++round) {
      for (const hw::Engine engine : kEngines) {
        Job job = bench.MakeJob(engine);
        bench.Batch(job, BatchEnd());
        bench.Request(job, round);
        ASSERT_TRUE(bench.driver->Submit(job.context));
        ASSERT_TRUE(bench.driver->WaitForValue(bench.SeqnoAt(job), round));
      }
    }
    stop.store(true);
    reader.join();
  }
  ExpectSame(ReplayIt());
}

TEST_F(Recorded, ReadsThatDifferAreNamedByTheirEvent) {
  RecordWork();
  uint64_t number = 0;
  uint64_t count = 0;
  const ReplayResult result = ReplayChanged([&](TraceEvent* event) {
    ++count;
    if (number == 0 && event->kind == TraceEventKind::kRead && event->address == 0x78000) {
      event->data[0] ^= std::byte{1};
      number = count;
    }
    return true;
  });
  ASSERT_TRUE(result.difference);
  EXPECT_EQ(result.difference->sequence, number);
  EXPECT_EQ(result.difference->text,
            "read of BAR0 at 0x78000: recorded 0x76544777, now 0x76544776");
  EXPECT_FALSE(result.error);
}

TEST_F(Recorded, EveryKindOfDifferenceIsFound) {
  RecordWork();
  const auto flip = [](TraceEvent* event) {
    event->data[0] ^= std::byte{1};
    return true;
  };
  const auto drop = [](TraceEvent* /*event*/) { return false; };
  EXPECT_TRUE(ReplayWithOne(TraceEventKind::kStore, 9, flip).difference);
  EXPECT_TRUE(ReplayWithOne(TraceEventKind::kStore, 9, drop).difference);
  EXPECT_TRUE(ReplayWithOne(TraceEventKind::kInterrupt, 5, drop).difference);
  EXPECT_TRUE(ReplayWithOne(TraceEventKind::kClock, 5, drop).difference);
  EXPECT_TRUE(ReplayWithOne(TraceEventKind::kSliceEnd, 5, [](TraceEvent* event) {
                event->digest ^= 1;
                return true;
              }).difference);
  EXPECT_TRUE(ReplayWithOne(TraceEventKind::kSliceEnd, 5, [](TraceEvent* event) {
                event->value ^= 1;
                return true;
              }).difference);
  EXPECT_TRUE(ReplayWithOne(TraceEventKind::kPage, 3, flip).difference);
  EXPECT_TRUE(ReplayWithOne(TraceEventKind::kSliceEnd, 5, drop).error);
  EXPECT_FALSE(ReplayWithOne(TraceEventKind::kMemoryAdd, 0, drop).same());
}

TEST_F(Recorded, TracesThatAreCutOffReplayAsFarAsTheyGo) {
  RecordWork();
  const uint64_t events = ReplayIt().events;
  for (const uint64_t kept : {uint64_t{1}, events / 3, events / 2, events - 1}) {
    uint64_t count = 0;
    const ReplayResult result =
        ReplayChanged([&](TraceEvent* /*event*/) { return ++count <= kept; });
    EXPECT_FALSE(result.difference) << result.difference->text;
    EXPECT_FALSE(result.error);
    EXPECT_FALSE(result.finished);
  }
}

TEST_F(Recorded, PathsThatCannotBeCreatedAreRefused) {
  gvtcore_vgpu_config_t config = {};
  config.size = sizeof config;
  config.trace_path = "/nonexistent/folder/trace";
  gvtcore_host_ops_t ops = {};
  ops.size = sizeof ops;
  ops.raise_msi = [](void*, uint32_t) {};
  gvtcore_vgpu_t* vgpu = nullptr;
  EXPECT_EQ(gvtcore_vgpu_create(host_->core(), &config, &ops, nullptr, &vgpu), GVTCORE_ENOENT);
  EXPECT_EQ(vgpu, nullptr);
}

TEST_F(Recorded, FullDisksEndTheRecordingAndNotTheGuest) {
  MachineOptions options = Options();
  options.vgpu.trace_path = "/dev/full";
  Bench bench(*host_, options);
  Job job = bench.MakeJob(hw::Engine::kRcs);
  for (uint32_t round = 1; round <= 50; ++round) {
    bench.Batch(job, Program({StoreDword(kData, round), BatchEnd()}));
    bench.Request(job, round);
    ASSERT_TRUE(bench.driver->Submit(job.context));
    ASSERT_TRUE(bench.driver->WaitForValue(bench.SeqnoAt(job), round));
  }
}

// Accesses of Linux 6.1 i915 to another device for 8086:1912, with the answers that it got:
// loading; loading and an OpenGL program; loading and four thousand batches.
TEST(ForeignTraces, AreAnsweredAsTheyWereOrForANamedReason) {
  for (const char* name : {"load", "load-mesa", "load-gemtest"}) {
    SCOPED_TRACE(name);
    const ReplayResult result =
        core::Replay(OpenTrace(std::string("tests/core/data/") + name + ".trace.xz"));
    ExpectSame(result);
    EXPECT_GT(result.reads + result.writes, 5000u);
    EXPECT_EQ(result.refused_writes, 0u);
    EXPECT_FALSE(result.failsafe);
    for (const core::ReplayTolerance& row : result.tolerances) EXPECT_FALSE(row.reason.empty());
  }
}

}  // namespace
}  // namespace gvt::core_test
