// The address within a fence is cut into row and column by its pitch; tile row, tile column and the
// place in the tile follow. These generations do not swizzle bit 6.
//
// Source: see the header.
#include "vgpu/fence.h"

#include "base/bits.h"

namespace gvt::vgpu {
namespace {

constexpr uint64_t kXTileWidth = 512;
constexpr uint64_t kXTileRows = 8;
constexpr uint64_t kYTileWidth = 128;
constexpr uint64_t kYTileRows = 32;
constexpr uint64_t kYColumnBytes = 16;
constexpr uint64_t kPitchUnit = 128;

}  // namespace

std::optional<Fence> Fence::Decode(uint64_t raw) {
  if ((raw & 1) == 0) return std::nullopt;
  Fence fence;
  fence.y_major_ = Bit(raw, 1);
  fence.first_ = Gma(Bits<uint64_t>(raw, 31, 12) << kPageShift);
  fence.last_ = Gma(Bits<uint64_t>(raw, 63, 44) << kPageShift | kPageOffsetMask);
  fence.pitch_bytes_ = (Bits<uint64_t>(raw, 43, 32) + 1) * kPitchUnit;
  const uint64_t width = fence.y_major_ ? kYTileWidth : kXTileWidth;
  if (fence.pitch_bytes_ % width != 0) return std::nullopt;
  return fence;
}

Gma Fence::TileAddress(Gma address) const {
  const uint64_t offset = address.value - first_.value;
  const uint64_t row = offset / pitch_bytes_;
  const uint64_t column = offset % pitch_bytes_;
  const uint64_t width = y_major_ ? kYTileWidth : kXTileWidth;
  const uint64_t rows = y_major_ ? kYTileRows : kXTileRows;
  const uint64_t tile = row / rows * (pitch_bytes_ / width) + column / width;
  const uint64_t y = row % rows;
  const uint64_t x = column % width;
  const uint64_t in_tile = y_major_ ? x / kYColumnBytes * (kYTileRows * kYColumnBytes) +
                                          y * kYColumnBytes + x % kYColumnBytes
                                    : y * kXTileWidth + x;
  return first_ + (tile * kPageSize + in_tile);
}

uint64_t Fence::PieceBytes(Gma address) const {
  const uint64_t piece = y_major_ ? kYColumnBytes : kXTileWidth;
  return piece - (address.value - first_.value) % piece;
}

}  // namespace gvt::vgpu
