// The page store of the capture readers.
//
// Rebuilding pages dominates the time of reading a capture, so a write of a whole page costs one
// probe and one memcpy: slabs come from the kernel as zeros and are never recycled, so no page is
// cleared by hand.
//
// 1. A slot is 0 or holds (page_number << 25) | (index + 1), index < page_count_.
// 2. At most 3/4 of the slots are used, so probing ends.
// 3. The multiplier is drawn once per image: with a fixed one a hostile file could make every probe
// linear.
#include "capture/memory_image.h"

#include <sys/mman.h>
#include <sys/random.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

namespace gvt::capture {
namespace {

constexpr unsigned kIndexBits = 25;
constexpr uint64_t kIndexMask = (uint64_t{1} << kIndexBits) - 1;
static_assert(MemoryImage::kAddressBits - kPageShift + kIndexBits == 64);

constexpr size_t kSlabBytes = size_t{2} << 20;
constexpr size_t kPagesPerSlab = kSlabBytes >> kPageShift;
constexpr unsigned kFirstTableBits = 10;
constexpr size_t kFirstPages = 16;

uint64_t RandomOdd() {
  uint64_t value =
      0x9e3779b97f4a7c15;  // 2^64 / golden ratio, kept if the kernel has no randomness yet
  (void)!getrandom(&value, sizeof value, GRND_NONBLOCK);
  return value | 1;
}

}  // namespace

MemoryImage::MemoryImage(uint64_t live_bytes_limit)
    : page_limit_(static_cast<uint32_t>(std::min(live_bytes_limit >> kPageShift, kIndexMask - 1))),
      multiplier_(RandomOdd()),
      shift_(64 - kFirstTableBits),
      slots_(size_t{1} << kFirstTableBits) {}

MemoryImage::~MemoryImage() {
  for (std::byte* slab : slabs_) munmap(slab, kSlabBytes);
}

size_t MemoryImage::SlotOf(uint64_t page_number) const {
  size_t slot = static_cast<size_t>((page_number * multiplier_) >> shift_);
  while (slots_[slot] != 0 && (slots_[slot] >> kIndexBits) != page_number) {
    slot = (slot + 1) & (slots_.size() - 1);
  }
  return slot;
}

std::byte* MemoryImage::PageAt(uint32_t index) const {
  return slabs_[index / kPagesPerSlab] + ((index % kPagesPerSlab) << kPageShift);
}

const std::byte* MemoryImage::Find(uint64_t page_number) const {
  const uint64_t entry = slots_[SlotOf(page_number)];
  return entry == 0 ? nullptr : PageAt(static_cast<uint32_t>((entry & kIndexMask) - 1));
}

// A slab of address space, aligned so that the kernel can back it by one huge page.
bool MemoryImage::GrowSlabs() {
  void* mapped =
      mmap(nullptr, 2 * kSlabBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapped == MAP_FAILED) return false;
  auto* begin = static_cast<std::byte*>(mapped);
  const size_t before = (kSlabBytes - reinterpret_cast<uintptr_t>(begin) % kSlabBytes) % kSlabBytes;
  std::byte* slab = begin + before;
  if (before != 0) munmap(begin, before);
  munmap(slab + kSlabBytes, kSlabBytes - before);
  if (!slabs_.empty()) madvise(slab, kSlabBytes, MADV_HUGEPAGE);
  slabs_.push_back(slab);
  return true;
}

// Has the kernel back pages before they are touched, when page_count_ are used: one call costs far
// less than the faults it saves. As many as are used already, so at most as much as is live; a
// kernel that does not know the advice takes the faults.
void MemoryImage::PopulateAhead() {
  const size_t first = page_count_ % kPagesPerSlab;
  if (page_count_ >= kPagesPerSlab) {
    if (first == 0) madvise(slabs_.back(), kSlabBytes, MADV_POPULATE_WRITE);
  } else if (page_count_ == 0) {
    madvise(slabs_.back(), kFirstPages << kPageShift, MADV_POPULATE_WRITE);
  } else if (page_count_ >= kFirstPages && std::has_single_bit(page_count_)) {
    madvise(PageAt(page_count_), first << kPageShift, MADV_POPULATE_WRITE);
  }
}

void MemoryImage::GrowTable() {
  std::vector<uint64_t> old = std::exchange(slots_, {});
  slots_.resize(old.size() * 2);
  --shift_;
  for (const uint64_t entry : old) {
    if (entry != 0) slots_[SlotOf(entry >> kIndexBits)] = entry;
  }
}

std::byte* MemoryImage::Ensure(uint64_t page_number) {
  if (page_number == last_number_) return last_page_;
  size_t slot = SlotOf(page_number);
  std::byte* page = nullptr;
  if (slots_[slot] != 0) {
    page = PageAt(static_cast<uint32_t>((slots_[slot] & kIndexMask) - 1));
  } else {
    if (page_count_ >= page_limit_) return nullptr;
    if (page_count_ == slabs_.size() * kPagesPerSlab && !GrowSlabs()) return nullptr;
    if ((page_count_ + 1) * uint64_t{4} > slots_.size() * uint64_t{3}) {
      GrowTable();
      slot = SlotOf(page_number);
    }
    PopulateAhead();
    page = PageAt(page_count_);
    slots_[slot] = page_number << kIndexBits | (++page_count_);
  }
  last_number_ = page_number;
  last_page_ = page;
  return page;
}

bool MemoryImage::Write(uint64_t address, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const uint64_t in_page = address & kPageOffsetMask;
    const size_t piece = std::min(bytes.size(), static_cast<size_t>(kPageSize - in_page));
    std::byte* page = Ensure(address >> kPageShift);
    if (page == nullptr) return false;
    std::memcpy(page + in_page, bytes.data(), piece);
    address += piece;
    bytes = bytes.subspan(piece);
  }
  return true;
}

void MemoryImage::Read(uint64_t address, std::span<std::byte> out) const {
  while (!out.empty()) {
    const uint64_t in_page = address & kPageOffsetMask;
    const size_t piece = std::min(out.size(), static_cast<size_t>(kPageSize - in_page));
    const std::byte* page = Find(address >> kPageShift);
    if (page != nullptr) {
      std::memcpy(out.data(), page + in_page, piece);
    } else {
      std::memset(out.data(), 0, piece);
    }
    address += piece;
    out = out.subspan(piece);
  }
}

uint64_t MemoryImage::Load64(uint64_t address) const {
  const std::byte* page = Find(address >> kPageShift);
  if (page == nullptr) return 0;
  uint64_t value = 0;
  std::memcpy(&value, page + (address & kPageOffsetMask), sizeof value);
  return value;
}

}  // namespace gvt::capture
