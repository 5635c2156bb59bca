// What names a shadow table: the guest page it was made of, and as what.
//
// The same guest page may be named as a page table and as a directory, by mistake or by malice:
// those are two shadow tables, and neither is ever taken for the other. So are a page table and the
// one that an IPS entry makes of the same page. The generation of the guest's memory map is part of
// the name, too: a table that was made under an older map is not found any more, whatever is in it.
// The vGPU is not: every vGPU has an index of its own.
#pragma once

#include <cstdint>

#include "base/address.h"
#include "base/bits.h"
#include "hw/gtt_entry.h"

namespace gvt::shadow {

// How the 512 entries of a guest page are to be read.
struct TableShape {
  hw::TableLevel level = hw::TableLevel::kPt;
  bool pages_64k = false;  // of a page table below an IPS entry

  friend constexpr bool operator==(const TableShape&, const TableShape&) = default;
};

// 36 bits of frame, 2 of level, 1 of page size, 25 of generation.
class TableKey {
 public:
  constexpr TableKey() = default;
  constexpr TableKey(Gfn frame, TableShape shape, uint64_t generation)
      : raw_((frame.value & LowMask64(kFrameBits)) |
             static_cast<uint64_t>(shape.level) << kFrameBits |
             static_cast<uint64_t>(shape.pages_64k) << (kFrameBits + 2) |
             generation << kGenerationShift) {}

  constexpr uint64_t raw() const { return raw_; }
  // True iff both were made under the same map, give or take 2^25 changes of it.
  constexpr bool IsOfGeneration(uint64_t generation) const {
    return raw_ >> kGenerationShift == (generation & LowMask64(64 - kGenerationShift));
  }

  friend constexpr bool operator==(const TableKey&, const TableKey&) = default;

 private:
  static constexpr unsigned kFrameBits = hw::kEntryAddressBits - kPageShift;
  static constexpr unsigned kGenerationShift = kFrameBits + 3;

  uint64_t raw_ = 0;
};

}  // namespace gvt::shadow
