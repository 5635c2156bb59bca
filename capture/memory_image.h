// A sparse memory of 4 KiB pages: what a capture says about GPU memory so far.
//
// Only pages that were written are held. Pages live in slabs, an open-addressing table of 8 bytes a
// slot finds them, so the overhead over the pages themselves is below 1 %; memory taken ahead of
// use is never more than what is live, and never more than one slab of 2 MiB. The number of pages
// is bounded by a limit, so a file that touches one byte in each of many pages cannot take more
// than the limit.
//
// Thread rule: one thread. Pointers to pages stay valid as long as the image: pages neither move
// nor disappear.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/address.h"

namespace gvt::capture {

class MemoryImage {
 public:
  // 48 bits of the address itself, 3 more for readers that keep several address spaces in one image
  // (one limit for all).
  static constexpr unsigned kAddressBits = 51;

  // Holds at most live_bytes_limit / 4096 pages, and never more than 2^25 - 1 (128 GiB).
  explicit MemoryImage(uint64_t live_bytes_limit);
  MemoryImage(const MemoryImage&) = delete;
  MemoryImage& operator=(const MemoryImage&) = delete;
  ~MemoryImage();

  // The 4096 bytes of page `page_number` (address >> 12), or nullptr if nothing was ever written
  // there.
  const std::byte* Find(uint64_t page_number) const;

  // As Find, but creates the page as zeros. nullptr: the limit is reached or the machine has no
  // memory. page_number < 2^39.
  std::byte* Ensure(uint64_t page_number);

  // Copies `bytes` to `address`, creating pages. False: as Ensure; what fitted was written. The
  // range must stay below 2^kAddressBits.
  [[nodiscard]] bool Write(uint64_t address, std::span<const std::byte> bytes);

  // Copies from `address`; what was never written reads as zero.
  void Read(uint64_t address, std::span<std::byte> out) const;

  // The 64-bit little-endian value at `address`, which is 8-byte aligned.
  uint64_t Load64(uint64_t address) const;

  uint64_t live_bytes() const { return uint64_t{page_count_} << kPageShift; }
  uint64_t live_bytes_limit() const { return uint64_t{page_limit_} << kPageShift; }

 private:
  size_t SlotOf(uint64_t page_number) const;
  std::byte* PageAt(uint32_t index) const;
  void GrowTable();
  bool GrowSlabs();
  void PopulateAhead();

  uint32_t page_limit_;
  uint32_t page_count_ = 0;
  uint64_t multiplier_;                  // odd and random: a file cannot aim at one slot
  unsigned shift_;                       // 64 - log2 of the number of slots
  std::vector<uint64_t> slots_;          // page_number << 25 | index + 1; 0 = free
  std::vector<std::byte*> slabs_;        // kSlabBytes each
  uint64_t last_number_ = ~uint64_t{0};  // the page that Ensure gave last
  std::byte* last_page_ = nullptr;
};

}  // namespace gvt::capture
