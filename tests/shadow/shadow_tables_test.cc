// The shadow against a plain walk over the guest's tables.
#include "shadow/shadow_tables.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <memory>
#include <random>
#include <thread>
#include <vector>

#include "tests/oracle/shadow_world.h"
#include "tests/oracle/test_scale.h"

namespace gvt::shadow {
namespace {

constexpr uint64_t kPages = 1024;
constexpr uint64_t kFlags = 3;

class ShadowTablesTest : public testing::Test {
 protected:
  ShadowTablesTest()
      : memory_(static_cast<uint64_t*>(std::aligned_alloc(kPageSize, kPages * kPageSize)),
                std::free) {
    std::fill_n(memory_.get(), kPages * 512, 0);
    EXPECT_TRUE(guest_.Add(Gpa(0), kPages * kPageSize, memory_.get(), false));
    // PML4 in page 1, PDP in 2, PD in 3, page tables from 4 on.
    Entry(1, 0) = 0x2000 | kFlags;
    Entry(2, 0) = 0x3000 | kFlags;
  }
  uint64_t& Entry(uint64_t page, uint64_t index) { return memory_.get()[page * 512 + index]; }
  void Map(uint64_t gma_page, uint64_t frame, uint64_t flags = kFlags) {
    Entry(3, gma_page >> 9) = ((4 + (gma_page >> 9)) << 12) | kFlags;
    Entry(4 + (gma_page >> 9), gma_page & 511) = frame << 12 | flags;
  }
  static ShadowTarget Walk(ShadowWalker& walker, uint64_t gma_page) {
    return walker.Walk(Gma(gma_page << 12));
  }
  static uint64_t Count(const std::atomic<uint64_t>& counter) { return counter.load(); }

