// Fence registers: ranges of the aperture that the CPU sees as lines although memory holds tiles.
//
// Source: PRM SKL vol 5 "Memory Views" (fences), linux v6.1 i915_reg.h
// FENCE_REG_GEN6_*.
#pragma once

#include <cstdint>
#include <optional>

#include "base/address.h"
#include "hw/tiling.h"

namespace gvt::vgpu {

inline constexpr uint32_t kFenceRegisters = 0x100000;
inline constexpr uint32_t kMaxFences = 32;

class Fence {
 public:
  Fence() = default;
  // The fence that a 64-bit register names; nullopt if it is not valid or its pitch fits no tile.
  static std::optional<Fence> Decode(uint64_t raw);

  bool Contains(Gma address) const { return address >= first_ && address <= last_; }
  // Where the byte lies that the CPU sees at `address`, which Contains(). The result may be beyond
  // the fence if its height is no multiple of a tile's.
  Gma TileAddress(Gma address) const;
  // How many bytes from `address` on lie in one piece. 1..512.
  uint64_t PieceBytes(Gma address) const;

 private:
  Gma first_;
  Gma last_;  // inclusive
  uint64_t pitch_bytes_ = 0;
  hw::Tiling tiling_ = hw::Tiling::kX;
};

}  // namespace gvt::vgpu
