#include "sched/dispatcher.h"

#include <gtest/gtest.h>
#include <pthread.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <memory>
#include <string>
#include <thread>

#include "base/bits.h"
#include "sched/shared_lease.h"
#include "sched/short_turns.h"
#include "tests/gpu_soft/fake_ports.h"
#include "tests/sched/fake_registers.h"

namespace gvt::sched {
namespace {

using namespace std::chrono_literals;
using gpu::RunEnd;

// What sched_getattr(2) tells of the calling thread: size, policy, flags, nice, priority, turn in
// nanoseconds (two words), and what does not matter.
std::array<uint32_t, 12> SchedulerAttributes() {
  std::array<uint32_t, 12> words{};
  EXPECT_EQ(syscall(SYS_sched_getattr, 0, words.data(), uint32_t{sizeof words}, 0u), 0);
  return words;
}
constexpr size_t kTurnWord = 6;

// Uses a part of each slice, and never has enough; or waits.
class BusyBackend final : public gpu::EngineBackend {
 public:
  gpu::BackendCapabilities capabilities() const override { return {}; }
  bool Load(uint64_t /*descriptor*/) override { return true; }
  void ResampleTail() override {}
  RunEnd Run(const gpu::RunBudget& budget) override {
    if (runs.fetch_add(1) == 0) turn_ns.store(SchedulerAttributes()[kTurnWord]);
    sigset_t mask;
    pthread_sigmask(SIG_SETMASK, nullptr, &mask);
    takes_signals.store(sigismember(&mask, SIGUSR1) == 0);
    if (waits.load()) return RunEnd::kWaiting;
    std::this_thread::sleep_for(std::chrono::nanoseconds(budget.slice_ns / 4));
    return RunEnd::kSlice;
  }
  void Save() override {}
  void Reset() override {}

  std::atomic<uint64_t> runs{0};
  std::atomic<uint32_t> turn_ns{0};  // of the thread that ran it first
  std::atomic<bool> waits{false};
  std::atomic<bool> takes_signals{false};
};

// One vGPU's engine.
struct Unit {
  explicit Unit(hw::Engine engine = hw::Engine::kBcs)
      : execlist(EnginePorts{engine, &backend, &memory, &registers, &interrupts}) {}
  void Submit() {
    for (const uint32_t value : {0u, 0u, 1u, 0x10119u}) execlist.WriteElsp(value);
  }

