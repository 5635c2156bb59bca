#include "bench/guest_memory.h"

#include <algorithm>
#include <cstring>
#include <numeric>
#include <random>

#include "base/check.h"

namespace gvt::bench {
namespace {

constexpr uint64_t kEntryFlags = hw::PpgttEntry::kPresent | hw::PpgttEntry::kWritable;

// One PT for 512 pages, and a handful of tables above.
size_t WithTables(size_t pages) {
  return pages + pages / hw::kEntriesPerTable + 8;
}

}  // namespace

GuestMemory::GuestMemory(size_t pages) : pages_(WithTables(pages) + 1) {
  free_pages_.resize(pages_.size() - 1);
  std::iota(free_pages_.begin(), free_pages_.end(), 1);  // page 0 stays unused: root 0 is "absent"
  std::shuffle(free_pages_.begin(), free_pages_.end(), std::mt19937_64(1));
  root_ = TakePage();
}

uint64_t GuestMemory::TakePage() {
  GVT_CHECK(!free_pages_.empty(), "the caller stated how many pages it places");
  const uint64_t page = uint64_t{free_pages_.back()} << kPageShift;
  free_pages_.pop_back();
  return page;
}

// The physical page of `address`; makes it, and the tables that lead there, if there is none.
uint64_t GuestMemory::Map(Gma address) {
  uint64_t at = root_;
  for (const hw::TableLevel level :
       {hw::TableLevel::kPml4, hw::TableLevel::kPdp, hw::TableLevel::kPd, hw::TableLevel::kPt}) {
    uint64_t& entry = pages_[at >> kPageShift][hw::TableIndex(level, address)];
    if (entry == 0) entry = TakePage() | kEntryFlags;
    at = entry & hw::kEntryAddressMask;
  }
  return at;
}

Gma GuestMemory::Place(std::span<const uint32_t> dwords, uint64_t page_offset) {
  const Gma start = next_ + page_offset;
  Gma at = start;
  while (!dwords.empty()) {
    const size_t room = (kPageSize - at.page_offset()) / sizeof(uint32_t);
    const auto piece = dwords.first(std::min(room, dwords.size()));
    auto* page = reinterpret_cast<std::byte*>(pages_[Map(at) >> kPageShift].data());
    std::memcpy(page + at.page_offset(), piece.data(), piece.size_bytes());
    at = at + piece.size_bytes();
    dwords = dwords.subspan(piece.size());
  }
  next_ = Gma((at.page() + 1) << kPageShift);
  return start;
}

}  // namespace gvt::bench
