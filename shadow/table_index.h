// From the name of a shadow table to the table, without a lock.
//
// A hash of chains: each head names the table that was inserted last, each table the one before it.
// Heads and links are numbers of tables, small and close together: the index of 4,096 tables is
// 320 KiB.
//
// Pages whose frames are neighbours have their heads in the same two cache lines, and there are
// many more heads than tables. A guest's tables lie together and are made together: what others
// change takes from a reader a line for some of them, not one for each, and mostly one that it
// never looks at. With 4 heads a table, a reader kept 0.85 to 0.99 of its speed beside another
// thread that makes tables; with 16, 0.98 to 1.03, and finds a table as fast.
//
// Readers and inserters are pinned in the epoch domain of the vGPU (base/epoch.h): a table that was
// removed keeps its name and link until no one can stand on it.
//
// Invariants:
// 1. A name and a link are written before their table is published. After that, a name stays, and a
//    link changes only when the table behind it is removed, by the one remover.
// 2. Tables are inserted at heads only. So who found a head unchanged has seen the whole chain: no
//    name is ever there twice.
//
// Progress: Find is wait-free: chains grow only in front of the reader. Insert is lock-free: it
// starts again when another one succeeded. Remove is lock-free likewise.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "base/bits.h"
#include "base/check.h"
#include "shadow/table_arena.h"
#include "shadow/table_key.h"

namespace gvt::shadow {

class TableIndex {
 public:
  // Of the tables 0..capacity-1.
  explicit TableIndex(uint32_t capacity);

  // kNoTable: there is none. Thread rule: any thread that is pinned.
  // HOT: bench/shadow_bench.cc BM_Lookup; no alloc, no lock, no virtual call, no syscall
  GVT_HOT TableId Find(TableKey key) const {
    TableId table = HeadOf(key).load(std::memory_order_seq_cst);
    while (table != kNoTable && nodes_[table].key != key) {
      table = nodes_[table].next.load(std::memory_order_seq_cst);
    }
    return table;
  }

  // Publishes `table`, whose content is complete, under `key`. Returns `table`, or the one that is
  // there already: then `table` is still the caller's alone. Thread rule: any thread that is
  // pinned.
  TableId Insert(TableKey key, TableId table);

  // Unpublishes a table that was inserted. Thread rule: one remover at a time.
  void Remove(TableId table);

  TableKey KeyOf(TableId table) const { return nodes_[table].key; }

  // Calls visit(table) for every table that is published during all of the call, which may remove
  // the table. Thread rule: the remover.
  template <typename Visit>
  void ForEach(Visit visit) const {
    for (size_t i = 0; i < head_count(); ++i) {
      TableId table = HeadAt(i).load(std::memory_order_seq_cst);
      while (table != kNoTable) {
        const TableId behind = nodes_[table].next.load(std::memory_order_seq_cst);
        visit(table);
        table = behind;
      }
    }
  }

 private:
  struct Node {
    TableKey key;
    std::atomic<TableId> next{kNoTable};  // atomic: see invariant 1
  };
  using Head = std::atomic<TableId>;  // atomic: published with seq_cst, read with seq_cst
  static constexpr size_t kHeadsOfLine = 16;
  struct alignas(64) Line {
    std::array<Head, kHeadsOfLine> heads;
  };

  // Which neighbourhood follows from all of the name but the frame's lowest bits, by multiplication
  // with the golden ratio, which keeps apart what is evenly spaced. They are the place in it, moved
  // on by the next bits of the product, so that neighbourhoods which share one fill its gaps.
  Head& HeadOf(TableKey key) const {
    constexpr uint64_t kGoldenRatio = 0x9e3779b97f4a7c15;
    constexpr uint64_t kNear = LowMask64(kNearBits);
    const uint64_t mixed = ((key.raw() >> kNearBits) * kGoldenRatio) >> shift_;
    return HeadAt((mixed & ~kNear) | ((mixed + key.raw()) & kNear));
  }
  Head& HeadAt(size_t i) const { return lines_[i / kHeadsOfLine].heads[i % kHeadsOfLine]; }

  static constexpr unsigned kNearBits = 5;  // of a frame; a neighbourhood is 32 heads
  size_t head_count() const { return size_t{1} << (64 - shift_); }

  const unsigned shift_;
  std::unique_ptr<Line[]> lines_;
  std::unique_ptr<Node[]> nodes_;
};

}  // namespace gvt::shadow
