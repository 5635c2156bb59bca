// The index against its naive twin, and under contention.
#include "shadow/table_index.h"

#include <gtest/gtest.h>

#include <atomic>
#include <random>
#include <set>
#include <thread>
#include <vector>

#include "base/epoch.h"
#include "shadow/table_arena.h"
#include "tests/oracle/test_scale.h"
#include "tests/shadow/locked_index.h"

namespace gvt::shadow {
namespace {

using hw::TableLevel;

TableKey Key(uint64_t frame, unsigned kind = 0, uint64_t generation = 0) {
  return TableKey(Gfn(frame), {static_cast<TableLevel>(kind % 4), kind >= 4}, generation);
}

TEST(TableKey, TellsApartWhatDiffersInAnyPart) {
  std::set<uint64_t> keys;
  for (const uint64_t frame : {uint64_t{0}, uint64_t{1}, LowMask64(36)}) {
    for (unsigned kind = 0; kind < 5; ++kind) {
      for (const uint64_t generation : {0u, 1u, 2u})
        keys.insert(Key(frame, kind, generation).raw());
    }
  }
  EXPECT_EQ(keys.size(), 3u * 5 * 3);
  EXPECT_TRUE(Key(5, 4, 7).IsOfGeneration(7));
  EXPECT_FALSE(Key(5, 4, 7).IsOfGeneration(8));
}

TEST(TableArena, GivesEachTableOnceAndNoMoreThanItHas) {
  TableArena arena(5);
  std::set<TableId> taken;
  for (int i = 0; i < 5; ++i) taken.insert(arena.Take());
  EXPECT_EQ(taken.size(), 5u);
  EXPECT_FALSE(taken.contains(kNoTable));
  EXPECT_EQ(arena.Take(), kNoTable);
  EXPECT_EQ(arena.in_use(), 5u);
  arena.Give(3);
  EXPECT_EQ(arena.Take(), 3u);
  EXPECT_EQ(arena.Take(), kNoTable);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(arena.entries(4).data()) % 64, 0u);
}

TEST(TableArena, ThreadsNeverHoldTheSameTable) {
  constexpr uint32_t kTables = 8;
  TableArena arena(kTables);
  std::vector<std::atomic<int>> holders(kTables);
  std::atomic<int> clashes{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([&] {
      for (int round = 0; round < 20000; ++round) {
        const TableId table = arena.Take();
        if (table == kNoTable) continue;
        if (holders[table].fetch_add(1) != 0) clashes.fetch_add(1);
        holders[table].fetch_sub(1);
        arena.Give(table);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(clashes.load(), 0);
  EXPECT_EQ(arena.in_use(), 0u);
}

TEST(TableIndex, AgreesWithItsTwin) {
  constexpr uint32_t kTables = 64;
  std::mt19937_64 random(3);
  for (unsigned round = 0; round < 50 * oracle::TestScale(); ++round) {
    TableIndex index(kTables);
    LockedIndex twin;
    std::vector<TableId> free;
    for (TableId i = 0; i < kTables; ++i) free.push_back(i);
    for (int step = 0; step < 2000; ++step) {
      const TableKey key = Key(random() % 96, static_cast<unsigned>(random() % 5), random() % 2);
      switch (random() % 3) {
        case 0: {
          if (free.empty()) break;
          const TableId table = index.Insert(key, free.back());
          ASSERT_EQ(table, twin.Insert(key, free.back()));
          if (table == free.back()) free.pop_back();
          break;
        }
        case 1: ASSERT_EQ(index.Find(key), twin.Find(key)); break;
        default: {
          const TableId table = index.Find(key);
          if (table == kNoTable) break;
          ASSERT_EQ(index.KeyOf(table), key);
          index.Remove(table);
          twin.Remove(key);
          free.push_back(table);
        }
      }
    }
    size_t count = 0;
    index.ForEach([&](TableId table) {
      ++count;
      index.Remove(table);
    });
    EXPECT_EQ(count, twin.size());
    index.ForEach([&](TableId) { ADD_FAILURE() << "all were removed"; });
  }
}

// Threads find and insert tables whose content says under which key they were published, while
// another removes them and lets them be used again after their time.
class Contention {
 public:
  static constexpr uint32_t kTables = 48;
  static constexpr uint64_t kKeys = 64;

  void Run(unsigned steps) {
    std::vector<std::thread> threads;
    for (unsigned i = 0; i < 3; ++i) threads.emplace_back([this, i, steps] { Use(i, steps); });
    Sweep();
    for (std::thread& thread : threads) thread.join();
  }
  uint64_t wrong() const { return wrong_.load(); }
  uint64_t inserted() const { return inserted_.load(); }
  uint64_t removed() const { return removed_; }

 private:
  void Use(unsigned seed, unsigned steps) {
    std::mt19937_64 random(seed);
    EpochReader reader(domain_);
    for (unsigned step = 0; step < steps; ++step) {
      reader.Pin();
      for (int i = 0; i < 4; ++i) UseOne(Key(random() % kKeys));
      reader.Unpin();
    }
    done_.fetch_add(1);
  }
  void UseOne(TableKey key) {
    TableId table = index_.Find(key);
    if (table == kNoTable) {
      const TableId fresh = arena_.Take();
      if (fresh == kNoTable) return;
      for (const size_t i : {size_t{0}, size_t{511}}) arena_.entries(fresh)[i] = key.raw();
      table = index_.Insert(key, fresh);
      if (table == fresh) {
        inserted_.fetch_add(1);
      } else {
        arena_.Give(fresh);
      }
    }
    const auto entries = arena_.entries(table);
    if (entries[0] != key.raw() || entries[511] != key.raw()) wrong_.fetch_add(1);
  }
  void Sweep() {
    std::mt19937_64 random(9);
    std::vector<std::pair<uint64_t, TableId>> limbo;
    while (done_.load() != 3) {
      index_.ForEach([&](TableId table) {
        if (random() % 2 != 0) return;
        index_.Remove(table);
        ++removed_;
        limbo.emplace_back(domain_.Retire(), table);
      });
      const uint64_t oldest = domain_.Oldest();
      std::erase_if(limbo, [&](const auto& item) {
        if (item.first >= oldest) return false;
        for (const size_t i : {size_t{0}, size_t{511}}) arena_.entries(item.second)[i] = 0;
        arena_.Give(item.second);
        return true;
      });
    }
  }

  EpochDomain domain_;
  TableArena arena_{kTables};
  TableIndex index_{kTables};
  std::atomic<int> done_{0};
  std::atomic<uint64_t> wrong_{0};
  std::atomic<uint64_t> inserted_{0};
  uint64_t removed_ = 0;
};

TEST(TableIndex, ReadersInsertersAndTheRemoverDoNotDisturbEachOther) {
  Contention contention;
  contention.Run(20000 * oracle::TestScale());
  EXPECT_EQ(contention.wrong(), 0u);
  EXPECT_GE(contention.inserted(), contention.removed());
}

}  // namespace
}  // namespace gvt::shadow
