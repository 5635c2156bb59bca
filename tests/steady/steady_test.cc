// What the paths that are walked for every segment, page and register ask of the system once they
// have warmed up, and which memory that other threads may look at they write: nothing, none.
#include <gtest/gtest.h>
#include <semaphore.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

#include "gvtcore/gvtcore.h"
#include "scanner/interpreter.h"
#include "scanner/segment_walker.h"
#include "shadow/shadow_tables.h"
#include "tests/oracle/stream_generator.h"
#include "tests/recall/eager_engine.h"
#include "tests/steady/calls.h"
#include "tests/steady/write_watch.h"

namespace gvt::steady {
namespace {

using scanner::ScanReport;
using scanner::Segment;

constexpr Gma kStart{0x120000};
constexpr uint32_t kBatchEnd = 0x05000000;
constexpr Calls kNone;

// Runs function() on a thread of its own, as a watch wants it.
template <typename Function>
void OnThread(const Function& function) {
  std::thread(function).join();
}

// Addresses that function() writes outside of its thread's own memory.
template <typename Function>
std::vector<uintptr_t> StoresOf(const Function& function) {
  WriteWatch watch;
  watch.Start();
  function();
  watch.Stop();
  EXPECT_EQ(watch.count(), watch.noted().size());
  return {watch.noted().begin(), watch.noted().end()};
}

TEST(Calls, AreCounted) {
  std::mutex mutex;
  void* volatile memory = nullptr;
  const Calls calls = CallsOf([&] {
    mutex.lock();
    mutex.unlock();
    memory = std::malloc(100);
    std::free(memory);
    memory = ::operator new(100);
    ::operator delete(memory);
    std::atomic<int>(1).notify_all();
  });
  EXPECT_EQ(calls, (Calls{2, 1, 0}));
}

TEST(WriteWatch, SeesStoresThatChangeNothingAndThoseAcrossPages) {
  OnThread([] {
    std::vector<uint8_t> pages(3 * 4096);
    volatile uint8_t own = 0;
    auto* const byte = const_cast<volatile uint8_t*>(&pages[5]);
    const auto second = (reinterpret_cast<uintptr_t>(&pages[4096]) | 4095) - 3;
    auto* const across = reinterpret_cast<volatile uint64_t*>(second);
    const std::vector<uintptr_t> stores = StoresOf([&] {
      own = own + 1;
      *byte = *byte;
      *across = 7;
      *byte = 0;
    });
    EXPECT_EQ(stores.size(), 3u);
  });
}

// Batches mostly of what is stepped over, so that they are not refused at once.
std::vector<std::vector<uint32_t>> Batches(const scanner::Policy& policy) {
  oracle::StreamGenerator generator(4, hw::Platform::kSkl, hw::Engine::kRcs, kStart, policy);
  const auto& rows = generator.rows();
  std::vector<std::vector<uint32_t>> batches(40);
  for (std::vector<uint32_t>& batch : batches) {
    while (batch.size() < 400) {
      const hw::CommandRow& row = *rows[generator.Below(static_cast<uint32_t>(rows.size()))];
      if (row.effect != hw::Effect::kNone && generator.Below(8) != 0) continue;
      const std::vector<uint32_t> command = generator.Command(row, 24);
      batch.insert(batch.end(), command.begin(), command.end());
    }
    batch.push_back(kBatchEnd);
  }
  return batches;
}

bool IsWithin(const auto& container, uintptr_t address) {
  const auto begin = reinterpret_cast<uintptr_t>(container.data());
  const auto end = reinterpret_cast<uintptr_t>(container.data() + container.capacity());
  return address >= begin && address < end;
}

bool IsWithin(const ScanReport& report, uintptr_t address) {
  return IsWithin(report.patches, address) || IsWithin(report.events, address) ||
         IsWithin(report.stores, address) || IsWithin(report.refusals, address);
}

// Scans all batches and asks for nothing. Returns the stores outside of the report.
std::vector<uintptr_t> ScanAll(const scanner::ScanEngine& engine,
                               const std::vector<std::vector<uint32_t>>& batches) {
  ScanReport report;
  uint64_t commands = 0;
  const auto scan_all = [&] {
    for (const std::vector<uint32_t>& batch : batches) {
      Segment segment;
      segment.start = kStart;
      segment.dwords = batch;
      report.Clear();
      engine.Scan(segment, &report);
      commands += report.commands;
    }
  };
  scan_all();
  EXPECT_GT(commands, 1000u);
  EXPECT_EQ(CallsOf(scan_all), kNone);
  std::vector<uintptr_t> stores = StoresOf(scan_all);
  std::erase_if(stores, [&](uintptr_t address) { return IsWithin(report, address); });
  return stores;
}

TEST(Steady, TheInterpreterAsksForNothingAndWritesItsReport) {
  OnThread([] {
    const scanner::Policy policy;
    const scanner::Interpreter interpreter(hw::Platform::kSkl, policy);
    EXPECT_EQ(ScanAll(interpreter, Batches(policy)).size(), 0u);
  });
}

// What each of two threads writes that share an engine lies on no line that the other writes.
TEST(Steady, AnEngineThatRemembersAsksForNothingAndWritesNothingShared) {
  const scanner::Policy policy;
  const auto engine = recall::MakeEagerEngine(hw::Platform::kSkl, policy);
  const std::vector<std::vector<uint32_t>> batches = Batches(policy);
  std::array<std::set<uintptr_t>, 2> lines;
  // Whose turn it is. Both live to the end, so that each has a number of its own.
  std::array<sem_t, 2> turns;
  for (sem_t& turn : turns) sem_init(&turn, 0, 0);
  const auto scan = [&](size_t self) {
    sem_wait(&turns[self]);
    // The other thread has fallen asleep.
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    ScanReport report;
    for (int round = 0; round < 8; ++round) {
      for (const std::vector<uint32_t>& batch : batches) {
        Segment segment;
        segment.start = kStart;
        segment.dwords = batch;
        report.Clear();
        engine->Scan(segment, &report);
      }
    }
    EXPECT_GT(engine->statistics().learned, 20u);
    for (const uintptr_t address : ScanAll(*engine, batches)) lines[self].insert(address / 64);
    sem_post(&turns[1 - self]);
    if (self == 0) sem_wait(&turns[0]);
  };
  std::thread first(scan, 0);
  std::thread second(scan, 1);
  sem_post(&turns[0]);
  first.join();
  second.join();
  EXPECT_FALSE(lines[0].empty());
  for (const uintptr_t line : lines[0]) EXPECT_FALSE(lines[1].contains(line));
}

// Memory whose batches are `count` segments of calls, by arithmetic, so that it allocates nothing.
class CallChain final : public scanner::SegmentSource {
 public:
  explicit CallChain(uint32_t count) : count_(count) {}

