// A stack of numbers without a lock (Treiber's), over memory that is reserved once.
//
// Popping reads the link of a table that another thread may have popped and used meanwhile: links
// are therefore beside the tables, not in them, and the count of changes in the head lets the
// exchange fail.
//
// Source: R. K. Treiber, "Systems Programming: Coping with Parallelism", IBM RJ 5118, 1986.
#include "shadow/table_arena.h"

#include <sys/mman.h>

#include "base/check.h"

namespace gvt::shadow {
namespace {

constexpr unsigned kCountShift = 32;

// The head that has `first` in front and is one change younger.
constexpr uint64_t Next(uint64_t head, TableId first) {
  return ((head >> kCountShift) + 1) << kCountShift | first;
}

}  // namespace

TableArena::TableArena(uint32_t capacity)
    : capacity_(capacity), next_(std::make_unique<std::atomic<TableId>[]>(capacity)) {
  GVT_CHECK(capacity != 0 && capacity <= kMaxTables, "capacities are constants of ours");
  void* memory = mmap(nullptr, size_bytes(), PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  GVT_CHECK(memory != MAP_FAILED, "the host is out of address space; the size is ours");
  memory_ = static_cast<uint64_t*>(memory);
}

TableArena::~TableArena() {
  munmap(memory_, size_bytes());
}

TableId TableArena::Take() {
  uint64_t head = free_.load(std::memory_order_acquire);
  while (static_cast<TableId>(head) != kNoTable) {
    const auto first = static_cast<TableId>(head);
    const TableId second = next_[first].load(std::memory_order_relaxed);
    if (free_.compare_exchange_weak(head, Next(head, second), std::memory_order_acq_rel)) {
      in_use_.fetch_add(1, std::memory_order_relaxed);
      return first;
    }
  }
  uint32_t fresh = fresh_.load(std::memory_order_relaxed);
  while (fresh < capacity_) {
    if (fresh_.compare_exchange_weak(fresh, fresh + 1, std::memory_order_relaxed)) {
      in_use_.fetch_add(1, std::memory_order_relaxed);
      return fresh;
    }
  }
  return kNoTable;
}

void TableArena::Give(TableId table) {
  in_use_.fetch_sub(1, std::memory_order_relaxed);
  uint64_t head = free_.load(std::memory_order_relaxed);
  do {
    next_[table].store(static_cast<TableId>(head), std::memory_order_relaxed);
  } while (!free_.compare_exchange_weak(head, Next(head, table), std::memory_order_acq_rel));
}

}  // namespace gvt::shadow
