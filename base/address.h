// Addresses of the different address spaces as different types: mixing them does not compile.
//
// gma  graphics memory address, what a command names; 48 bits, meaning depends on the AddressSpace
// (GGTT or PPGTT) gpa  guest physical address            gfn  guest frame number, gpa >> 12 hpa
// host physical address             DmaAddr  what the device is given for a page
#pragma once

#include <compare>
#include <cstdint>

namespace gvt {

inline constexpr unsigned kPageShift = 12;
inline constexpr uint64_t kPageSize = uint64_t{1} << kPageShift;
inline constexpr uint64_t kPageOffsetMask = kPageSize - 1;

template <typename Tag>
struct Address {
  uint64_t value = 0;

  constexpr Address() = default;
  constexpr explicit Address(uint64_t v) : value(v) {}
  constexpr uint64_t page() const { return value >> kPageShift; }
  constexpr uint64_t page_offset() const { return value & kPageOffsetMask; }
  friend constexpr auto operator<=>(const Address&, const Address&) = default;
  friend constexpr Address operator+(Address a, uint64_t bytes) { return Address(a.value + bytes); }
};

using Gma = Address<struct GmaTag>;
using Gpa = Address<struct GpaTag>;
using Gfn = Address<struct GfnTag>;
using Hpa = Address<struct HpaTag>;
using DmaAddr = Address<struct DmaAddrTag>;

// Gen8 and Gen9 graphics addresses have 48 bits; commands may hold them in canonical form (bit 47
// extended upward).
inline constexpr unsigned kGmaBits = 48;
constexpr Gma MaskGma(uint64_t raw) {
  return Gma(raw & ((uint64_t{1} << kGmaBits) - 1));
}

}  // namespace gvt