  uint32_t Fetch(hw::AddressSpace, Gma address, std::span<uint32_t> out) override {
    for (size_t i = 0; i < out.size(); ++i) out[i] = At((address.value - kStart.value) / 4 + i);
    return static_cast<uint32_t>(out.size());
  }

 private:
  uint32_t At(uint64_t dword) const {
    if (dword >= 0x40000 || dword / 3 >= count_) return kBatchEnd;
    constexpr uint32_t kCall[3] = {0x18c00101, 0x220000, 0};  // second level, PPGTT
    return kCall[dword % 3];
  }

  const uint32_t count_;
};

TEST(Steady, AWalkOverSegmentsAsksForNothingOnceItHasGrown) {
  const scanner::Policy policy;
  const scanner::Interpreter interpreter(hw::Platform::kSkl, policy);
  scanner::SegmentWalker walker(interpreter, policy);
  scanner::Workload workload;
  workload.batch = scanner::BatchPart{.start = kStart};
  for (const uint32_t segments : {100u, 1100u}) {
    CallChain memory(segments);
    const auto walk = [&] { EXPECT_GE(walker.Walk(workload, memory, nullptr).batches, segments); };
    walk();
    EXPECT_EQ(CallsOf(walk), kNone);
  }
}

// A guest's tables of four levels over one MiB of 4 KiB pages.
class Tables {
 public:
  static constexpr uint64_t kMapped = 256;

