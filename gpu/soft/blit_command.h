// What a command of the blitter asks for, whichever of the 29 it is: a rectangle, where its three
// operands come from, and which bytes are written.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "gpu/soft/raster_operation.h"
#include "hw/tiling.h"

namespace gvt::gpu::soft {

// Registers of the blitter that outlive a command, as the dwords of the XY_SETUP_BLT or
// XY_SETUP_MONO_PATTERN_SL_BLT that set them. XY_SETUP_CLIP_BLT replaces two.
using BlitSetup = std::array<uint32_t, 10>;

// A pixel of a surface, and how to get from it to the others.
struct BlitSurface {
  uint64_t address = 0;
  int64_t pitch_bytes = 0;
  hw::Tiling tiling = hw::Tiling::kLinear;
  int32_t x = 0;  // in pixels
  int32_t y = 0;
};

// Bytes of memory, or of the command itself.
struct BlitData {
  bool is_inline = false;
  uint64_t address = 0;
  std::span<const std::byte> bytes;  // behind them are zeros
};

enum class SourceKind : uint8_t { kNone, kPixels, kBits };
enum class PatternKind : uint8_t { kNone, kSolid, kPixels, kBits };

// Monochrome pixels: the first of a byte is its bit 7.
struct BlitBits {
  BlitData data;
  uint64_t first_bit = 0;  // of the rectangle's first pixel
  uint64_t row_bits = 0;   // from a row to the next
};

// Each color component inside [low, high].
struct ColorKey {
  enum class Mode : uint8_t { kNone, kNotSource, kDestination };
  Mode mode = Mode::kNone;  // what of a pixel decides that it is written
  bool with_alpha = false;
  uint32_t low = 0;
  uint32_t high = 0;
};

enum class PixelFormat : uint8_t { k8, k565, k1555, k8888, k64, k128 };

struct Blit {
  BlitSurface to;
  uint32_t width = 0;  // in pixels, > 0
  uint32_t height = 0;
  PixelFormat format = PixelFormat::k8;
  uint32_t pixel_bytes = 1;
  RasterOperation operation{RasterOperation::kSource};
  uint32_t written_bytes = ~0u;  // bit n: byte n of each pixel is written

  SourceKind source = SourceKind::kNone;
  BlitSurface from;
  BlitBits source_bits;
  uint32_t source_colors[2] = {};      // of a clear and a set bit
  bool source_is_transparent = false;  // where a bit is clear nothing is written

  PatternKind pattern = PatternKind::kNone;
  BlitData pattern_data;            // 8 rows of 8 pixels
  uint64_t pattern_bits = 0;        // byte n: row n
  uint32_t pattern_colors[2] = {};  // a solid one is [0]
  bool pattern_is_transparent = false;
  uint32_t pattern_x = 0;  // of the rectangle's first pixel, 0..7
  uint32_t pattern_y = 0;

  ColorKey key;
  bool bottom_up = false;  // the last row first: the source lies before the destination
};

// The header is one of the blitter's.
constexpr bool IsBlit(uint32_t header) {
  constexpr uint32_t kBlitterClient = 2;
  return header >> 29 == kBlitterClient;
}

// `dwords`: the whole command, of a length that its row allows; outlives the result. `control`:
// BCS_SWCTRL. nullopt: it draws nothing. A setup command changes *setup.
std::optional<Blit> DecodeBlit(std::span<const uint32_t> dwords, uint32_t control,
                               BlitSetup* setup);

}  // namespace gvt::gpu::soft
