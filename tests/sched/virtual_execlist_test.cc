#include "sched/virtual_execlist.h"

#include <gtest/gtest.h>

#include <atomic>
#include <random>
#include <thread>
#include <utility>

#include "base/bits.h"
#include "sched/context_status_buffer.h"
#include "tests/gpu_soft/fake_ports.h"
#include "tests/sched/counted_unit.h"
#include "tests/sched/fake_backend.h"
#include "tests/sched/fake_registers.h"

namespace gvt::sched {
namespace {

using gpu::EngineInterrupt;
using gpu::RunEnd;
using Calls = std::vector<std::string>;
using Entries = std::vector<uint64_t>;

constexpr auto kGgtt = hw::AddressSpace::kGgtt;
constexpr uint64_t kStatusPage = 0x10000;
constexpr uint32_t kBase = 0x2000;

constexpr uint64_t Descriptor(uint64_t id) {
  return id << 32 | id << 16 | 0x119;
}
constexpr uint64_t Entry(uint64_t id, uint32_t status) {
  return id << 32 | status;
}

class VirtualExeclistTest : public testing::Test {
 protected:
  VirtualExeclistTest()
      : execlist_(EnginePorts{hw::Engine::kRcs, &backend_, &memory_, &registers_, &interrupts_}) {
    memory_.Map(kGgtt, kStatusPage, kPageSize);
    registers_.Write(kBase + 0x80, kStatusPage);
    registers_.Write(kBase + 0x3a0, 7);
  }
  bool Submit(uint64_t first, uint64_t second = 0) {
    bool taken = false;
    for (const uint32_t value : {High32(second), Low32(second), High32(first), Low32(first)}) {
      EXPECT_FALSE(taken);
      taken = execlist_.WriteElsp(value);
    }
    return taken;
  }
  bool Run() { return execlist_.RunSlice(1000); }
  // What a driver reads in its status page since the last call.
  Entries TakeEntries() {
    Entries entries;
    const uint32_t last = memory_.Get(kGgtt, kStatusPage + 0x7c);
    while (seen_ != last) {
      seen_ = (seen_ + 1) % 6;
      const uint64_t at = kStatusPage + 0x40 + 8 * seen_;
      entries.push_back(Join64(memory_.Get(kGgtt, at), memory_.Get(kGgtt, at + 4)));
      EXPECT_EQ(registers_.Read(kBase + 0x370 + 8 * seen_), Low32(entries.back()));
      EXPECT_EQ(registers_.Read(kBase + 0x374 + 8 * seen_), High32(entries.back()));
    }
    EXPECT_EQ(registers_.Read(kBase + 0x3a0) & 7, last);
    return entries;
  }
  size_t TakeSwitches() {
    size_t switches = 0;
    for (const EngineInterrupt raised : std::exchange(interrupts_.raised, {})) {
      if (raised == EngineInterrupt::kContextSwitch) ++switches;
    }
    return switches;
  }