  Tables() : memory_(static_cast<uint64_t*>(std::aligned_alloc(4096, 4096 * kPages)), std::free) {
    std::fill_n(memory_.get(), kPages * 512, uint64_t{0});
    for (uint64_t level = 1; level < 4; ++level) memory_.get()[level * 512] = (level + 1) << 12 | 3;
    for (uint64_t i = 0; i < kMapped; ++i) memory_.get()[4 * 512 + i] = (i % kPages) << 12 | 3;
    EXPECT_TRUE(guest_.Add(Gpa(0), kPages * 4096, memory_.get(), false));
  }
  const hostif::GuestMemory& guest() const { return guest_; }

 private:
  static constexpr uint64_t kPages = 8;

  std::unique_ptr<uint64_t, decltype(&std::free)> memory_;
  hostif::GuestMemory guest_;
};

TEST(Steady, AWalkThroughShadowTablesAsksForNothingAndWritesNothingShared) {
  OnThread([] {
    const Tables guest;
    shadow::ShadowTables tables(guest.guest());
    shadow::ShadowWalker walker(tables, hw::LargePtes::kOn);
    walker.Bind(true, {0x1000});
    uint64_t present = 0;
    const auto walk_all = [&] {
      for (uint64_t page = 0; page < Tables::kMapped; ++page) {
        if (walker.Walk(Gma(page << 12)).present) ++present;
      }
    };
    walk_all();
    EXPECT_EQ(present, Tables::kMapped);
    EXPECT_EQ(StoresOf(walk_all).size(), 0u);
    const Calls calls = CallsOf([&] {
      for (int point = 0; point < 20; ++point) {
        walker.Sync();
        walk_all();
      }
    });
    EXPECT_EQ(calls, kNone);
  });
}

TEST(Steady, TheIndexOfTablesIsReadWithoutAWrite) {
  OnThread([] {
    shadow::TableIndex index(64);
    const auto key = [](uint32_t i) {
      return shadow::TableKey(Gfn(i), {hw::TableLevel::kPt, false}, 0);
    };
    for (uint32_t i = 0; i < 64; ++i) index.Insert(key(i), i);
    uint32_t found = 0;
    const auto find_all = [&] {
      for (uint32_t i = 0; i < 128; ++i)
        if (index.Find(key(i)) == i) ++found;
    };
    EXPECT_EQ(CallsOf(find_all), kNone);
    EXPECT_EQ(StoresOf(find_all).size(), 0u);
    EXPECT_EQ(found, 2u * 64);
  });
}

TEST(Steady, RegistersThatStoreAskForNothing) {
  gvtcore_host_ops_t ops = {};
  ops.size = sizeof ops;
  ops.raise_msi = [](void*, uint32_t) {};
  gvtcore_vgpu_config_t config = {};
  config.size = sizeof config;
  gvtcore_t* core = nullptr;
  gvtcore_vgpu_t* vgpu = nullptr;
  ASSERT_EQ(gvtcore_create(&core), 0);
  ASSERT_EQ(gvtcore_vgpu_create(core, &config, &ops, nullptr, &vgpu), 0);
  const uint16_t decode = 7;  // I/O, memory, bus master
  gvtcore_vgpu_write(vgpu, GVTCORE_REGION_CONFIG, 4, &decode, sizeof decode);
  constexpr uint64_t kTail = 0x1a030;  // of VECS's ring
  uint32_t value = 0x40;
  const auto access = [&] {
    gvtcore_vgpu_write(vgpu, GVTCORE_REGION_BAR0, kTail, &value, sizeof value);
    gvtcore_vgpu_read(vgpu, GVTCORE_REGION_BAR0, kTail, &value, sizeof value);
  };
  access();
  EXPECT_EQ(CallsOf(access), kNone);
  EXPECT_EQ(value, 0x40u);
  gvtcore_vgpu_destroy(vgpu);
  gvtcore_destroy(core);
}

}  // namespace
}  // namespace gvt::steady