  BusyBackend backend;
  soft_test::FakeMemory memory;
  sched_test::FakeRegisters registers;
  soft_test::FakeInterrupts interrupts;
  VirtualExeclist execlist;
};

template <typename Condition>
bool Eventually(Condition condition) {
  for (int i = 0; i < 5000; ++i) {
    if (condition()) return true;
    std::this_thread::sleep_for(1ms);
  }
  return false;
}

TEST(Dispatcher, WakesForWorkAndOnlyThen) {
  Dispatcher dispatcher;
  ASSERT_TRUE(dispatcher.Start());
  Unit unit;
  dispatcher.Attach(&unit.execlist, Share{});
  std::this_thread::sleep_for(20ms);
  EXPECT_EQ(unit.backend.runs.load(), 0u);
  unit.Submit();
  dispatcher.Wake(hw::Engine::kBcs);
  EXPECT_TRUE(Eventually([&] { return unit.backend.runs.load() > 3; }));
  dispatcher.Detach(&unit.execlist);
  const uint64_t runs = unit.backend.runs.load();
  std::this_thread::sleep_for(10ms);
  EXPECT_EQ(unit.backend.runs.load(), runs);
}

TEST(Dispatcher, ItsThreadsTakeNoSignals) {
  Dispatcher dispatcher;
  ASSERT_TRUE(dispatcher.Start());
  sigset_t mask;
  pthread_sigmask(SIG_SETMASK, nullptr, &mask);
  EXPECT_EQ(sigismember(&mask, SIGUSR1), 0);
  Unit unit;
  unit.backend.takes_signals.store(true);
  dispatcher.Attach(&unit.execlist, Share{});
  unit.Submit();
  dispatcher.Wake(hw::Engine::kBcs);
  EXPECT_TRUE(Eventually([&] { return unit.backend.runs.load() > 0; }));
  dispatcher.Detach(&unit.execlist);
  EXPECT_FALSE(unit.backend.takes_signals.load());
}

TEST(Dispatcher, WaitingContextsAreLookedAtWithPauses) {
  Dispatcher dispatcher;
  ASSERT_TRUE(dispatcher.Start());
  Unit unit;
  unit.backend.waits.store(true);
  dispatcher.Attach(&unit.execlist, Share{});
  unit.Submit();
  dispatcher.Wake(hw::Engine::kBcs);
  std::this_thread::sleep_for(100ms);
  EXPECT_GT(unit.backend.runs.load(), 2u);
  EXPECT_LT(unit.backend.runs.load(), 400u);
  dispatcher.Detach(&unit.execlist);
}

TEST(Dispatcher, EnginesDoNotWaitForEachOther) {
  Dispatcher dispatcher;
  ASSERT_TRUE(dispatcher.Start());
  Unit busy(hw::Engine::kRcs);
  Unit other(hw::Engine::kVecs);
  dispatcher.Attach(&busy.execlist, Share{});
  dispatcher.Attach(&other.execlist, Share{});
  busy.Submit();
  other.Submit();
  dispatcher.Wake(hw::Engine::kRcs);
  dispatcher.Wake(hw::Engine::kVecs);
  EXPECT_TRUE(Eventually([&] { return busy.backend.runs > 2 && other.backend.runs > 2; }));
  dispatcher.Detach(&busy.execlist);
  dispatcher.Detach(&other.execlist);
}

// As two processes would; each has joined for itself.
TEST(Dispatcher, TwoShareAnEngineByTheirLease) {
  const std::string path = testing::TempDir() + "/dispatcher." + std::to_string(getpid());
  auto first = SharedLease::Join(path);
  auto second = SharedLease::Join(path);
  std::remove(path.c_str());
  ASSERT_TRUE(first && second);
  Dispatcher heavy((*first).get());
  Dispatcher light((*second).get());
  ASSERT_TRUE(heavy.Start());
  ASSERT_TRUE(light.Start());
  Unit one;
  Unit two;
  heavy.Attach(&one.execlist, {.weight = 8});
  light.Attach(&two.execlist, {.weight = 4});
  one.Submit();
  two.Submit();
  heavy.Wake(hw::Engine::kBcs);
  light.Wake(hw::Engine::kBcs);
  EXPECT_TRUE(Eventually([&] { return one.backend.runs > 200 && two.backend.runs > 100; }));
  heavy.Detach(&one.execlist);
  light.Detach(&two.execlist);
  const auto busy = [](const Unit& unit) {
    return static_cast<double>(unit.execlist.counters().busy_ns.load());
  };
  EXPECT_NEAR(busy(one) / (busy(one) + busy(two)), 2.0 / 3, 0.1);
}

// Of systems that know no turns, and of classes that have none, nothing changes.
TEST(ShortTurns, ChangeNothingButTheTurn) {
  std::jthread([] {
    auto before = SchedulerAttributes();
    AskForShortTurns();
    auto after = SchedulerAttributes();
    const bool is_short = after[kTurnWord] == kProcessorTurnNs;
    EXPECT_TRUE(is_short || after[kTurnWord] == before[kTurnWord]);
    after[kTurnWord] = before[kTurnWord];
    EXPECT_EQ(after, before);
  });
}

TEST(ShortTurns, AreAskedForByEnginesThreads) {
  uint32_t wanted = 0;
  std::jthread([&] {
    AskForShortTurns();
    wanted = SchedulerAttributes()[kTurnWord];
  }).join();
  Unit unit;
  unit.Submit();
  Dispatcher dispatcher;
  ASSERT_TRUE(dispatcher.Start());
  dispatcher.Attach(&unit.execlist, Share{});
  EXPECT_TRUE(Eventually([&] { return unit.backend.runs.load() > 1; }));
  dispatcher.Detach(&unit.execlist);
  EXPECT_EQ(unit.backend.turn_ns.load(), wanted);
}

TEST(ShortTurns, LeaveOtherClassesAlone) {
  std::jthread([] {
    const sched_param none{};
    ASSERT_EQ(pthread_setschedparam(pthread_self(), SCHED_BATCH, &none), 0);
    const auto before = SchedulerAttributes();
    AskForShortTurns();
    EXPECT_EQ(SchedulerAttributes(), before);
  });
}

}  // namespace
}  // namespace gvt::sched
