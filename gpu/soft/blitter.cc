// A rectangle of pixels, row by row: read the source row, read the destination row where the
// operation wants it, combine, write.
//
// Invariants:
// 1. A row is read whole before any of it is written, and rows go from the bottom up where the
//    source lies before the destination: surfaces may overlap.
// 2. A part is bounded, so that control can be taken away from the largest rectangle.
//
// What hardware leaves open draws nothing here: an empty rectangle, negative coordinates, a pitch
// that fits no tile. Clipping and the tiles Yf and Ys are not supported; a command that asks for
// such tiles draws nothing, the clip window of XY_SETUP_BLT is not looked at.
//
// Source: PRM SKL vol 2a "XY_COLOR_BLT", "XY_SRC_COPY_BLT", "XY_FAST_COPY_BLT"; vol 10 "Raster
// operations"; linux v6.1 gt/intel_gpu_commands.h, gt/intel_engine_regs.h (BCS_SWCTRL).
#include "gpu/soft/blitter.h"

#include <algorithm>
#include <bit>

#include "base/bits.h"
#include "hw/tiling.h"

namespace gvt::gpu::soft {
namespace {

using hw::Tiling;

// header[31:22]: client and opcode.
enum BlitOpcode : uint32_t { kFastCopy = 0x142, kColor = 0x150, kSourceCopy = 0x153 };

constexpr uint32_t kCopySource = 0xcc;

struct Surface {
  uint64_t address = 0;
  int64_t pitch_bytes = 0;
  Tiling tiling = Tiling::kLinear;
  int32_t x = 0;  // in pixels
  int32_t y = 0;
};

struct Blit {
  Surface to;
  Surface from;
  bool has_source = false;
  int32_t width = 0;  // in pixels
  int32_t height = 0;
  uint32_t pixel_bytes = 1;
  uint32_t raster_operation = kCopySource;
  uint32_t color = 0;
  uint32_t written_bytes = ~0u;  // bit n: byte n of each pixel is written
};

int32_t Signed16(uint32_t value) {
  return std::bit_cast<int16_t>(static_cast<uint16_t>(value));
}

void Place(uint32_t corner, Surface* surface) {
  surface->x = Signed16(corner);
  surface->y = Signed16(corner >> 16);
}

// Tiled surfaces count their pitch in dwords.
int64_t PitchOf(uint32_t field, Tiling tiling) {
  if (tiling == Tiling::kLinear) return Signed16(field);
  return int64_t{field & 0xffff} * 4;
}

void TakeRectangle(std::span<const uint32_t> dwords, Blit* blit) {
  Place(dwords[2], &blit->to);
  blit->width = Signed16(dwords[3]) - blit->to.x;
  blit->height = Signed16(dwords[3] >> 16) - blit->to.y;
  blit->to.address = Join64(dwords[4], dwords[5]);
}

void TakeSource(std::span<const uint32_t> dwords, Blit* blit) {
  blit->has_source = true;
  Place(dwords[6], &blit->from);
  blit->from.pitch_bytes = PitchOf(dwords[7], blit->from.tiling);
  blit->from.address = Join64(dwords[8], dwords[9]);
}

// XY_COLOR_BLT and XY_SRC_COPY_BLT.
Blit DecodeClassic(std::span<const uint32_t> dwords, uint32_t software_control) {
  constexpr unsigned kWriteColor = 20;
  constexpr unsigned kWriteAlpha = 21;
  constexpr unsigned kSourceTiled = 15;
  constexpr unsigned kDestinationTiled = 11;
  constexpr unsigned kSourceIsY = 0;
  constexpr unsigned kDestinationIsY = 1;
  constexpr uint32_t kPixelBytes[] = {1, 2, 2, 4};
  const auto tiling = [&](unsigned tiled, unsigned is_y) {
    if (!Bit(dwords[0], tiled)) return Tiling::kLinear;
    return Bit(software_control, is_y) ? Tiling::kY : Tiling::kX;
  };
  Blit blit;
  blit.to.tiling = tiling(kDestinationTiled, kDestinationIsY);
  blit.to.pitch_bytes = PitchOf(dwords[1], blit.to.tiling);
  blit.pixel_bytes = kPixelBytes[Bits(dwords[1], 25, 24)];
  blit.raster_operation = Bits(dwords[1], 23, 16);
  if (blit.pixel_bytes == 4) {
    blit.written_bytes =
        (Bit(dwords[0], kWriteColor) ? 7u : 0) | (Bit(dwords[0], kWriteAlpha) ? 8u : 0);
  }
  TakeRectangle(dwords, &blit);
  if (dwords[0] >> 22 == kColor) {
    blit.color = dwords[6];
  } else {
    blit.from.tiling = tiling(kSourceTiled, kSourceIsY);
    TakeSource(dwords, &blit);
  }
  return blit;
}

// False: tiles that are not supported, or a reserved depth.
bool DecodeFastCopy(std::span<const uint32_t> dwords, Blit* blit) {
  constexpr unsigned kSourceIsYf = 31;
  constexpr unsigned kDestinationIsYf = 30;
  constexpr uint32_t kPixelBytes[] = {1, 2, 0, 4, 8, 16, 0, 0};
  const auto take_tiling = [&](uint32_t code, unsigned is_yf, Tiling* tiling) {
    if (code == 3 || (code == 2 && Bit(dwords[1], is_yf))) return false;
    *tiling = static_cast<Tiling>(code);
    return true;
  };
  if (!take_tiling(Bits(dwords[0], 14, 13), kDestinationIsYf, &blit->to.tiling)) return false;
  if (!take_tiling(Bits(dwords[0], 21, 20), kSourceIsYf, &blit->from.tiling)) return false;
  blit->pixel_bytes = kPixelBytes[Bits(dwords[1], 26, 24)];
  blit->to.pitch_bytes = PitchOf(dwords[1], blit->to.tiling);
  TakeRectangle(dwords, blit);
  TakeSource(dwords, blit);
  return blit->pixel_bytes != 0;
}

bool IsDrawable(const Surface& surface) {
  if (surface.x < 0 || surface.y < 0) return false;
  if (surface.tiling == Tiling::kLinear) return true;
  return surface.pitch_bytes > 0 &&
         static_cast<uint64_t>(surface.pitch_bytes) % hw::TileWidth(surface.tiling) == 0;
}

DataAddress AddressAt(const Surface& surface, uint64_t x_bytes, uint32_t row) {
  const uint64_t y = static_cast<uint64_t>(surface.y) + row;
  const auto pitch = static_cast<uint64_t>(surface.pitch_bytes);  // negative ones wrap
  const uint64_t offset = hw::SurfaceOffset(surface.tiling, pitch, x_bytes, y);
  return {hw::AddressSpace::kPpgtt, surface.address + offset};
}

// Calls `move(address, first, count)` for the pieces of `bytes` bytes of a row of the rectangle.
template <typename Move>
void ForEachPiece(const Surface& surface, uint32_t pixel_bytes, uint32_t row, size_t bytes,
                  Move move) {
  const uint64_t left = static_cast<uint64_t>(surface.x) * pixel_bytes;
  for (size_t first = 0; first < bytes;) {
    const uint64_t side_by_side = hw::ContiguousBytes(surface.tiling, left + first);
    const size_t count = std::min<uint64_t>(side_by_side, bytes - first);
    move(AddressAt(surface, left + first, row), first, count);
    first += count;
  }
}

void ReadRow(const Surface& surface, uint32_t pixel_bytes, uint32_t row, std::span<std::byte> out,
             DataMemory& memory) {
  ForEachPiece(surface, pixel_bytes, row, out.size(),
               [&](DataAddress from, size_t first, size_t count) {
                 memory.LoadBytes(from, out.subspan(first, count));
               });
}

// Bit n of the operation is the result where pattern, source and destination are the bits of n.
uint8_t Combine(uint32_t operation, uint8_t pattern, uint8_t source, uint8_t destination) {
  uint32_t result = 0;
  for (unsigned n = 0; n < 8; ++n) {
    if (!Bit(operation, n)) continue;
    const uint32_t p = Bit(n, 2) ? pattern : ~uint32_t{pattern};
    const uint32_t s = Bit(n, 1) ? source : ~uint32_t{source};
    const uint32_t d = Bit(n, 0) ? destination : ~uint32_t{destination};
    result |= p & s & d;
  }
  return static_cast<uint8_t>(result);
}

bool UsesDestination(const Blit& blit) {
  const uint32_t all = LowMask32(blit.pixel_bytes);
  const uint32_t where_set = blit.raster_operation & 0xaa;
  const uint32_t where_clear = blit.raster_operation & 0x55;
  return where_set >> 1 != where_clear || (blit.written_bytes & all) != all;
}

void CombineRow(const Blit& blit, std::span<const std::byte> source, std::span<std::byte> row) {
  for (size_t i = 0; i < row.size(); ++i) {
    const uint32_t byte_of_pixel = static_cast<uint32_t>(i) % blit.pixel_bytes;
    if (!Bit(blit.written_bytes, byte_of_pixel)) continue;
    const auto pattern = static_cast<uint8_t>(blit.color >> (8 * (byte_of_pixel % 4)));
    row[i] = std::byte{Combine(blit.raster_operation, pattern, std::to_integer<uint8_t>(source[i]),
                               std::to_integer<uint8_t>(row[i]))};
  }
}

// `source` and `destination`: of a row's size.
void DrawRow(const Blit& blit, uint32_t row, bool copies, std::vector<std::byte>* source,
             std::vector<std::byte>* destination, DataMemory& memory) {
  std::span<std::byte> out(*source);
  if (blit.has_source) ReadRow(blit.from, blit.pixel_bytes, row, *source, memory);
  if (!copies) {
    out = *destination;
    if (UsesDestination(blit)) ReadRow(blit.to, blit.pixel_bytes, row, out, memory);
    CombineRow(blit, *source, out);
  }
  if (memory.fault().pending) return;
  ForEachPiece(blit.to, blit.pixel_bytes, row, out.size(),
               [&](DataAddress to, size_t first, size_t count) {
                 memory.StoreBytes(to, out.subspan(first, count));
               });
}

}  // namespace

bool IsBlit(uint32_t header) {
  const uint32_t opcode = header >> 22;
  return opcode == kFastCopy || opcode == kColor || opcode == kSourceCopy;
}

bool Blitter::RunPart(std::span<const uint32_t> dwords, uint32_t software_control,
                      DataMemory& memory) {
  Blit blit;
  if (dwords[0] >> 22 == kFastCopy) {
    if (!DecodeFastCopy(dwords, &blit)) return true;
  } else {
    blit = DecodeClassic(dwords, software_control);
  }
  if (blit.width <= 0 || blit.height <= 0 || !IsDrawable(blit.to)) return true;
  if (blit.has_source && !IsDrawable(blit.from)) return true;

  const auto rows = static_cast<uint32_t>(blit.height);
  const size_t row_bytes = static_cast<size_t>(blit.width) * blit.pixel_bytes;
  const bool upwards =
      blit.has_source && AddressAt(blit.from, 0, 0).value < AddressAt(blit.to, 0, 0).value;
  const bool copies = blit.raster_operation == kCopySource && !UsesDestination(blit);
  source_.resize(row_bytes);
  destination_.resize(row_bytes);
  if (!blit.has_source) std::fill(source_.begin(), source_.end(), std::byte{0});
  for (uint64_t moved = 0; rows_done_ < rows && moved < kPartBytes; moved += row_bytes) {
    const uint32_t row = upwards ? rows - 1 - rows_done_ : rows_done_;
    DrawRow(blit, row, copies, &source_, &destination_, memory);
    ++rows_done_;
    if (memory.fault().pending) break;
  }
  const bool done = rows_done_ >= rows || memory.fault().pending;
  if (done) rows_done_ = 0;
  return done;
}

}  // namespace gvt::gpu::soft
