// The memory of one vGPU's shadow tables: so many of 4 KiB, and never more.
//
// Address space is taken at the start, memory when a table is first used; a table that was given
// back is used again before a fresh one. A table has a number, which is what is kept of it.
//
// Progress: Take and Give are lock-free, everything else is wait-free. Thread rule: any thread.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "hw/gtt_entry.h"

namespace gvt::shadow {

using TableId = uint32_t;
inline constexpr TableId kNoTable = ~TableId{0};

class TableArena {
 public:
  static constexpr uint32_t kMaxTables = uint32_t{1} << 20;

  // `capacity`: tables, 1..kMaxTables.
  explicit TableArena(uint32_t capacity);
  ~TableArena();
  TableArena(const TableArena&) = delete;
  TableArena& operator=(const TableArena&) = delete;

  // A table with arbitrary content that nobody else has; kNoTable: all are taken.
  TableId Take();
  // Nobody may look at `table` any more.
  void Give(TableId table);

  // 64-byte aligned. Shared after the table was published: through std::atomic_ref then.
  std::span<uint64_t, hw::kEntriesPerTable> entries(TableId table) const {
    return std::span<uint64_t, hw::kEntriesPerTable>(memory_ + size_t{table} * hw::kEntriesPerTable,
                                                     hw::kEntriesPerTable);
  }
  uint32_t capacity() const { return capacity_; }
  // Tables that are taken; of a moment that may have passed.
  uint32_t in_use() const { return in_use_.load(std::memory_order_relaxed); }

 private:
  size_t size_bytes() const { return size_t{capacity_} * kPageSize; }

  const uint32_t capacity_;
  uint64_t* memory_ = nullptr;
  // atomic: the list of tables that were given back: number of the first, and above it a count of
  // changes, so that no two states look alike
  std::atomic<uint64_t> free_{kNoTable};
  std::unique_ptr<std::atomic<TableId>[]> next_;  // atomic: behind each table of that list
  std::atomic<uint32_t> fresh_{0};                // atomic: tables from here on were never taken
  std::atomic<uint32_t> in_use_{0};               // atomic: a counter for onlookers
};

}  // namespace gvt::shadow
