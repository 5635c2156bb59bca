// Memory that goes while engines use it, ends in any order, and every host call failing once.
#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <fstream>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "tests/core/bench.h"

namespace gvt::core_test {
namespace {

using namespace std::chrono_literals;

TEST_F(EndToEnd, MemoryGoesWhileEnginesUseIt) {
  Bench bench(*host_);
  std::array<Job, 4> jobs{bench.MakeJob(hw::Engine::kRcs), bench.MakeJob(hw::Engine::kBcs),
                          bench.MakeJob(hw::Engine::kVcs), bench.MakeJob(hw::Engine::kVecs)};
  std::mt19937 random(3);
  for (uint32_t round = 1; round <= 30; ++round) {
    for (Job& job : jobs) {
      bench.Spinner(job);
      // Stores to the data pages for as long as it goes round.
      bench.Batch(job, Program({StoreDword(kData, round), BatchStart(kBatch)}));
      bench.Request(job, round);
      bench.driver->Submit(job.context);
    }
    // Away with a page that one of them works on; pages are inaccessible after that.
    const Job& victim = jobs[random() % jobs.size()];
    const std::array<Gpa, 4> pages{victim.batch, victim.data, victim.context.ring.gpa,
                                   victim.context.image.gpa + kPageSize};
    const Gpa page = pages[random() % pages.size()];
    std::this_thread::sleep_for(std::chrono::microseconds(random() % 3000));
    ASSERT_TRUE(bench.machine->RemoveMemory(page, kPageSize));
    std::this_thread::sleep_for(std::chrono::microseconds(random() % 1000));
    ASSERT_TRUE(bench.machine->RestoreMemory(page, kPageSize));
    for (Job& job : jobs) {
      bench.driver->ResetEngine(job.context.engine);
      job = bench.MakeJob(job.context.engine);
    }
  }
  for (Job& job : jobs) {
    bench.Batch(job, BatchEnd());
    bench.Request(job, 1);
    ASSERT_TRUE(bench.driver->Submit(job.context));
    EXPECT_TRUE(bench.driver->WaitForValue(bench.SeqnoAt(job), 1));
  }
}

TEST_F(EndToEnd, GuestsEndWhileTheyWork) {
  for (int round = 0; round < 20; ++round) {
    Bench bench(*host_);
    for (const hw::Engine engine : kEngines) {
      Job job = bench.MakeJob(engine);
      bench.Spinner(job);
      bench.Request(job, 1);
      ASSERT_TRUE(bench.driver->Submit(job.context));
    }
  }
}

TEST_F(EndToEnd, GuestsEndInAnyOrder) {
  std::mt19937 random(11);
  std::vector<std::unique_ptr<Bench>> benches;
  for (int step = 0; step < 30; ++step) {
    if (benches.size() < 3 || random() % 2 == 0) {
      MachineOptions options;
      options.memory_bytes = uint64_t{8} << 20;
      benches.push_back(std::make_unique<Bench>(*host_, options));
      Job job = benches.back()->MakeJob(kEngines[random() % 4]);
      benches.back()->Spinner(job);
      benches.back()->Request(job, 1);
      ASSERT_TRUE(benches.back()->driver->Submit(job.context));
    } else {
      benches.erase(benches.begin() + static_cast<long>(random() % benches.size()));
    }
  }
}

// Bytes of this process that are in memory and no file's.
uint64_t ResidentBytes() {
  std::ifstream status("/proc/self/status");
  std::string word;
  while (status >> word && word != "RssAnon:") {
  }
  uint64_t kib = 0;
  status >> kib;
  return kib << 10;
}

TEST_F(EndToEnd, SixtyFourGuestsOfLessThanSixteenMebibytes) {
  constexpr size_t kGuests = 64;
  constexpr uint64_t kLimit = uint64_t{16} << 20;
  MachineOptions options;
  options.memory_bytes = uint64_t{4} << 20;
  const uint64_t before = ResidentBytes();
  std::vector<std::unique_ptr<Bench>> benches;
  for (size_t i = 0; i < kGuests; ++i) benches.push_back(std::make_unique<Bench>(*host_, options));
  const uint64_t each = (ResidentBytes() - before) / kGuests;
  RecordProperty("bytes_of_an_idle_vgpu", std::to_string(each));
  EXPECT_LT(each, kLimit);
  EXPECT_FALSE(Machine::Create(*host_, options)) << "one too many";
  for (uint32_t i = 0; i < kGuests; ++i) {
    Job job = benches[i]->MakeJob(kEngines[i % 4]);
    benches[i]->Batch(job, BatchEnd());
    benches[i]->Request(job, i + 1);
    ASSERT_TRUE(benches[i]->driver->Submit(job.context));
    EXPECT_TRUE(benches[i]->driver->WaitForValue(benches[i]->SeqnoAt(job), i + 1));
  }
}

TEST_F(EndToEnd, FunctionLevelResetDropsWorkAndKeepsMemory) {
  Bench bench(*host_);
  Job job = bench.MakeJob(hw::Engine::kRcs);
  bench.Spinner(job);
  bench.Request(job, 1);
  ASSERT_TRUE(bench.driver->Submit(job.context));
  ASSERT_EQ(gvtcore_vgpu_reset(bench.machine->vgpu()), 0);
  GuestDriver again(*bench.machine);
  ASSERT_TRUE(again.Boot());
  const auto tables = *again.CreatePageTables();
  GuestContext context = *again.CreateContext(hw::Engine::kRcs, tables);
  const auto seqno = *again.AllocateGgtt(1);
  again.Append(context, StoreDword(seqno.gma.value, 6, kUseGgtt));
  ASSERT_TRUE(again.Submit(context));
  EXPECT_TRUE(again.WaitForValue(seqno.gpa, 6));
}

// A short life with every kind of host call in it. True: it got to its end.
bool Live(hostif::embedded::FaultPlan& plan) {
  auto host = Host::Create(plan);
  if (!host) return false;
  MachineOptions options;
  options.memory_bytes = uint64_t{8} << 20;
  auto machine = Machine::Create(**host, options);
  if (!machine) return false;
  GuestDriver driver(**machine);
  if (!driver.Boot()) return false;
  const auto tables = driver.CreatePageTables();
  auto context = driver.CreateContext(hw::Engine::kRcs, *tables);
  const auto seqno = driver.AllocateGgtt(1);
  driver.Append(*context, StoreDword((*seqno).gma.value, 6, kUseGgtt));
  if (!driver.Submit(*context) || !driver.WaitForValue((*seqno).gpa, 6)) return false;
  const auto page = driver.AllocatePages(1);
  return (*machine)->RemoveMemory(*page, kPageSize).has_value() &&
         (*machine)->RestoreMemory(*page, kPageSize).has_value();
}

TEST(FaultInjection, EveryHostCallMayFailOnce) {
  hostif::embedded::FaultPlan plan;
  plan.FailAt(0);
  ASSERT_TRUE(Live(plan));
  const uint64_t calls = plan.calls();
  ASSERT_GE(calls, 8u);
  for (uint64_t n = 1; n <= calls; ++n) {
    plan.FailAt(n);
    EXPECT_FALSE(Live(plan)) << "call " << n;
  }
}

}  // namespace
}  // namespace gvt::core_test
