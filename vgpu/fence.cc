// The address within a fence is cut into row and column by its pitch; hw/tiling.h has the rest.
//
// Source: see the header.
#include "vgpu/fence.h"

#include "base/bits.h"

namespace gvt::vgpu {
namespace {

constexpr uint64_t kPitchUnit = 128;

}  // namespace

std::optional<Fence> Fence::Decode(uint64_t raw) {
  if ((raw & 1) == 0) return std::nullopt;
  Fence fence;
  fence.tiling_ = Bit(raw, 1) ? hw::Tiling::kY : hw::Tiling::kX;
  fence.first_ = Gma(Bits<uint64_t>(raw, 31, 12) << kPageShift);
  fence.last_ = Gma(Bits<uint64_t>(raw, 63, 44) << kPageShift | kPageOffsetMask);
  fence.pitch_bytes_ = (Bits<uint64_t>(raw, 43, 32) + 1) * kPitchUnit;
  if (fence.pitch_bytes_ % hw::TileWidth(fence.tiling_) != 0) return std::nullopt;
  return fence;
}

Gma Fence::TileAddress(Gma address) const {
  const uint64_t offset = address.value - first_.value;
  return first_ +
         hw::SurfaceOffset(tiling_, pitch_bytes_, offset % pitch_bytes_, offset / pitch_bytes_);
}

uint64_t Fence::PieceBytes(Gma address) const {
  return hw::ContiguousBytes(tiling_, (address.value - first_.value) % pitch_bytes_);
}

}  // namespace gvt::vgpu
