// Blits of the slow model: a pixel at a time, a byte at a time, all of the source before any of the
// destination. What it holds meanwhile, and how long it takes, is bounded by max_blit_bytes.
#include "tools/model/slow_model.h"

namespace gvt::model {
namespace {

int64_t Low16(uint32_t value) {
  const auto low = static_cast<int64_t>(value & 0xffff);
  return low >= 0x8000 ? low - 0x10000 : low;
}

uint64_t Field(uint64_t value, unsigned high, unsigned low) {
  return value >> low & ((uint64_t{1} << (high - low + 1)) - 1);
}

}  // namespace

bool SlowModel::Side::IsSound() const {
  if (x < 0 || y < 0) return false;
  if (tiling == 0) return true;
  return pitch_bytes > 0 && pitch_bytes % (tiling == 1 ? 512 : 128) == 0;
}

// A tile is wired by address bits: X has column bits 8:0 below row bits 2:0, Y has column bits 3:0,
// row bits 4:0, column bits 6:4.
uint64_t SlowModel::Side::AddressOf(int64_t x_bytes, int64_t row) const {
  if (tiling == 0) return address + static_cast<uint64_t>(row * pitch_bytes + x_bytes);
  const auto column = static_cast<uint64_t>(x_bytes);
  const auto line = static_cast<uint64_t>(row);
  const auto pitch = static_cast<uint64_t>(pitch_bytes);
  if (tiling == 1) {
    const uint64_t tile = (line >> 3) * (pitch >> 9) + (column >> 9);
    return address + (tile << 12 | Field(line, 2, 0) << 9 | Field(column, 8, 0));
  }
  const uint64_t tile = (line >> 5) * (pitch >> 7) + (column >> 7);
  return address +
         (tile << 12 | Field(column, 6, 4) << 9 | Field(line, 4, 0) << 4 | Field(column, 3, 0));
}

SlowModel::Side SlowModel::SideAt(size_t corner, size_t pitch, size_t address, int tiling) const {
  Side side;
  side.tiling = tiling;
  side.pitch_bytes = tiling == 0 ? Low16(D(pitch)) : int64_t{D(pitch) & 0xffff} * 4;
  side.address = Address(address, 0);
  side.x = Low16(D(corner));
  side.y = Low16(D(corner) >> 16);
  return side;
}

uint8_t* SlowModel::FindByte(uint64_t address) {
  uint32_t* dword = Find(false, address);
  return dword == nullptr ? nullptr : reinterpret_cast<uint8_t*>(dword) + address % 4;
}

uint32_t SlowModel::BytesOfClassicPixel() const {
  const uint32_t depth = D(1) >> 24 & 3;
  return depth == 3 ? 4 : (depth == 0 ? 1 : 2);
}

bool SlowModel::WritesByte(uint32_t byte) const {
  const bool is_fast_copy = (D(0) >> 22 & 0x7f) == 0x42;
  if (is_fast_copy || BytesOfClassicPixel() != 4) return true;
  return byte == 3 ? Header(21) : Header(20);
}

// NOLINTNEXTLINE(readability-function-cognitive-complexity): one function a command
SlowModel::Next SlowModel::DrawPixels(const Side& to, const Side* from, uint32_t pixel_bytes) {
  const int64_t width = Low16(D(3)) - to.x;
  const int64_t height = Low16(D(3) >> 16) - to.y;
  if (width <= 0 || height <= 0 || !to.IsSound() || (from != nullptr && !from->IsSound())) {
    return Next::kGoOn;
  }
  blit_bytes += static_cast<uint64_t>(width * height) * pixel_bytes;
  if (blit_bytes > max_blit_bytes) {
    too_long_ = true;
    return Next::kFault;
  }
  const bool is_fast_copy = (D(0) >> 22 & 0x7f) == 0x42;
  const uint32_t operation = is_fast_copy ? 0xcc : D(1) >> 16 & 0xff;
  std::vector<uint8_t> pixels;
  for (int64_t y = 0; y < height; ++y) {
    for (int64_t i = 0; i < width * pixel_bytes; ++i) {
      if (from == nullptr) {
        pixels.push_back(0);
        continue;
      }
      const uint8_t* byte = FindByte(from->AddressOf(from->x * pixel_bytes + i, from->y + y));
      if (byte == nullptr) return Next::kFault;
      pixels.push_back(*byte);
    }
  }
  size_t next = 0;
  for (int64_t y = 0; y < height; ++y) {
    for (int64_t i = 0; i < width * pixel_bytes; ++i, ++next) {
      const auto byte_of_pixel = static_cast<uint32_t>(i) % pixel_bytes;
      uint8_t* byte = FindByte(to.AddressOf(to.x * pixel_bytes + i, to.y + y));
      if (byte == nullptr) return Next::kFault;
      if (!WritesByte(byte_of_pixel)) continue;
      const uint32_t pattern = from == nullptr ? D(6) >> (8 * byte_of_pixel) : 0;
      uint32_t result = 0;
      for (unsigned bit = 0; bit < 8; ++bit) {
        const uint32_t minterm =
            (pattern >> bit & 1) << 2 | (pixels[next] >> bit & 1u) << 1 | (*byte >> bit & 1u);
        result |= (operation >> minterm & 1) << bit;
      }
      *byte = static_cast<uint8_t>(result);
    }
  }
  return Next::kGoOn;
}

SlowModel::Next SlowModel::XyColorBlt() {
  const uint32_t control = registers[Base() + 0x200];
  const Side to = SideAt(2, 1, 4, !Header(11) ? 0 : ((control & 2) != 0 ? 2 : 1));
  return DrawPixels(to, nullptr, BytesOfClassicPixel());
}

SlowModel::Next SlowModel::XySrcCopyBlt() {
  const uint32_t control = registers[Base() + 0x200];
  const Side to = SideAt(2, 1, 4, !Header(11) ? 0 : ((control & 2) != 0 ? 2 : 1));
  const Side from = SideAt(6, 7, 8, !Header(15) ? 0 : ((control & 1) != 0 ? 2 : 1));
  return DrawPixels(to, &from, BytesOfClassicPixel());
}

SlowModel::Next SlowModel::XyFastCopyBlt() {
  const auto to_tiling = static_cast<int>(D(0) >> 13 & 3);
  const auto from_tiling = static_cast<int>(D(0) >> 20 & 3);
  const uint32_t depth = D(1) >> 24 & 7;
  const bool unsupported = to_tiling == 3 || from_tiling == 3 || depth == 2 || depth > 5 ||
                           (to_tiling == 2 && (D(1) >> 30 & 1) != 0) ||
                           (from_tiling == 2 && (D(1) >> 31 & 1) != 0);
  if (unsupported) return Next::kGoOn;
  const Side to = SideAt(2, 1, 4, to_tiling);
  const Side from = SideAt(6, 7, 8, from_tiling);
  const uint32_t bytes = depth < 2 ? 1u << depth : 1u << (depth - 1);
  return DrawPixels(to, &from, bytes);
}

}  // namespace gvt::model
