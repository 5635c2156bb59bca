// Graphics address -> physical address, through the tables that a context names.
//
// A pure function over a page reader: it knows no memory, keeps nothing, and reads at most four
// entries whatever they hold. The same walk serves a capture, a guest's tables and the software
// GPU; what differs is the reader.
//
// Roots: a 4-level PPGTT has one, the PML4 address in PDP0. A 3-level PPGTT has four, PDP3..PDP0,
// each the address of a PD; it spans 4 GiB. Roots carry no present bit: zero means absent, other
// low bits are ignored.
//
// Graphics addresses have 48 bits; commands may give them in canonical form (bit 47 extended
// upward). A walk ignores bits 63:48.
//
// Source: PRM SKL vol 5 "Memory Views", linux v6.1 gt/gen8_ppgtt.c, gvt/gtt.c.
#pragma once

#include <array>
#include <concepts>
#include <cstdint>
#include <optional>

#include "base/address.h"
#include "hw/gtt_entry.h"

namespace gvt::hw {

enum class WalkStatus : uint8_t {
  kOk,
  kNotPresent,    // WalkResult::level says where
  kReservedBits,  // a present entry sets bits that have no meaning at its level
  kReadFailed,    // the reader has no such address
  kOutOfRange,    // a 3-level address of 4 GiB or more, a GGTT address beyond the table
};

struct WalkResult {
  WalkStatus status = WalkStatus::kNotPresent;
  TableLevel level =
      TableLevel::kPt;    // of the last entry looked at; the root counts as the level it points to
  bool writable = false;  // every entry on the way allows writes
  uint32_t page_bytes = 0;  // 4 KiB, 64 KiB or 2 MiB
  uint64_t physical = 0;    // of the byte asked for, not of its page
  uint64_t entry = 0;       // raw, the last one looked at

  constexpr bool ok() const { return status == WalkStatus::kOk; }
};

// Gives the eight bytes at a physical address (multiple of 8), or nullopt.
template <typename Reader>
concept EntryReader = requires(Reader& reader, uint64_t physical) {
  { reader(physical) } -> std::convertible_to<std::optional<uint64_t>>;
};

// Whether IPS (64 KiB pages) is on. Gen8 has no such bit; Gen9 has it if the guest set bits 3:0 of
// 0x4080.
enum class LargePtes : uint8_t { kOff, kOn };

// Whether hardware would go on behind an entry of a table of that level: kOk, kNotPresent or
// kReservedBits.
constexpr WalkStatus JudgeEntry(TableLevel level, PpgttEntry entry) {
  if (!entry.present()) return WalkStatus::kNotPresent;
  if (entry.has_reserved_bits()) return WalkStatus::kReservedBits;
  if (level == TableLevel::kPt || !entry.is_large_page()) return WalkStatus::kOk;
  // Bit 7 of a PML4E is reserved; of a PDPE it is a 1 GiB page, which these GPUs do not have. Bits
  // 20:13 of a PDE lie below a 2 MiB page and above its PAT bit.
  constexpr uint64_t kBelow2M = (kPage2MSize - 1) & ~LowMask64(13);
  const bool is_page = level == TableLevel::kPd && (entry.raw() & kBelow2M) == 0;
  return is_page ? WalkStatus::kOk : WalkStatus::kReservedBits;
}

namespace internal {

// Reads the entry of `gma` in `table` into the result; true if the walk may go on below it.
template <EntryReader Reader>
constexpr bool Descend(uint64_t table, TableLevel level, Gma gma, Reader& reader,
                       WalkResult* result) {
  result->level = level;
  const std::optional<uint64_t> raw = reader(table + TableIndex(level, gma) * kEntryBytes);
  if (!raw) {
    result->status = WalkStatus::kReadFailed;
    return false;
  }
  const PpgttEntry entry(*raw);
  result->entry = *raw;
  result->writable = result->writable && entry.writable();
  result->status = JudgeEntry(level, entry);
  return result->status == WalkStatus::kOk;
}

constexpr void Finish(uint64_t page, uint64_t page_bytes, Gma gma, WalkResult* result) {
  result->status = WalkStatus::kOk;
  result->page_bytes = static_cast<uint32_t>(page_bytes);
  result->physical = page | (gma.value & (page_bytes - 1));
}

// From a PD table down.
template <EntryReader Reader>
constexpr WalkResult WalkDirectory(uint64_t directory, Gma gma, Reader& reader, LargePtes ptes,
                                   WalkResult result) {
  if (!Descend(directory, TableLevel::kPd, gma, reader, &result)) return result;
  const PpgttEntry pde(result.entry);
  if (pde.is_large_page()) {
    Finish(pde.address_2m(), kPage2MSize, gma, &result);
    return result;
  }
  const bool pages_64k = pde.has_64k_children() && ptes == LargePtes::kOn;
  const Gma indexed = pages_64k ? Gma(AlignDown(gma.value, kPage64KSize)) : gma;
  if (!Descend(pde.address(), TableLevel::kPt, indexed, reader, &result)) return result;
  const PpgttEntry pte(result.entry);
  if (pages_64k) {
    Finish(pte.address_64k(), kPage64KSize, gma, &result);
  } else {
    Finish(pte.address(), kPageSize, gma, &result);
  }
  return result;
}

}  // namespace internal

// Walks a 4-level PPGTT. `pml4` is PDP0 as the context image holds it. Reads at most four entries.
template <EntryReader Reader>
constexpr WalkResult WalkPpgtt4Level(uint64_t pml4, Gma address, Reader&& reader,
                                     LargePtes ptes = LargePtes::kOn) {
  const Gma gma = MaskGma(address.value);
  WalkResult result{.level = TableLevel::kPml4, .writable = true};
  if (pml4 == 0) return result;
  uint64_t table = pml4 & kEntryAddressMask;
  for (const TableLevel level : {TableLevel::kPml4, TableLevel::kPdp}) {
    if (!internal::Descend(table, level, gma, reader, &result)) return result;
    table = PpgttEntry(result.entry).address();
  }
  return internal::WalkDirectory(table, gma, reader, ptes, result);
}

// Walks a 3-level PPGTT. pdps[i] is PDPi as the context image holds it. Reads at most two entries.
template <EntryReader Reader>
constexpr WalkResult WalkPpgtt3Level(const std::array<uint64_t, 4>& pdps, Gma address,
                                     Reader&& reader, LargePtes ptes = LargePtes::kOn) {
  const Gma gma = MaskGma(address.value);
  WalkResult result{.level = TableLevel::kPdp, .writable = true};
  if (gma.value >> 32 != 0) {
    result.status = WalkStatus::kOutOfRange;
    return result;
  }
  const uint64_t root = pdps[gma.value >> LevelShift(TableLevel::kPdp)];
  if (root == 0) return result;
  return internal::WalkDirectory(root & kEntryAddressMask, gma, reader, ptes, result);
}

// Looks an address up in a GGTT whose entries `reader` gives by byte offset into the table (8 *
// page number).
template <EntryReader Reader>
constexpr WalkResult WalkGgtt(Gma address, Reader&& reader) {
  WalkResult result{.level = TableLevel::kPt, .writable = true};
  if (address.value >= kGgttBytes) {
    result.status = WalkStatus::kOutOfRange;
    return result;
  }
  const std::optional<uint64_t> raw = reader(address.page() * kEntryBytes);
  if (!raw) {
    result.status = WalkStatus::kReadFailed;
    return result;
  }
  const GgttEntry entry(*raw);
  result.entry = *raw;
  if (entry.present()) internal::Finish(entry.address(), kPageSize, address, &result);
  return result;
}

}  // namespace gvt::hw
