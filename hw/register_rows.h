// The rows of registers.inc as one constant array, for code that computes tables from them at
// compile time.
//
// Everything else uses hw/register_table.h.
#pragma once

#include "hw/register_table.h"

namespace gvt::hw::internal {

// Platform sets of the rows.
inline constexpr uint8_t kBdw = PlatformBit(Platform::kBdw);
inline constexpr uint8_t kBxt = PlatformBit(Platform::kBxt);
inline constexpr uint8_t kKblCfl = PlatformBit(Platform::kKbl) | PlatformBit(Platform::kCfl);
inline constexpr uint8_t kGen9Big = kKblCfl | PlatformBit(Platform::kSkl);
inline constexpr uint8_t kGen9 = kGen9Big | kBxt;
inline constexpr uint8_t kNotBxt = kGen9Big | kBdw;
inline constexpr uint8_t kAll = kGen9 | kBdw;

// Flags of the rows, short names of RegisterFlag.
inline constexpr uint16_t kPlain = 0;
inline constexpr uint16_t kCommand = RegisterFlag::kCommandAccess;
inline constexpr uint16_t kPatch = RegisterFlag::kValueChecked;
inline constexpr uint16_t kMasked = RegisterFlag::kMaskedWrite;
inline constexpr uint16_t kNonContext = RegisterFlag::kNotInContext;
inline constexpr uint16_t kGraphicsAddress = RegisterFlag::kHoldsGraphicsAddress;
inline constexpr uint16_t kInContext = RegisterFlag::kSavedByContext;
inline constexpr uint16_t kNonprivOk = RegisterFlag::kMayBeNonPrivileged;
inline constexpr uint16_t kUnaligned = RegisterFlag::kUnalignedAccess;
inline constexpr uint16_t kPowerSave = RegisterFlag::kSavedOverSuspend;
inline constexpr uint16_t kHardwareRead = RegisterFlag::kReadFromHardware;
inline constexpr uint16_t kUntracked = RegisterFlag::kNoStorage;
inline constexpr uint16_t kContextOnly = RegisterFlag::kContextImageOnly;

inline constexpr RegisterRow kRegisterRows[] = {
#define GVT_REGISTER(name, offset, size_bytes, platforms, flags, read_only_bits) \
  RegisterRow{name, offset, read_only_bits, size_bytes, (flags), platforms},
#include "hw/registers.inc"
#undef GVT_REGISTER
};

// No row holds a part of a dword, none is out of range, and the list is sorted by offset.
consteval bool RowsAreWellFormed() {
  uint32_t previous = 0;
  for (const RegisterRow& row : kRegisterRows) {
    if (row.offset % 4 != 0 || row.size_bytes == 0 || row.size_bytes % 4 != 0) return false;
    if (row.offset >= kMmioBytes || row.size_bytes > kMmioBytes - row.offset) return false;
    if (row.offset < previous || row.platforms == 0 || row.name.empty()) return false;
    previous = row.offset;
  }
  return true;
}

// No two rows of one platform share a byte.
consteval bool RowsAreDisjoint() {
  uint32_t end[kPlatformCount] = {};
  for (const RegisterRow& row : kRegisterRows) {
    for (unsigned p = 0; p < kPlatformCount; ++p) {
      if ((row.platforms >> p & 1) == 0) continue;
      if (row.offset < end[p]) return false;
      end[p] = row.offset + row.size_bytes;
    }
  }
  return true;
}

static_assert(RowsAreWellFormed());
static_assert(RowsAreDisjoint());

}  // namespace gvt::hw::internal
