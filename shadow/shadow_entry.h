// One entry of a shadow table.
//
// It has the layout of hardware's entry, with a page that the device may be given where the guest's
// has one of its own. Entries of directories keep the guest's frame of the table below: tables are
// found by name (table_key.h), so that a table is made when it is first used and not when it is
// first mentioned.
//
// What a guest must not have stands as not present, with the reason in bits that hardware ignores
// then. A back end that cannot fault puts its scratch page there.
//
// | bits  | leaf                      | directory    | substituted       |
// |-------|---------------------------|--------------|-------------------|
// | 0     | present: 1                | 1            | 0                 |
// | 1     | writable                  | writable     | 0                 |
// | 3, 4, 7 (12 of a 2 MiB page) | PAT index | PWT, PCD | 0              |
// | 7     | of a PDE: 2 MiB page      | 0            | 0                 |
// | 11    | 0                         | IPS of a PDE | 0                 |
// | 47:12 | frame for the device      | guest frame  | 0                 |
// | 53:52 | 0                         | 0            | Substitution      |
//
// 64 KiB entries are spread over the sixteen entries that they cover. A 2 MiB entry keeps the
// guest's frame, since its pages may lie in different windows: they are looked up one by one.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/address.h"
#include "hw/gtt_entry.h"

namespace gvt::shadow {

// Why an entry of the guest has no effect although it is present.
enum class Substitution : uint8_t {
  kNone,
  kInvalidGfn,    // the guest has no such page
  kReservedBits,  // bits are set that have no meaning there; a 1 GiB page is one
  kNoLease,       // the page exists, but the host does not lend it: its budget is spent
};
inline constexpr unsigned kSubstitutionCount = 4;

constexpr std::string_view SubstitutionName(Substitution reason) {
  constexpr std::string_view kNames[kSubstitutionCount] = {"none", "invalid gfn", "reserved bits",
                                                           "no lease"};
  return kNames[static_cast<unsigned>(reason)];
}

class ShadowEntry {
 public:
  static constexpr unsigned kSubstitutionShift = 52;
  // What an entry keeps of the guest's at every level, beside the address.
  static constexpr uint64_t kFlags = hw::PpgttEntry::kPresent | hw::PpgttEntry::kWritable |
                                     hw::PpgttEntry::kPwt | hw::PpgttEntry::kPcd;
  // Of a page table's entry.
  static constexpr uint64_t kPtFlags = kFlags | hw::PpgttEntry::kPat4K;

  constexpr ShadowEntry() = default;
  constexpr explicit ShadowEntry(uint64_t raw) : raw_(raw) {}
  static constexpr ShadowEntry Substituted(Substitution reason) {
    return ShadowEntry(static_cast<uint64_t>(reason) << kSubstitutionShift);
  }

  constexpr uint64_t raw() const { return raw_; }
  constexpr bool present() const { return (raw_ & hw::PpgttEntry::kPresent) != 0; }
  constexpr bool writable() const { return (raw_ & hw::PpgttEntry::kWritable) != 0; }
  constexpr bool is_large_page() const { return (raw_ & hw::PpgttEntry::kPageSize) != 0; }
  constexpr bool has_64k_children() const { return (raw_ & hw::PpgttEntry::kIps) != 0; }
  constexpr uint64_t frame() const { return (raw_ & hw::kEntryAddressMask) >> kPageShift; }
  constexpr uint64_t frame_2m() const {
    return (raw_ & hw::kEntryAddressMask & ~(hw::kPage2MSize - 1)) >> kPageShift;
  }
  constexpr Substitution substitution() const {
    return static_cast<Substitution>((raw_ >> kSubstitutionShift) & (kSubstitutionCount - 1));
  }

  friend constexpr bool operator==(const ShadowEntry&, const ShadowEntry&) = default;

 private:
  uint64_t raw_ = 0;
};

}  // namespace gvt::shadow