  sched_test::FakeBackend backend_;
  soft_test::FakeMemory memory_;
  sched_test::FakeRegisters registers_;
  soft_test::FakeInterrupts interrupts_;
  VirtualExeclist execlist_;
  uint32_t seen_ = 5;
};

TEST_F(VirtualExeclistTest, FourWritesSubmit) {
  EXPECT_FALSE(execlist_.HasWork());
  EXPECT_TRUE(Submit(Descriptor(1)));
  EXPECT_TRUE(execlist_.HasWork());
  EXPECT_FALSE(execlist_.IsIdle());
  EXPECT_EQ(execlist_.counters().submissions.load(), 1u);
}

TEST_F(VirtualExeclistTest, DropsSubmissionsWithoutAFirstElement) {
  EXPECT_FALSE(Submit(0, Descriptor(2)));
  EXPECT_TRUE(execlist_.IsIdle());
  EXPECT_TRUE(Submit(Descriptor(1)));
}

TEST_F(VirtualExeclistTest, DropsSubmissionsWhileOneWaits) {
  EXPECT_TRUE(Submit(Descriptor(1)));
  EXPECT_FALSE(Submit(Descriptor(2)));
  EXPECT_FALSE(Run());
  EXPECT_EQ(TakeEntries(), (Entries{Entry(0, 0x1), Entry(1, 0x18)}));
}

TEST_F(VirtualExeclistTest, OneContextGoesFromIdleToIdle) {
  Submit(Descriptor(1));
  EXPECT_FALSE(Run());
  EXPECT_EQ(backend_.Take(), (Calls{"load 1", "run", "save"}));
  EXPECT_EQ(TakeEntries(), (Entries{Entry(0, 0x1), Entry(1, 0x18)}));
  EXPECT_EQ(TakeSwitches(), 2u);
  EXPECT_TRUE(execlist_.IsIdle());
}

TEST_F(VirtualExeclistTest, SlicesKeepTheContextLoaded) {
  backend_.ends = {RunEnd::kSlice, RunEnd::kWaiting};
  Submit(Descriptor(1));
  EXPECT_TRUE(Run());
  EXPECT_FALSE(Run());
  EXPECT_TRUE(execlist_.HasWork());
  EXPECT_FALSE(Run());
  EXPECT_EQ(backend_.Take(), (Calls{"load 1", "run", "run", "run", "save"}));
}

TEST_F(VirtualExeclistTest, ElementsSwitch) {
  Submit(Descriptor(1), Descriptor(2));
  EXPECT_TRUE(Run());
  EXPECT_EQ(TakeEntries(), (Entries{Entry(0, 0x1), Entry(1, 0x14)}));
  EXPECT_EQ(execlist_.Status() >> 32, 2u);
  EXPECT_FALSE(Run());
  EXPECT_EQ(TakeEntries(), (Entries{Entry(2, 0x18)}));
  EXPECT_EQ(backend_.Take(), (Calls{"load 1", "run", "save", "load 2", "run", "save"}));
}

TEST_F(VirtualExeclistTest, LiteRestoreSamplesTheTailAndForgetsTranslations) {
  backend_.ends = {RunEnd::kSlice};
  Submit(Descriptor(1));
  EXPECT_TRUE(Run());
  Submit(Descriptor(1), Descriptor(2));
  EXPECT_TRUE(execlist_.HasNews());
  EXPECT_TRUE(Run());
  EXPECT_EQ(backend_.Take(), (Calls{"load 1", "run", "tail", "run", "save"}));
  EXPECT_EQ(memory_.invalidations(), 3u);  // one more behind each slice
  EXPECT_EQ(TakeEntries(), (Entries{Entry(0, 0x1), Entry(1, 0x8002), Entry(1, 0x14)}));
  EXPECT_FALSE(Run());
  EXPECT_EQ(TakeEntries(), (Entries{Entry(2, 0x18)}));
}

TEST_F(VirtualExeclistTest, LiteRestoreReachesTheSecondElementWhenItRuns) {
  Submit(Descriptor(1), Descriptor(2));
  EXPECT_TRUE(Run());
  backend_.ends = {RunEnd::kSlice};
  EXPECT_TRUE(Run());
  Submit(Descriptor(2), Descriptor(3));
  EXPECT_TRUE(Run());
  EXPECT_FALSE(Run());
  EXPECT_EQ(TakeEntries(), (Entries{Entry(0, 0x1), Entry(1, 0x14), Entry(2, 0x8002), Entry(2, 0x14),
                                    Entry(3, 0x18)}));
}

TEST_F(VirtualExeclistTest, LiteRestoreWhileTheLastCommandRunsKeepsTheContext) {
  Submit(Descriptor(1));
  backend_.on_run = [&](const gpu::RunBudget& budget) {
    backend_.on_run = nullptr;
    Submit(Descriptor(1));
    EXPECT_TRUE(budget.yield->load());
  };
  EXPECT_TRUE(Run());
  EXPECT_FALSE(Run());
  EXPECT_EQ(backend_.Take(), (Calls{"load 1", "run", "tail", "run", "save"}));
  EXPECT_EQ(TakeEntries(), (Entries{Entry(0, 0x1), Entry(1, 0x8002), Entry(1, 0x18)}));
}

TEST_F(VirtualExeclistTest, AnotherContextWaitsAndOneInterruptTellsBoth) {
  backend_.ends = {RunEnd::kSlice};
  Submit(Descriptor(1));
  EXPECT_TRUE(Run());
  Submit(Descriptor(2));
  EXPECT_FALSE(execlist_.HasNews());
  EXPECT_EQ(execlist_.Status() & 4, 4u);
  TakeSwitches();
  EXPECT_TRUE(Run());
  EXPECT_EQ(TakeSwitches(), 1u);
  EXPECT_EQ(TakeEntries(), (Entries{Entry(0, 0x1), Entry(1, 0x18), Entry(0, 0x1)}));
  EXPECT_FALSE(Run());
  EXPECT_EQ(TakeEntries(), (Entries{Entry(2, 0x18)}));
}

TEST_F(VirtualExeclistTest, EntriesAreThereBeforeThePointerAndThatBeforeTheInterrupt) {
  std::vector<Entries> seen;
  interrupts_.on_raise = [&](EngineInterrupt) { seen.push_back(TakeEntries()); };
  Submit(Descriptor(1));
  Run();
  EXPECT_EQ(seen, (std::vector<Entries>{{Entry(0, 0x1)}, {Entry(1, 0x18)}}));
}

TEST_F(VirtualExeclistTest, TheBufferWrapsAfterSixEntries) {
  for (uint64_t id = 1; id < 20; ++id) {
    Submit(Descriptor(id));
    Run();
    ASSERT_EQ(TakeEntries(), (Entries{Entry(0, 0x1), Entry(id, 0x18)}));
  }
}

TEST_F(VirtualExeclistTest, TheGuestSetsThePointer) {
  Submit(Descriptor(1));
  Run();
  TakeEntries();
  registers_.Write(kBase + 0x3a0, 0x0505);
  memory_.Put(kGgtt, kStatusPage + 0x7c, std::array{5u});
  seen_ = 5;
  Submit(Descriptor(2));
  Run();
  EXPECT_EQ(memory_.Get(kGgtt, kStatusPage + 0x40), 0x1u);
  EXPECT_EQ(TakeEntries(), (Entries{Entry(0, 0x1), Entry(2, 0x18)}));
}

TEST_F(VirtualExeclistTest, UnmappedStatusPagesLoseEntriesAndNothingElse) {
  registers_.Write(kBase + 0x80, 0x7ffff000);
  Submit(Descriptor(1));
  EXPECT_FALSE(Run());
  EXPECT_EQ(registers_.Read(kBase + 0x378), 0x18u);
  EXPECT_TRUE(execlist_.IsIdle());
}

TEST_F(VirtualExeclistTest, CommandErrorsStopTheEngineUntilItIsReset) {
  backend_.ends = {RunEnd::kFault};
  Submit(Descriptor(1));
  EXPECT_FALSE(Run());
  EXPECT_FALSE(execlist_.HasWork());
  EXPECT_FALSE(execlist_.IsIdle());
  EXPECT_FALSE(Run());
  EXPECT_EQ(execlist_.Status() >> 32, 1u);
  execlist_.Reset();
  EXPECT_TRUE(execlist_.IsIdle());
  EXPECT_EQ(execlist_.Status() >> 32, 0u);
  EXPECT_EQ(backend_.Take(), (Calls{"load 1", "run", "reset"}));
  Submit(Descriptor(2));
  EXPECT_FALSE(Run());
  EXPECT_EQ(backend_.Take(), (Calls{"load 2", "run", "save"}));
}

TEST_F(VirtualExeclistTest, ImagesThatAreNotMappedAreCommandErrors) {
  backend_.image_is_mapped = false;
  Submit(Descriptor(1));
  EXPECT_FALSE(Run());
  EXPECT_FALSE(execlist_.HasWork());
  EXPECT_EQ(registers_.Read(kBase + 0xb0), 1u);
  EXPECT_EQ(interrupts_.raised.back(), EngineInterrupt::kCommandError);
}

TEST_F(VirtualExeclistTest, ResetDropsHalfASubmission) {
  execlist_.WriteElsp(1);
  execlist_.WriteElsp(2);
  execlist_.Reset();
  EXPECT_TRUE(Submit(Descriptor(1)));
}

TEST_F(VirtualExeclistTest, StatusSaysWhichListRunsAndWhichTakesWrites) {
  backend_.ends = {RunEnd::kSlice};
  EXPECT_EQ(execlist_.Status(), 0x2u);
  Submit(Descriptor(1));
  EXPECT_EQ(execlist_.Status(), 0x2u | 0x4 | 1u << 3);
  Run();
  EXPECT_EQ(execlist_.Status(), uint64_t{1} << 32 | 0x1 | 1u << 3 | 1u << 17);
}

// Resets and submissions from other threads, two of which write the same port at once, while the
// engine's thread runs without a pause.
TEST_F(VirtualExeclistTest, ResetMayComeAtAnyTime) {
  std::atomic<bool> stop{false};
  backend_.on_run = [&](const gpu::RunBudget&) { backend_.calls.clear(); };
  std::thread engine([&] {
    while (!stop.load()) Run();
  });
  const auto submit = [this](uint64_t first, uint64_t second) {
    for (const uint32_t value : {High32(second), Low32(second), High32(first), Low32(first)}) {
      execlist_.WriteElsp(value);
    }
  };
  std::thread submitter([&] {
    for (uint64_t id = 4; !stop.load(); id = 4 + id % 3) submit(Descriptor(id), 0);
  });
  std::mt19937 random(5);
  for (int step = 0; step < 2000; ++step) {
    submit(Descriptor(1 + random() % 3), random() % 2 == 0 ? Descriptor(9) : 0);
    if (random() % 4 == 0) execlist_.Reset();
    execlist_.Status();
  }
  stop.store(true);
  submitter.join();
  engine.join();
  execlist_.Reset();  // what two have written is in the ports, be it what it may
  EXPECT_TRUE(Submit(Descriptor(1)));
  EXPECT_FALSE(Run());
  EXPECT_TRUE(execlist_.IsIdle());
}

// Seconds of engine time, in slices of one.
class Stalls : public VirtualExeclistTest {
 protected:
  static constexpr uint64_t kSecond = 1'000'000'000;
  Stalls() {
    backend_.on_run = [this](const gpu::RunBudget&) { registers_.Write(kBase + 0x34, head_); };
  }
  VirtualExeclist Make(uint64_t limit_ns) {
    return VirtualExeclist(EnginePorts{hw::Engine::kRcs, &backend_, &memory_, &registers_,
                                       &interrupts_, nullptr, nullptr, limit_ns});
  }
  static void Submit(VirtualExeclist& execlist, uint64_t id) {
    for (const uint32_t value : {0u, 0u, High32(Descriptor(id)), Low32(Descriptor(id))}) {
      execlist.WriteElsp(value);
    }
  }
  // True if it still ran at the end of all of them.
  bool Slices(VirtualExeclist& execlist, int count, RunEnd end = RunEnd::kSlice) {
    for (int i = 0; i < count; ++i) {
      backend_.ends = {end};
      execlist.RunSlice(1000);
      execlist.Used(kSecond);
    }
    return execlist.HasWork();
  }
  uint32_t head_ = 0;
};

TEST_F(Stalls, AContextIsStoppedAfterTwentySecondsOfEngineTime) {
  VirtualExeclist execlist = Make(kStallLimitNs);
  Submit(execlist, 1);
  EXPECT_TRUE(Slices(execlist, 19));
  EXPECT_FALSE(Slices(execlist, 1));
  EXPECT_EQ(execlist.counters().stalls.load(), 1u);
  EXPECT_EQ(execlist.counters().busy_ns.load(), 20 * kSecond);
  EXPECT_EQ(registers_.Read(kBase + 0xb0), 1u);
  EXPECT_EQ(interrupts_.raised.back(), EngineInterrupt::kCommandError);
  execlist.Reset();
  Submit(execlist, 2);
  EXPECT_TRUE(Slices(execlist, 19));
}

TEST_F(Stalls, WhoGetsOnInTheRingIsNeverStopped) {
  VirtualExeclist execlist = Make(kStallLimitNs);
  Submit(execlist, 1);
  for (head_ = 8; head_ < 80; head_ += 8) EXPECT_TRUE(Slices(execlist, 19));
}

TEST_F(Stalls, ALiteRestoreIsNoProgress) {
  VirtualExeclist execlist = Make(kStallLimitNs);
  Submit(execlist, 1);
  EXPECT_TRUE(Slices(execlist, 15));
  Submit(execlist, 1);
  EXPECT_FALSE(Slices(execlist, 5));
}

TEST_F(Stalls, AnotherContextBeginsAnew) {
  VirtualExeclist execlist = Make(kStallLimitNs);
  for (uint64_t id = 1; id < 5; ++id) {
    Submit(execlist, id);
    EXPECT_TRUE(Slices(execlist, 19));
    backend_.ends = {RunEnd::kDrained};
    execlist.RunSlice(1000);
  }
  EXPECT_EQ(execlist.counters().stalls.load(), 0u);
}

TEST_F(Stalls, WithoutALimitNobodyIsStopped) {
  VirtualExeclist execlist = Make(0);
  Submit(execlist, 1);
  EXPECT_TRUE(Slices(execlist, 100));
}

}  // namespace
}  // namespace gvt::sched
