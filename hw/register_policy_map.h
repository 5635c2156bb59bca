// What the register policy knows about one dword, for every dword and platform, at compile time.
//
// 2 MiB of registers are half a million dwords, nearly all of them unknown. A map cuts them into
// chunks of 64 and keeps one shared block of zeros for the chunks without a register, so a lookup
// is two loads and a platform's map is under 60 KiB, of which real streams touch a few cache lines.
//
// Sources of a map: registers.inc (command access, whitelist), stream_registers.h (lists of
// streams), context_layout.h (context images), and the value checks below.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "hw/context_layout.h"
#include "hw/platform.h"
#include "hw/register_rows.h"
#include "hw/stream_registers.h"

namespace gvt::hw::internal {

// Registers whose value, or whose mere use, is a matter of its own.
enum class ValueCheck : uint8_t {
  kNone,
  kGfxMode,        // turns privilege checks, PPGTT and execution lists on and off
  kCsfeChicken,    // bits 3 and 4 open the registers of other engines
  kMiMode,         // bit 8 stops the ring
  kTrtte,          // bit 0 turns on tiled resources, an address space of its own
  kNonprivSlot,    // FORCE_TO_NONPRIV
  kPageTableRoot,  // PDP0..PDP3
  kBatchOffset,    // BB_OFFSET
};

// One dword; zero means "not known".
struct DwordPolicy {
  uint8_t user_write = 0;    // engines (EngineBit) whose non-privileged batches may write it
  uint8_t user_read = 0;     // engines whose batches may read it
  uint8_t kernel_write = 0;  // engines whose rings may write it, beyond `command`
  uint8_t user_dropped = 0;  // engines whose batches write it in vain
  uint8_t host_ignores = 0;  // engines whose rings may try
  bool command = false;      // any privileged stream may write and read it
  bool context = false;      // a context image may load it
  bool may_be_slot = false;  // FORCE_TO_NONPRIV may name it
  ValueCheck check = ValueCheck::kNone;
};

inline constexpr uint32_t kChunkDwords = 64;
inline constexpr uint32_t kChunkCount = kMmioBytes / 4 / kChunkDwords;
inline constexpr uint32_t kMaxBlocks = 96;

class PolicyMap {
 public:
  consteval explicit PolicyMap(Platform platform) {
    AddRows(platform);
    AddStreamRegisters(platform);
    for (unsigned e = 0; e < kEngineCount; ++e) {
      AddContextRegisters(static_cast<Engine>(e));
      AddChecks(static_cast<Engine>(e));
    }
    At(kTrtte).check = ValueCheck::kTrtte;
  }

  // offset: below kMmioBytes, multiple of 4.
  constexpr const DwordPolicy& operator[](uint32_t offset) const {
    const uint32_t dword = offset / 4;
    return blocks_[index_[dword / kChunkDwords]][dword % kChunkDwords];
  }

 private:
  static constexpr uint32_t kTrtte = 0x4df4;  // linux v6.1 i915_reg.h TRTTE

  consteval DwordPolicy& At(uint32_t offset) {
    const uint32_t dword = offset / 4;
    uint8_t& block = index_[dword / kChunkDwords];
    if (block == 0) block = ++used_;  // more than kMaxBlocks - 1: the next line does not compile
    return blocks_[block][dword % kChunkDwords];
  }

  consteval void AddRows(Platform platform) {
    constexpr uint16_t kOfInterest = kCommand | kNonprivOk | kInContext;
    for (const RegisterRow& row : kRegisterRows) {
      if ((row.platforms & PlatformBit(platform)) == 0 || !row.Has(kOfInterest)) continue;
      for (uint32_t offset = row.offset; offset < row.offset + row.size_bytes; offset += 4) {
        DwordPolicy& at = At(offset);
        at.command = row.Has(kCommand);
        at.may_be_slot = row.Has(kNonprivOk);
        at.context = row.Has(kInContext);
      }
    }
  }

  consteval void AddStreamRegisters(Platform platform) {
    for (const StreamRegister& row : kStreamRegisters) {
      if ((row.platforms & PlatformBit(platform)) == 0) continue;
      for (uint32_t i = 0; i < row.dwords; ++i) {
        DwordPolicy& at = At(row.offset + 4 * i);
        switch (row.access) {
          case StreamAccess::kUser:
            at.user_write |= row.engines;
            at.user_read |= row.engines;
            break;
          case StreamAccess::kUserRead: at.user_read |= row.engines; break;
          case StreamAccess::kKernel: at.kernel_write |= row.engines; break;
          case StreamAccess::kUserDropped: at.user_dropped |= row.engines; break;
          case StreamAccess::kHostIgnores: at.host_ignores |= row.engines; break;
        }
      }
    }
  }

  // Makers of images do not agree on the tail of Gen8, so both generations' registers are taken.
  consteval void AddContextRegisters(Engine engine) {
    for (const Generation generation : {Generation::kGen8, Generation::kGen9}) {
      for (const ContextRegister& reg : LayoutOf(generation, engine).registers) {
        At(EngineMmioBase(engine) + reg.offset).context = true;
      }
    }
  }

  // Offsets from the engine's base. Source: linux v6.1 gt/intel_engine_regs.h; BB_OFFSET: PRM SKL
  // vol 2c.
  consteval void AddChecks(Engine engine) {
    const uint32_t base = EngineMmioBase(engine);
    At(base + 0x09c).check = ValueCheck::kMiMode;
    At(base + 0x0d4).check = ValueCheck::kCsfeChicken;
    At(base + 0x158).check = ValueCheck::kBatchOffset;
    At(base + 0x29c).check = ValueCheck::kGfxMode;
    for (uint32_t i = 0; i < 8; ++i) At(base + 0x270 + 4 * i).check = ValueCheck::kPageTableRoot;
    for (uint32_t i = 0; i < 12; ++i) At(base + 0x4d0 + 4 * i).check = ValueCheck::kNonprivSlot;
  }

  std::array<uint8_t, kChunkCount> index_{};
  std::array<std::array<DwordPolicy, kChunkDwords>, kMaxBlocks> blocks_{};
  uint8_t used_ = 0;
};

inline constexpr std::array<PolicyMap, kPlatformCount> kPolicyMaps = {
    PolicyMap(Platform::kBdw), PolicyMap(Platform::kSkl), PolicyMap(Platform::kKbl),
    PolicyMap(Platform::kCfl), PolicyMap(Platform::kBxt)};

// Index of the engine whose block holds `offset`, or -1.
constexpr int BlockOwner(uint32_t offset) {
  for (unsigned e = 0; e < kEngineCount; ++e) {
    if (offset >> 12 == EngineMmioBase(static_cast<Engine>(e)) >> 12) return static_cast<int>(e);
  }
  return -1;
}

// A non-privileged batch writes no checked register and none of another engine's block; a row that
// says "value checked" has a check.
consteval bool MapsAreSafe() {
  for (const StreamRegister& row : kStreamRegisters) {
    if (row.access != StreamAccess::kUser) continue;
    for (uint32_t i = 0; i < row.dwords; ++i) {
      const uint32_t offset = row.offset + 4 * i;
      if (kPolicyMaps[1][offset].check != ValueCheck::kNone) return false;
      if (const int owner = BlockOwner(offset); owner >= 0 && row.engines != 1u << owner)
        return false;
    }
  }
  for (const RegisterRow& row : kRegisterRows) {
    if (row.Has(kPatch) && kPolicyMaps[1][row.offset].check == ValueCheck::kNone) return false;
  }
  return true;
}
static_assert(MapsAreSafe());

}  // namespace gvt::hw::internal
