// Entries of the graphics page tables as Gen8 and Gen9 store them: 8 bytes each, 512 to a table.
//
// | level | indexes gma bits | entry points to                                          |
// |-------|------------------|----------------------------------------------------------|
// | PML4E | 47:39            | PDP table                                                |
// | PDPE  | 38:30            | PD table; bit 7 would be a 1 GiB page, which no one uses |
// | PDE   | 29:21            | PT table, or a 2 MiB page (bit 7); bit 11: 64 KiB pages  |
// | PTE   | 20:12            | 4 KiB page                                               |
//
// Under a PDE with bit 11 (IPS) only each sixteenth PTE counts and names 64 KiB. Gen8 ignores it.
//
// These are codecs: they say what the bits are. Whether an entry may be followed is for
// hw/page_walk.h.
//
// Source: PRM SKL vol 5 "Memory Views" (PPGTT and GGTT entry formats), linux v6.1
// gt/intel_gtt.h, gvt/gtt.h.
#pragma once

#include <cstdint>

#include "base/address.h"
#include "base/bits.h"

namespace gvt::hw {

inline constexpr unsigned kEntriesPerTable = 512;
inline constexpr uint64_t kEntryBytes = 8;

// Width of a physical address that an entry can hold. The formats leave room up to bit 47; GPUs of
// these generations drive 39 (client) to 46 bits, and what lies above is reserved.
inline constexpr unsigned kEntryAddressBits = 48;
inline constexpr uint64_t kEntryAddressMask = LowMask64(kEntryAddressBits) & ~kPageOffsetMask;

inline constexpr uint64_t kPage64KSize = uint64_t{1} << 16;
inline constexpr uint64_t kPage2MSize = uint64_t{1} << 21;

// The four kinds of PPGTT table, deepest first.
enum class TableLevel : uint8_t { kPt, kPd, kPdp, kPml4 };

constexpr unsigned LevelShift(TableLevel level) {
  return 12 + 9 * static_cast<unsigned>(level);
}

// Index into a table of that level, 0..511.
constexpr unsigned TableIndex(TableLevel level, Gma gma) {
  return static_cast<unsigned>(gma.value >> LevelShift(level)) & (kEntriesPerTable - 1);
}

// One PPGTT entry of any level.
class PpgttEntry {
 public:
  static constexpr uint64_t kPresent = 1u << 0;
  static constexpr uint64_t kWritable = 1u << 1;
  static constexpr uint64_t kPwt = 1u << 3;        // PAT index bit 0
  static constexpr uint64_t kPcd = 1u << 4;        // PAT index bit 1
  static constexpr uint64_t kPageSize = 1u << 7;   // in a PDE: a 2 MiB page
  static constexpr uint64_t kPat4K = 1u << 7;      // in a PTE: PAT index bit 2
  static constexpr uint64_t kIps = 1u << 11;       // in a PDE: the table holds 64 KiB pages
  static constexpr uint64_t kPatLarge = 1u << 12;  // in a 2 MiB PDE: PAT index bit 2
  static constexpr uint64_t kReserved = ~LowMask64(kEntryAddressBits);

  constexpr PpgttEntry() = default;
  constexpr explicit PpgttEntry(uint64_t raw) : raw_(raw) {}

  constexpr uint64_t raw() const { return raw_; }
  constexpr bool present() const { return (raw_ & kPresent) != 0; }
  constexpr bool writable() const { return (raw_ & kWritable) != 0; }
  constexpr bool is_large_page() const { return (raw_ & kPageSize) != 0; }
  constexpr bool has_64k_children() const { return (raw_ & kIps) != 0; }
  constexpr bool has_reserved_bits() const { return (raw_ & kReserved) != 0; }

  // Physical address of the table or 4 KiB page, of the 64 KiB page, or of the 2 MiB page.
  constexpr uint64_t address() const { return raw_ & kEntryAddressMask; }
  constexpr uint64_t address_64k() const { return raw_ & kEntryAddressMask & ~(kPage64KSize - 1); }
  constexpr uint64_t address_2m() const { return raw_ & kEntryAddressMask & ~(kPage2MSize - 1); }

  // PAT index 0..7 of a PTE, and of a 2 MiB PDE.
  constexpr unsigned pat_index() const { return PatIndex(kPat4K); }
  constexpr unsigned pat_index_large() const { return PatIndex(kPatLarge); }

  friend constexpr bool operator==(const PpgttEntry&, const PpgttEntry&) = default;

 private:
  constexpr unsigned PatIndex(uint64_t high_bit) const {
    return ((raw_ & high_bit) != 0 ? 4u : 0u) | ((raw_ & kPcd) != 0 ? 2u : 0u) |
           ((raw_ & kPwt) != 0 ? 1u : 0u);
  }

  uint64_t raw_ = 0;
};

// One GGTT entry: a 4 KiB page, always writable. Bits above the address and below bit 12, except
// bit 0, are ignored by hardware.
class GgttEntry {
 public:
  static constexpr uint64_t kPresent = 1u << 0;

  constexpr GgttEntry() = default;
  constexpr explicit GgttEntry(uint64_t raw) : raw_(raw) {}

  constexpr uint64_t raw() const { return raw_; }
  constexpr bool present() const { return (raw_ & kPresent) != 0; }
  constexpr uint64_t address() const { return raw_ & kEntryAddressMask; }

  friend constexpr bool operator==(const GgttEntry&, const GgttEntry&) = default;

 private:
  uint64_t raw_ = 0;
};

// Size of the GGTT of these generations: 8 MiB of entries, 4 GiB of addresses. Source: PRM SKL vol
// 5, GGMS = 3.
inline constexpr uint64_t kGgttEntries = uint64_t{1} << 20;
inline constexpr uint64_t kGgttBytes = kGgttEntries * kPageSize;

}  // namespace gvt::hw