  std::unique_ptr<uint64_t, decltype(&std::free)> memory_;
  hostif::GuestMemory guest_;
};

TEST_F(ShadowTablesTest, WhatChangesIsSeenBehindTheNextConsistencyPoint) {
  ShadowTables tables(guest_);
  ShadowWalker walker(tables, hw::LargePtes::kOn);
  walker.Bind(true, {0x1000});
  Map(5, 100);
  EXPECT_EQ(Walk(walker, 5).frame, 100u);
  EXPECT_EQ(Count(tables.counters().tables), 4u);
  Map(5, 101);
  EXPECT_EQ(Walk(walker, 5).frame, 100u);
  walker.Sync();
  EXPECT_EQ(Walk(walker, 5).frame, 101u);
  EXPECT_EQ(Count(tables.counters().tables), 4u);
  EXPECT_EQ(Count(tables.counters().changes), 1u);
  EXPECT_EQ(Count(tables.counters().checks), 4u);
}

TEST_F(ShadowTablesTest, WhatIsNotThereIsLookedForAgain) {
  ShadowTables tables(guest_);
  ShadowWalker walker(tables, hw::LargePtes::kOn);
  walker.Bind(true, {0x1000});
  Map(5, 100);
  Map(6, kPages);
  EXPECT_FALSE(Walk(walker, 6).present);
  EXPECT_FALSE(Walk(walker, 7).present);
  EXPECT_FALSE(Walk(walker, 512).present);
  Map(6, 101);
  Map(7, 102);
  Map(512, 103);
  EXPECT_EQ(Walk(walker, 6).frame, 101u);
  EXPECT_EQ(Walk(walker, 7).frame, 102u);
  EXPECT_EQ(Walk(walker, 512).frame, 103u);
}

TEST_F(ShadowTablesTest, TablesThatAreUsedALotAreConvertedAgain) {
  ShadowTables tables(guest_);
  ShadowWalker walker(tables, hw::LargePtes::kOn);
  walker.Bind(true, {0x1000});
  for (uint64_t i = 0; i < 512; ++i) Map(i, 100 + i);
  EXPECT_EQ(Walk(walker, 0).frame, 100u);
  for (uint64_t i = 0; i < 512; ++i) Map(i, 101 + i);
  walker.Sync();
  for (uint64_t i = 0; i < 512; ++i) EXPECT_EQ(Walk(walker, i).frame, 101 + i);
  EXPECT_LT(Count(tables.counters().checks), 50u);
  EXPECT_EQ(Count(tables.counters().changes), 512u);
}

TEST_F(ShadowTablesTest, SubstitutionsHaveNames) {
  ShadowTables tables(guest_);
  ShadowWalker walker(tables, hw::LargePtes::kOn);
  walker.Bind(true, {0x1000});
  Map(0, kPages);
  Map(1, 7, kFlags | uint64_t{1} << 60);
  Map(2, 0, 0);
  Map(512, 7);
  Entry(3, 1) = kPages << 12 | kFlags;
  EXPECT_EQ(Walk(walker, 0).substitution, Substitution::kInvalidGfn);
  EXPECT_EQ(Walk(walker, 1).substitution, Substitution::kReservedBits);
  EXPECT_EQ(Walk(walker, 2).substitution, Substitution::kNone);
  EXPECT_FALSE(Walk(walker, 2).present);
  EXPECT_EQ(Walk(walker, 512).substitution, Substitution::kInvalidGfn);
  EXPECT_EQ(Count(tables.counters().substituted[1]), 1u);
  EXPECT_EQ(Count(tables.counters().substituted[2]), 1u);
}

TEST_F(ShadowTablesTest, EnginesShareTables) {
  ShadowTables tables(guest_);
  ShadowWalker first(tables, hw::LargePtes::kOn);
  ShadowWalker second(tables, hw::LargePtes::kOn);
  Map(5, 100);
  first.Bind(true, {0x1000});
  EXPECT_EQ(Walk(first, 5).frame, 100u);
  second.Bind(true, {0x1000});
  EXPECT_EQ(Walk(second, 5).frame, 100u);
  EXPECT_EQ(Count(tables.counters().tables), 4u);
  Map(5, 101);
  second.Sync();
  EXPECT_EQ(Walk(second, 5).frame, 101u);
}

TEST_F(ShadowTablesTest, TheLimitHoldsAndWalksGoOn) {
  ShadowTables tables(guest_, {.tables = 8});
  ShadowWalker walker(tables, hw::LargePtes::kOn);
  walker.Bind(true, {0x1000});
  for (uint64_t i = 0; i < 64; ++i) Map(i << 9, 100 + i);
  for (int round = 0; round < 4; ++round) {
    for (uint64_t i = 0; i < 64; ++i) {
      EXPECT_EQ(Walk(walker, i << 9).frame, 100 + i);
      EXPECT_LE(tables.tables_in_use(), 8u);
    }
    walker.Sync();
  }
  EXPECT_GT(Count(tables.counters().uncached), 0u);
  EXPECT_EQ(Count(tables.counters().reclaimed), 0u);  // what is used stays
  for (int round = 0; round < 3; ++round) {
    for (uint64_t i = 32; i < 36; ++i) EXPECT_EQ(Walk(walker, i << 9).frame, 100 + i);
    walker.Sync();
  }
  EXPECT_GT(Count(tables.counters().reclaimed), 0u);
  const uint64_t uncached = Count(tables.counters().uncached);
  EXPECT_EQ(Walk(walker, 32 << 9).frame, 132u);
  EXPECT_EQ(Count(tables.counters().uncached), uncached);
}

TEST_F(ShadowTablesTest, TablesInUseAreNotReclaimed) {
  ShadowTables tables(guest_, {.tables = 8});
  ShadowWalker idle(tables, hw::LargePtes::kOn);
  ShadowWalker walker(tables, hw::LargePtes::kOn);
  for (uint64_t i = 0; i < 64; ++i) Map(i << 9, 100 + i);
  idle.Bind(true, {0x1000});
  for (uint64_t i = 0; i < 5; ++i) Walk(idle, i << 9);  // all that there are
  walker.Bind(true, {0x1000});
  for (int round = 0; round < 3; ++round) {
    for (uint64_t i = 32; i < 64; ++i) EXPECT_EQ(Walk(walker, i << 9).frame, 100 + i);
    walker.Sync();
  }
  EXPECT_EQ(Count(tables.counters().reclaimed), 0u);
  EXPECT_EQ(Walk(idle, 0).frame, 100u);
  idle.Sync();
  for (int round = 0; round < 3; ++round) {
    for (uint64_t i = 32; i < 64; ++i) EXPECT_EQ(Walk(walker, i << 9).frame, 100 + i);
    walker.Sync();
  }
  EXPECT_GT(Count(tables.counters().reclaimed), 0u);
}

TEST(ShadowWorld, EqualsAPlainWalkWhateverTheGuestDoes) {
  uint64_t translations = 0;
  uint64_t hits = 0;
  for (uint64_t seed = 0; seed < 60 * oracle::TestScale(); ++seed) {
    std::mt19937_64 random(seed);
    constexpr uint32_t kTables[] = {1, 5, 16, 256};
    const auto large_ptes = seed % 5 == 0 ? hw::LargePtes::kOff : hw::LargePtes::kOn;
    oracle::ShadowWorld world(kTables[seed % 4], large_ptes, [&random] { return random(); });
    for (int step = 0; step < 10000; ++step) {
      const char* broken = world.Step();
      ASSERT_EQ(broken, nullptr) << broken << ", seed " << seed << ", step " << step;
    }
    translations += world.translations();
    hits += world.hits();
  }
  EXPECT_GT(hits, translations / 20);
}

// Engines that walk while the guest's CPU changes entries between two values: what a walk finds is
// one of both, and behind the last change the last.
TEST_F(ShadowTablesTest, WalksRunBesideEachOtherAndTheGuest) {
  ShadowTables tables(guest_, {.tables = 24});
  for (uint64_t i = 0; i < 32 * 512; i += 37) Map(i, 100);
  std::atomic<bool> stop{false};
  std::atomic<uint64_t> wrong{0};
  std::vector<std::thread> engines;
  for (unsigned id = 0; id < 3; ++id) {
    engines.emplace_back([&, id] {
      std::mt19937 random(id);
      ShadowWalker walker(tables, hw::LargePtes::kOn);
      walker.Bind(true, {0x1000});
      while (!stop.load(std::memory_order_relaxed)) {
        walker.Sync();
        for (int i = 0; i < 50; ++i) {
          const ShadowTarget target = Walk(walker, random() % 440 * 37);
          const bool is_either = target.frame == 100 || target.frame == 101;
          if (!target.present || !is_either) wrong.fetch_add(1);
        }
      }
    });
  }
  std::mt19937 random(77);
  for (unsigned round = 0; round < 20000 * oracle::TestScale(); ++round) {
    const uint64_t page = random() % 440 * 37;
    std::atomic_ref<uint64_t>(Entry(4 + (page >> 9), page & 511))
        .store((100 + random() % 2) << 12 | kFlags);
  }
  stop.store(true);
  for (std::thread& engine : engines) engine.join();
  EXPECT_EQ(wrong.load(), 0u);
  ShadowWalker walker(tables, hw::LargePtes::kOn);
  walker.Bind(true, {0x1000});
  for (uint64_t i = 0; i < 440; ++i) {
    EXPECT_EQ(Walk(walker, i * 37).frame, Entry(4 + (i * 37 >> 9), i * 37 & 511) >> 12);
  }
}

}  // namespace
}  // namespace gvt::shadow
