// Where the bytes of a tiled surface lie.
//
// A tile is one page. X: 8 rows of 512 bytes. Y: 32 rows of 128 bytes, stored as 8 columns of 16
// bytes. These generations do not swizzle bit 6 on the way.
//
// Source: PRM SKL vol 5 "Memory Views" (tiling formats).
#pragma once

#include <cstdint>

#include "base/address.h"

namespace gvt::hw {

enum class Tiling : uint8_t { kLinear, kX, kY };

inline constexpr uint64_t kXTileWidth = 512;
inline constexpr uint64_t kXTileRows = 8;
inline constexpr uint64_t kYTileWidth = 128;
inline constexpr uint64_t kYTileRows = 32;
inline constexpr uint64_t kYColumnBytes = 16;

// The pitch of a surface is a multiple of it.
constexpr uint64_t TileWidth(Tiling tiling) {
  switch (tiling) {
    case Tiling::kX: return kXTileWidth;
    case Tiling::kY: return kYTileWidth;
    case Tiling::kLinear: break;
  }
  return 1;
}

// Offset of byte `x` of row `y` from the start of the surface.
constexpr uint64_t SurfaceOffset(Tiling tiling, uint64_t pitch_bytes, uint64_t x, uint64_t y) {
  if (tiling == Tiling::kLinear) return y * pitch_bytes + x;
  const uint64_t width = TileWidth(tiling);
  const uint64_t rows = tiling == Tiling::kX ? kXTileRows : kYTileRows;
  const uint64_t tile = y / rows * (pitch_bytes / width) + x / width;
  const uint64_t row = y % rows;
  const uint64_t column = x % width;
  const uint64_t in_tile = tiling == Tiling::kX
                               ? row * kXTileWidth + column
                               : column / kYColumnBytes * (kYTileRows * kYColumnBytes) +
                                     row * kYColumnBytes + column % kYColumnBytes;
  return tile * kPageSize + in_tile;
}

// How many bytes from byte `x` of a row on lie side by side. 1..512; a linear row never ends.
constexpr uint64_t ContiguousBytes(Tiling tiling, uint64_t x) {
  if (tiling == Tiling::kLinear) return ~uint64_t{0};
  const uint64_t piece = tiling == Tiling::kX ? kXTileWidth : kYColumnBytes;
  return piece - x % piece;
}

}  // namespace gvt::hw
