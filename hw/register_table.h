// Every register that the project knows: name, place, platforms, and how it behaves.
//
// The rows live in hw/registers.inc; the compiler checks that they are sorted, aligned, in range
// and disjoint on each platform. Device model, policy, context switch, disassembler and
// documentation read these rows and nothing else.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "hw/platform.h"

namespace gvt::hw {

// Size of the register part of BAR 0 of Gen8 and Gen9. Source: linux v6.1 gvt/mmio.c, PRM SKL vol 5
// "Memory Views".
inline constexpr uint32_t kMmioBytes = 2u << 20;

// Bits of RegisterRow::flags.
struct RegisterFlag {
  enum : uint16_t {
    kCommandAccess = 1 << 0,         // a privileged stream may write it
    kValueChecked = 1 << 1,          // but only values that a rule allows
    kMaskedWrite = 1 << 2,           // bits 31:16 of a write select which of bits 15:0 change
    kNotInContext = 1 << 3,          // hardware does not save it: a switch of the vGPU has to
    kHoldsGraphicsAddress = 1 << 4,  // holds a GGTT address
    kSavedByContext = 1 << 5,        // hardware saves and restores it with the context
    kMayBeNonPrivileged = 1 << 6,    // FORCE_TO_NONPRIV may name it
    kUnalignedAccess = 1 << 7,       // guests touch it at odd widths
    kSavedOverSuspend = 1 << 8,      // survives a suspend of the device
    kReadFromHardware = 1 << 9,      // a read has to see the live value
    kNoStorage = 1 << 10,            // known by name only
    kContextImageOnly = 1 << 11,     // listed because a register state context holds it
  };
};

struct RegisterRow {
  std::string_view name;        // as i915 and the PRM write it; "RING_TAIL[rcs]" in engine blocks
  uint32_t offset = 0;          // bytes from the start of BAR 0, multiple of 4
  uint32_t read_only_bits = 0;  // of each dword: a write does not change them
  uint32_t size_bytes = 0;      // multiple of 4; more than 4 = a run of like registers
  uint16_t flags = 0;           // RegisterFlag
  uint8_t platforms = 0;        // PlatformBit

  constexpr bool Has(uint16_t flag) const { return (flags & flag) != 0; }
};

// All rows, sorted by offset. Rows of different platforms may share an offset.
std::span<const RegisterRow> RegisterRows();

// The row that holds the byte at `offset` on this platform; nullptr if there is none. Any offset is
// a legal argument. Cost: a binary search over about 1,300 entries.
const RegisterRow* FindRegister(Platform platform, uint32_t offset);

// The engine whose block of registers holds `offset`; nullopt for a register that belongs to no
// engine. Source: PRM SKL vol 5 "Register Address Maps".
std::optional<Engine> EngineOfRegister(uint32_t offset);

// A name for people: that of the row, else of the register that streams use
// (hw/stream_registers.h), else its place in an engine's block ("RING_REG+0x134[rcs]"), else the
// bare number ("0x0c800"). "+0x.." is added inside a run. Any offset is a legal argument.
std::string RegisterName(Platform platform, uint32_t offset);

}  // namespace gvt::hw
