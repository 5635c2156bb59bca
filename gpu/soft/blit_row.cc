// Everything monochrome is made color first, a row at a time; the raster operation then sees three
// rows of bytes and takes eight at once.
//
// Invariants:
// 1. A row is read whole before any of it is written: source and destination may overlap.
// 2. Bytes that are not to be written are not written, not even with what was read: a CPU may have
//    changed them since. So a row with holes goes out in runs.
// 3. An operand that has no influence is not read, and cannot fault.
//
// Cost: of a plain copy or fill a read and a write a row; vectors grow to the widest row and stay.
// Bound: a row is below 2^16 pixels of 16 bytes.
#include "gpu/soft/blit_row.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "base/bits.h"

namespace gvt::gpu::soft {
namespace {

constexpr uint32_t kPatternSide = 8;
constexpr std::byte kEnabled{0xff};

DataAddress AddressAt(const BlitSurface& surface, uint64_t x_bytes, uint32_t row) {
  const uint64_t y = static_cast<uint64_t>(surface.y) + row;
  const auto pitch = static_cast<uint64_t>(surface.pitch_bytes);  // negative ones wrap
  const uint64_t offset = hw::SurfaceOffset(surface.tiling, pitch, x_bytes, y);
  return {hw::AddressSpace::kPpgtt, surface.address + offset};
}

// Calls `move(address, first, count)` for the pieces that bytes [first, end) of a row of the
// rectangle lie in.
template <typename Move>
void ForEachPiece(const Blit& blit, const BlitSurface& surface, uint32_t row, size_t first,
                  size_t end, Move move) {
  const uint64_t left = static_cast<uint64_t>(surface.x) * blit.pixel_bytes;
  while (first < end) {
    const uint64_t side_by_side = hw::ContiguousBytes(surface.tiling, left + first);
    const size_t count = std::min<uint64_t>(side_by_side, end - first);
    move(AddressAt(surface, left + first, row), first, count);
    first += count;
  }
}

void PutColor(uint32_t color, uint32_t pixel_bytes, std::byte* to) {
  static_assert(std::endian::native == std::endian::little);
  std::memcpy(to, &color, pixel_bytes);
}

// `row` begins with `first` bytes; the rest repeats them.
void Repeat(size_t first, std::span<std::byte> row) {
  for (size_t done = std::min(first, row.size()); done < row.size(); done *= 2) {
    std::memcpy(row.data() + done, row.data(), std::min(done, row.size() - done));
  }
}

struct Component {
  uint8_t high;
  uint8_t low;
};

// The last is alpha, where there are four.
std::span<const Component> ComponentsOf(PixelFormat format) {
  static constexpr Component k8[] = {{7, 0}};
  static constexpr Component k565[] = {{4, 0}, {10, 5}, {15, 11}};
  static constexpr Component k1555[] = {{4, 0}, {9, 5}, {14, 10}, {15, 15}};
  static constexpr Component k8888[] = {{7, 0}, {15, 8}, {23, 16}, {31, 24}};
  switch (format) {
    case PixelFormat::k565: return k565;
    case PixelFormat::k1555: return k1555;
    case PixelFormat::k8888: return k8888;
    default: return k8;
  }
}

bool IsInside(const ColorKey& key, PixelFormat format, uint32_t color) {
  std::span<const Component> components = ComponentsOf(format);
  if (components.size() == 4 && !key.with_alpha) components = components.first(3);
  return std::all_of(components.begin(), components.end(), [&](Component component) {
    const uint32_t value = Bits(color, component.high, component.low);
    return value >= Bits(key.low, component.high, component.low) &&
           value <= Bits(key.high, component.high, component.low);
  });
}

// Bytes [first_byte, first_byte + out.size()) of what a monochrome source or a pattern is made of.
void ReadData(const BlitData& data, uint64_t first_byte, std::span<std::byte> out,
              DataMemory& memory) {
  if (!data.is_inline) {
    memory.LoadBytes({hw::AddressSpace::kPpgtt, data.address + first_byte}, out);
    return;
  }
  const uint64_t begin = std::min<uint64_t>(first_byte, data.bytes.size());
  const size_t count = std::min<uint64_t>(out.size(), data.bytes.size() - begin);
  std::copy_n(data.bytes.begin() + static_cast<ptrdiff_t>(begin), count, out.begin());
  std::fill(out.begin() + static_cast<ptrdiff_t>(count), out.end(), std::byte{0});
}

}  // namespace

void BlitRow::Begin(const Blit& blit) {
  blit_ = &blit;
  size_bytes_ = size_t{blit.width} * blit.pixel_bytes;
  const bool keyed_by_source = blit.key.mode == ColorKey::Mode::kNotSource;
  const bool keyed_by_pattern = keyed_by_source && blit.source == SourceKind::kNone;
  reads_source_ = blit.source != SourceKind::kNone &&
                  (blit.operation.uses_source() || blit.source_is_transparent || keyed_by_source);
  reads_pattern_ =
      blit.pattern != PatternKind::kNone &&
      (blit.operation.uses_pattern() || blit.pattern_is_transparent || keyed_by_pattern);
  reads_destination_ =
      blit.operation.uses_destination() || blit.key.mode == ColorKey::Mode::kDestination;
  const uint32_t all = LowMask32(blit.pixel_bytes);
  writes_all_ = (blit.written_bytes & all) == all && !blit.source_is_transparent &&
                !blit.pattern_is_transparent && blit.key.mode == ColorKey::Mode::kNone;
  source_.assign(size_bytes_, std::byte{0});
  pattern_.assign(size_bytes_, std::byte{0});
  destination_.assign(size_bytes_, std::byte{0});
  if (!writes_all_) enabled_.resize(size_bytes_);
  if (blit.pattern == PatternKind::kSolid) {
    PutColor(blit.pattern_colors[0], blit.pixel_bytes, pattern_.data());
    Repeat(blit.pixel_bytes, pattern_);
  }
}

void BlitRow::Draw(uint32_t row, DataMemory& memory) {
  if (!writes_all_) {
    for (uint32_t i = 0; i < blit_->pixel_bytes; ++i) {
      enabled_[i] = Bit(blit_->written_bytes, i) ? kEnabled : std::byte{0};
    }
    Repeat(blit_->pixel_bytes, enabled_);
  }
  if (reads_source_ && blit_->source == SourceKind::kPixels) {
    ReadPixels(blit_->from, row, source_, memory);
  } else if (reads_source_) {
    ReadBits(row, memory);
  }
  if (reads_pattern_) ReadPattern(row, memory);
  if (reads_destination_) ReadPixels(blit_->to, row, destination_, memory);
  if (memory.fault().pending) return;
  if (blit_->key.mode != ColorKey::Mode::kNone) ApplyKey();
  Write(Combine(), row, memory);
}

void BlitRow::ReadPixels(const BlitSurface& surface, uint32_t row, std::span<std::byte> out,
                         DataMemory& memory) {
  ForEachPiece(*blit_, surface, row, 0, out.size(),
               [&](DataAddress from, size_t first, size_t count) {
                 memory.LoadBytes(from, out.subspan(first, count));
               });
}

void BlitRow::Disable(size_t pixel) {
  std::fill_n(enabled_.begin() + static_cast<ptrdiff_t>(pixel * blit_->pixel_bytes),
              blit_->pixel_bytes, std::byte{0});
}

void BlitRow::ReadBits(uint32_t row, DataMemory& memory) {
  constexpr unsigned kTopBit = 7;
  const BlitBits& bits = blit_->source_bits;
  const uint64_t first_bit = bits.first_bit + row * bits.row_bits;
  const uint64_t first_byte = first_bit / 8;
  bits_.resize((first_bit + blit_->width + 7) / 8 - first_byte);
  ReadData(bits.data, first_byte, bits_, memory);
  for (size_t pixel = 0; pixel < blit_->width; ++pixel) {
    const uint64_t at = first_bit % 8 + pixel;
    const auto byte = std::to_integer<uint32_t>(bits_[at / 8]);
    const bool is_set = Bit(byte, kTopBit - static_cast<unsigned>(at % 8));
    PutColor(blit_->source_colors[is_set ? 1 : 0], blit_->pixel_bytes,
             source_.data() + pixel * blit_->pixel_bytes);
    if (!is_set && blit_->source_is_transparent) Disable(pixel);
  }
}

void BlitRow::ReadPattern(uint32_t row, DataMemory& memory) {
  constexpr size_t kMostBytes = kPatternSide * sizeof(uint32_t);
  const uint32_t pattern_row = (blit_->pattern_y + row) % kPatternSide;
  if (blit_->pattern == PatternKind::kBits) {
    return TileBits(static_cast<uint8_t>(blit_->pattern_bits >> (8 * pattern_row)));
  }
  if (blit_->pattern != PatternKind::kPixels) return;
  std::byte pixels[kMostBytes];
  const size_t bytes = size_t{kPatternSide} * blit_->pixel_bytes;
  const std::span<std::byte> tile = std::span(pixels).first(bytes);
  ReadData(blit_->pattern_data, uint64_t{pattern_row} * bytes, tile, memory);
  const size_t turn = size_t{blit_->pattern_x} * blit_->pixel_bytes;
  std::rotate(tile.begin(), tile.begin() + static_cast<ptrdiff_t>(turn), tile.end());
  std::copy_n(tile.begin(), std::min(bytes, size_bytes_), pattern_.begin());
  Repeat(bytes, pattern_);
}

void BlitRow::TileBits(uint8_t bits) {
  constexpr unsigned kTopBit = 7;
  const size_t first = std::min<size_t>(kPatternSide, blit_->width);
  for (size_t pixel = 0; pixel < first; ++pixel) {
    const auto at = static_cast<unsigned>((blit_->pattern_x + pixel) % kPatternSide);
    PutColor(blit_->pattern_colors[Bit(bits, kTopBit - at) ? 1 : 0], blit_->pixel_bytes,
             pattern_.data() + pixel * blit_->pixel_bytes);
  }
  Repeat(first * blit_->pixel_bytes, pattern_);
  if (!blit_->pattern_is_transparent) return;
  for (size_t pixel = 0; pixel < blit_->width; ++pixel) {
    const auto at = static_cast<unsigned>((blit_->pattern_x + pixel) % kPatternSide);
    if (!Bit(bits, kTopBit - at)) Disable(pixel);
  }
}

void BlitRow::ApplyKey() {
  const bool by_destination = blit_->key.mode == ColorKey::Mode::kDestination;
  const std::span<const std::byte> by = by_destination  ? std::span<const std::byte>(destination_)
                                        : reads_source_ ? std::span<const std::byte>(source_)
                                                        : std::span<const std::byte>(pattern_);
  for (size_t pixel = 0; pixel < blit_->width; ++pixel) {
    uint32_t color = 0;
    std::memcpy(&color, by.data() + pixel * blit_->pixel_bytes, blit_->pixel_bytes);
    if (IsInside(blit_->key, blit_->format, color) != by_destination) Disable(pixel);
  }
}

std::span<const std::byte> BlitRow::Combine() {
  const RasterOperation& operation = blit_->operation;
  if (operation.code() == RasterOperation::kSource) return source_;
  if (operation.code() == RasterOperation::kPattern) return pattern_;
  for (size_t at = 0; at < size_bytes_; at += sizeof(uint64_t)) {
    const size_t count = std::min(sizeof(uint64_t), size_bytes_ - at);
    uint64_t pattern = 0;
    uint64_t source = 0;
    uint64_t destination = 0;
    std::memcpy(&pattern, pattern_.data() + at, count);
    std::memcpy(&source, source_.data() + at, count);
    std::memcpy(&destination, destination_.data() + at, count);
    const uint64_t result = operation(pattern, source, destination);
    std::memcpy(destination_.data() + at, &result, count);
  }
  return destination_;
}

void BlitRow::Write(std::span<const std::byte> result, uint32_t row, DataMemory& memory) {
  if (writes_all_) return WriteRun(result, row, 0, size_bytes_, memory);
  for (size_t first = 0; first < size_bytes_;) {
    if (enabled_[first] != kEnabled) {
      ++first;
      continue;
    }
    const auto end =
        std::find(enabled_.begin() + static_cast<ptrdiff_t>(first), enabled_.end(), std::byte{0});
    const auto behind = static_cast<size_t>(end - enabled_.begin());
    WriteRun(result, row, first, behind, memory);
    first = behind;
  }
}

void BlitRow::WriteRun(std::span<const std::byte> result, uint32_t row, size_t first, size_t end,
                       DataMemory& memory) {
  ForEachPiece(*blit_, blit_->to, row, first, end, [&](DataAddress to, size_t at, size_t count) {
    memory.StoreBytes(to, result.subspan(at, count));
  });
}

}  // namespace gvt::gpu::soft
