// Every pixel of a row is computed, from operands that are asked for it alone; then the row is
// written. Nothing is shared with the blitter that this checks, and nothing is fast: what is drawn
// is bounded by max_bytes.
//
// Source: as gpu/soft/blit_command.cc.
#include "tools/model/slow_blitter.h"

#include <algorithm>
#include <map>

namespace gvt::model {
namespace {

int64_t Low16(uint32_t value) {
  const auto low = static_cast<int64_t>(value & 0xffff);
  return low >= 0x8000 ? low - 0x10000 : low;
}

uint64_t Field(uint64_t value, unsigned high, unsigned low) {
  return value >> low & ((uint64_t{1} << (high - low + 1)) - 1);
}

bool IsSet(uint32_t value, unsigned bit) {
  return (value >> bit & 1) != 0;
}

std::array<uint8_t, 16> BytesOf(uint32_t color) {
  return {static_cast<uint8_t>(color), static_cast<uint8_t>(color >> 8),
          static_cast<uint8_t>(color >> 16), static_cast<uint8_t>(color >> 24)};
}

// The truth table of an operation, looked up.
bool Holds(uint32_t operation, bool pattern, bool source, bool destination) {
  const unsigned row = (pattern ? 4u : 0u) + (source ? 2u : 0u) + (destination ? 1u : 0u);
  return IsSet(operation, row);
}

// Whether an operand ever makes a difference. which: 0 destination, 1 source, 2 pattern.
bool Matters(uint32_t operation, unsigned which) {
  for (unsigned row = 0; row < 8; ++row) {
    if (IsSet(operation, row) != IsSet(operation, row ^ (1u << which))) return true;
  }
  return false;
}

// Where a bit stands in a byte whose first pixel is the highest.
bool PixelOf(uint8_t byte, uint64_t position) {
  return (byte << position & 0x80) != 0;
}

}  // namespace

bool SlowBlitter::Side::FitsTiles() const {
  if (tiling == 0) return true;
  return pitch > 0 && pitch % (tiling == 1 ? 512 : 128) == 0;
}

// A tile is wired by address bits: X has column bits 8:0 below row bits 2:0, Y has column bits 3:0,
// row bits 4:0, column bits 6:4.
uint64_t SlowBlitter::Side::At(int64_t x_bytes, int64_t y) const {
  if (tiling == 0) return base + static_cast<uint64_t>(y * pitch + x_bytes);
  const auto column = static_cast<uint64_t>(x_bytes);
  const auto line = static_cast<uint64_t>(y);
  const auto width = static_cast<uint64_t>(pitch);
  if (tiling == 1) {
    const uint64_t tile = (line >> 3) * (width >> 9) + (column >> 9);
    return base + (tile << 12 | Field(line, 2, 0) << 9 | Field(column, 8, 0));
  }
  const uint64_t tile = (line >> 5) * (width >> 7) + (column >> 7);
  return base +
         (tile << 12 | Field(column, 6, 4) << 9 | Field(line, 4, 0) << 4 | Field(column, 3, 0));
}

uint64_t SlowBlitter::Task::PixelBytes() const {
  constexpr uint64_t kBytes[] = {1, 2, 2, 4, 8, 16};
  return kBytes[depth];
}

uint64_t SlowBlitter::Address(size_t dword) const {
  return D(dword) | uint64_t{D(dword + 1)} << 32;
}

int SlowBlitter::TilingOf(unsigned tiled, unsigned is_y) const {
  if (!IsSet(D(0), tiled)) return 0;
  return IsSet(control_, is_y) ? 2 : 1;
}

void SlowBlitter::TakeControl(uint32_t header, uint32_t control, Task* task) const {
  task->to.tiling = TilingOf(11, 1);
  task->to.pitch = task->to.tiling == 0 ? Low16(control) : int64_t{control & 0xffff} * 4;
  task->depth = static_cast<int>(Field(control, 25, 24));
  task->operation = static_cast<uint32_t>(Field(control, 23, 16));
  task->clipped = IsSet(control, 30);
  if (task->depth == 3) {
    task->write_color = IsSet(header, 20);
    task->write_alpha = IsSet(header, 21);
  }
}

void SlowBlitter::OwnRectangle(Task* task) const {
  TakeControl(D(0), D(1), task);
  task->x1 = Low16(D(2));
  task->y1 = Low16(D(2) >> 16);
  task->x2 = Low16(D(3));
  task->y2 = Low16(D(3) >> 16);
  task->to.base = Address(4);
}

void SlowBlitter::SetupRectangle(Task* task) const {
  TakeControl(setup[0], setup[1], task);
  task->x1 = Low16(D(1));
  task->y1 = Low16(D(1) >> 16);
  if (command_.size() > 2) {
    task->x2 = Low16(D(2));
    task->y2 = Low16(D(2) >> 16);
  } else {
    task->x2 = task->x1 + 1;
    task->y2 = task->y1 + 1;
  }
  task->to.base = setup[4] | uint64_t{setup[5]} << 32;
}

// ---- operands ----

void SlowBlitter::SurfaceAt(size_t dword, Task* task) {
  task->from_surface = true;
  task->from.tiling = TilingOf(15, 0);
  task->from_x = Low16(D(dword));
  task->from_y = Low16(D(dword) >> 16);
  task->from.pitch =
      task->from.tiling == 0 ? Low16(D(dword + 1)) : int64_t{D(dword + 1) & 0xffff} * 4;
  task->from.base = Address(dword + 2);
  task->source = SurfaceOperand(*task);
}

SlowBlitter::Operand SlowBlitter::SurfaceOperand(const Task& task) const {
  const Side from = task.from;
  const auto size = static_cast<int64_t>(task.PixelBytes());
  const int64_t dx = task.from_x - task.x1;
  const int64_t dy = task.from_y - task.y1;
  return [this, from, size, dx, dy](int64_t x, int64_t y, Pixel* pixel) {
    for (int64_t i = 0; i < size; ++i) {
      const uint8_t* byte = find_(from.At((x + dx) * size + i, y + dy));
      if (byte == nullptr) return false;
      pixel->bytes[static_cast<size_t>(i)] = *byte;
    }
    return true;
  };
}

SlowBlitter::ByteAt SlowBlitter::MemoryBytes(uint64_t address) const {
  return [this, address](uint64_t index, uint8_t* out) {
    const uint8_t* byte = find_(address + index);
    if (byte != nullptr) *out = *byte;
    return byte != nullptr;
  };
}

SlowBlitter::ByteAt SlowBlitter::CommandBytes(size_t dword) const {
  return [this, dword](uint64_t index, uint8_t* out) {
    const uint64_t at = dword + index / 4;
    *out = at < command_.size() ? static_cast<uint8_t>(command_[at] >> (8 * (index % 4))) : 0;
    return true;
  };
}

void SlowBlitter::MonoSource(const ByteAt& byte, uint32_t background, uint32_t foreground,
                             Task* task) {
  const auto first = static_cast<int64_t>(Field(D(0), 19, 17));
  const int64_t words = (first + (task->x2 - task->x1) + 15) / 16;
  task->source_has_holes = IsSet(D(1), 29);
  task->source = [=, x1 = task->x1, y1 = task->y1](int64_t x, int64_t y, Pixel* pixel) {
    const auto bit = static_cast<uint64_t>((y - y1) * words * 16 + first + (x - x1));
    uint8_t eight = 0;
    if (!byte(bit / 8, &eight)) return false;
    pixel->opaque = PixelOf(eight, bit % 8);
    pixel->bytes = BytesOf(pixel->opaque ? foreground : background);
    return true;
  };
}

void SlowBlitter::Text(const ByteAt& byte, Task* task) {
  SetupRectangle(task);
  const int64_t width = task->x2 - task->x1;
  const int64_t row = IsSet(D(0), 16) ? (width + 7) / 8 * 8 : width;
  task->source_has_holes = IsSet(setup[1], 29);
  task->source = [=, this, x1 = task->x1, y1 = task->y1](int64_t x, int64_t y, Pixel* pixel) {
    const auto bit = static_cast<uint64_t>((y - y1) * row + (x - x1));
    uint8_t eight = 0;
    if (!byte(bit / 8, &eight)) return false;
    pixel->opaque = PixelOf(eight, bit % 8);
    pixel->bytes = BytesOf(pixel->opaque ? setup[7] : setup[6]);
    return true;
  };
}

std::array<uint8_t, 8> SlowBlitter::RowsAt(size_t dword) const {
  std::array<uint8_t, 8> rows{};
  for (size_t i = 0; i < 8; ++i) {
    rows[i] = static_cast<uint8_t>(D(dword + i / 4) >> (8 * (i % 4)));
  }
  return rows;
}

void SlowBlitter::MonoPattern(const std::array<uint8_t, 8>& rows, uint32_t background,
                              uint32_t foreground, Task* task) {
  const auto seed_x = static_cast<int64_t>(Field(D(0), 14, 12));
  const auto seed_y = static_cast<int64_t>(Field(D(0), 10, 8));
  task->pattern = [=](int64_t x, int64_t y, Pixel* pixel) {
    const auto column = static_cast<uint64_t>((x + seed_x) % 8);
    pixel->opaque = PixelOf(rows[static_cast<size_t>((y + seed_y) % 8)], column);
    pixel->bytes = BytesOf(pixel->opaque ? foreground : background);
    return true;
  };
}

void SlowBlitter::PixelPattern(const ByteAt& byte, Task* task) {
  const auto seed_x = static_cast<int64_t>(Field(D(0), 14, 12));
  const auto seed_y = static_cast<int64_t>(Field(D(0), 10, 8));
  task->pattern = [=, size = task->PixelBytes()](int64_t x, int64_t y, Pixel* pixel) {
    const auto cell = static_cast<uint64_t>((y + seed_y) % 8 * 8 + (x + seed_x) % 8);
    for (uint64_t i = 0; i < size; ++i) {
      if (!byte(cell * size + i, &pixel->bytes[i])) return false;
    }
    return true;
  };
}

void SlowBlitter::Solid(uint32_t color, Task* task) {
  task->pattern = [color](int64_t, int64_t, Pixel* pixel) {
    pixel->bytes = BytesOf(color);
    return true;
  };
}

void SlowBlitter::KeyAt(size_t dword, Task* task) {
  task->key_mode = static_cast<int>(Field(D(0), 19, 17));
  if (task->key_mode % 2 == 0) task->key_mode = 0;
  task->key_low = D(dword);
  task->key_high = D(dword + 1);
}

// ---- commands ----

void SlowBlitter::XyPixelBlt(Task* task) {
  SetupRectangle(task);
  Solid(setup[6], task);
}

void SlowBlitter::XyScanlinesBlt(Task* task) {
  SetupRectangle(task);
  if (Field(setup[0], 28, 22) == 0x01) {
    const uint64_t pattern = (setup[8] | uint64_t{setup[9]} << 32) / 64 * 64;
    return PixelPattern(MemoryBytes(pattern), task);
  }
  std::array<uint8_t, 8> rows{};
  for (size_t i = 0; i < 8 && !IsSet(setup[1], 31); ++i) {
    rows[i] = static_cast<uint8_t>(setup[8 + i / 4] >> (8 * (i % 4)));
  }
  task->pattern_has_holes = IsSet(setup[1], 28);
  MonoPattern(rows, setup[6], setup[7], task);
}

void SlowBlitter::XyTextBlt(Task* task) {
  Text(MemoryBytes(Address(3)), task);
}

void SlowBlitter::XyTextImmediateBlt(Task* task) {
  Text(CommandBytes(3), task);
}

void SlowBlitter::XyColorBlt(Task* task) {
  OwnRectangle(task);
  Solid(D(6), task);
}

void SlowBlitter::XyPatBlt(Task* task) {
  OwnRectangle(task);
  PixelPattern(MemoryBytes(Address(6) / 64 * 64), task);
}

void SlowBlitter::XyMonoPatBlt(Task* task) {
  OwnRectangle(task);
  task->pattern_has_holes = IsSet(D(1), 28);
  MonoPattern(IsSet(D(1), 31) ? std::array<uint8_t, 8>{} : RowsAt(8), D(6), D(7), task);
}

void SlowBlitter::XySrcCopyBlt(Task* task) {
  OwnRectangle(task);
  SurfaceAt(6, task);
}

void SlowBlitter::XyMonoSrcCopyBlt(Task* task) {
  OwnRectangle(task);
  MonoSource(MemoryBytes(Address(6)), D(8), D(9), task);
}

void SlowBlitter::XyFullBlt(Task* task) {
  OwnRectangle(task);
  SurfaceAt(6, task);
  PixelPattern(MemoryBytes(Address(10) / 64 * 64), task);
}

void SlowBlitter::XyFullMonoSrcBlt(Task* task) {
  OwnRectangle(task);
  MonoSource(MemoryBytes(Address(6)), D(8), D(9), task);
  PixelPattern(MemoryBytes(Address(10) / 64 * 64), task);
}

void SlowBlitter::XyFullMonoPatternBlt(Task* task) {
  OwnRectangle(task);
  SurfaceAt(6, task);
  task->pattern_has_holes = IsSet(D(1), 28);
  MonoPattern(IsSet(D(1), 31) ? std::array<uint8_t, 8>{} : RowsAt(12), D(10), D(11), task);
}

void SlowBlitter::XyFullMonoPatternMonoSrcBlt(Task* task) {
  OwnRectangle(task);
  MonoSource(MemoryBytes(Address(6)), D(8), D(9), task);
  task->pattern_has_holes = IsSet(D(1), 28);
  MonoPattern(IsSet(D(1), 31) ? std::array<uint8_t, 8>{} : RowsAt(12), D(10), D(11), task);
}

void SlowBlitter::XyMonoPatFixedBlt(Task* task) {
  using Rows = std::array<uint8_t, 8>;
  static const std::map<uint64_t, Rows> kRows = {
      {0, {0x00, 0x00, 0x00, 0xff, 0x00, 0x00, 0x00, 0x00}},
      {1, {0x08, 0x08, 0x08, 0x08, 0x08, 0x08, 0x08, 0x08}},
      {2, {0x80, 0x40, 0x20, 0x10, 0x08, 0x04, 0x02, 0x01}},
      {3, {0x01, 0x02, 0x04, 0x08, 0x10, 0x20, 0x40, 0x80}},
      {4, {0x08, 0x08, 0x08, 0xff, 0x08, 0x08, 0x08, 0x08}},
      {5, {0x81, 0x42, 0x24, 0x18, 0x18, 0x24, 0x42, 0x81}},
      {8, {0xaa, 0x55, 0xaa, 0x55, 0xaa, 0x55, 0xaa, 0x55}},
      {9, {0xcc, 0xcc, 0x33, 0x33, 0xcc, 0xcc, 0x33, 0x33}},
      {10, {0x80, 0x40, 0x20, 0x10, 0x08, 0x04, 0x02, 0x01}},
      {11, {0x7f, 0xbf, 0xdf, 0xef, 0xf7, 0xfb, 0xfd, 0xfe}},
  };
  OwnRectangle(task);
  const auto rows = kRows.find(Field(D(0), 19, 15));
  task->pattern_has_holes = IsSet(D(1), 28);
  MonoPattern(rows == kRows.end() ? Rows{} : rows->second, D(6), D(7), task);
}

void SlowBlitter::XyMonoSrcCopyImmediateBlt(Task* task) {
  OwnRectangle(task);
  MonoSource(CommandBytes(8), D(6), D(7), task);
}

void SlowBlitter::XyPatBltImmediate(Task* task) {
  OwnRectangle(task);
  PixelPattern(CommandBytes(6), task);
}

void SlowBlitter::XySrcCopyChromaBlt(Task* task) {
  OwnRectangle(task);
  SurfaceAt(6, task);
  KeyAt(10, task);
}

void SlowBlitter::XyFullImmediatePatternBlt(Task* task) {
  OwnRectangle(task);
  SurfaceAt(6, task);
  PixelPattern(CommandBytes(10), task);
}

void SlowBlitter::XyFullMonoSrcImmediatePatternBlt(Task* task) {
  OwnRectangle(task);
  MonoSource(MemoryBytes(Address(6)), D(8), D(9), task);
  PixelPattern(CommandBytes(10), task);
}

void SlowBlitter::XyPatChromaBlt(Task* task) {
  OwnRectangle(task);
  PixelPattern(MemoryBytes(Address(6) / 64 * 64), task);
  KeyAt(8, task);
}

void SlowBlitter::XyPatChromaBltImmediate(Task* task) {
  OwnRectangle(task);
  PixelPattern(CommandBytes(8), task);
  KeyAt(6, task);
}

bool SlowBlitter::XyFastCopyBlt(Task* task) {
  task->to.tiling = static_cast<int>(Field(D(0), 14, 13));
  task->from.tiling = static_cast<int>(Field(D(0), 21, 20));
  const auto depth = static_cast<int>(Field(D(1), 26, 24));
  const bool unsupported = task->to.tiling == 3 || task->from.tiling == 3 || depth == 2 ||
                           depth > 5 || (task->to.tiling == 2 && IsSet(D(1), 30)) ||
                           (task->from.tiling == 2 && IsSet(D(1), 31));
  if (unsupported) return false;
  const auto pitch = [&](const Side& side, uint32_t field) {
    return side.tiling == 0 ? Low16(field) : int64_t{field & 0xffff} * 4;
  };
  task->depth = depth;
  task->x1 = Low16(D(2));
  task->y1 = Low16(D(2) >> 16);
  task->x2 = Low16(D(3));
  task->y2 = Low16(D(3) >> 16);
  task->to.pitch = pitch(task->to, D(1));
  task->to.base = Address(4);
  task->from_surface = true;
  task->from_x = Low16(D(6));
  task->from_y = Low16(D(6) >> 16);
  task->from.pitch = pitch(task->from, D(7));
  task->from.base = Address(8);
  task->source = SurfaceOperand(*task);
  return true;
}

bool SlowBlitter::ColorBlt(Task* task) {
  const bool is_long = command_.size() == 6;
  TakeControl(D(0), D(1), task);
  task->to = {0, Low16(D(1)), is_long ? Address(3) : D(3)};
  task->clipped = false;
  task->x2 = static_cast<int64_t>((D(2) & 0xffff) / task->PixelBytes());
  task->y2 = D(2) >> 16;
  Solid(is_long ? D(5) : D(4), task);
  return true;
}

bool SlowBlitter::SrcCopyBlt(Task* task) {
  const bool is_long = command_.size() == 8;
  TakeControl(D(0), D(1), task);
  task->to = {0, Low16(D(1)), is_long ? Address(3) : D(3)};
  task->from = {0, Low16(is_long ? D(5) : D(4)), is_long ? Address(6) : D(5)};
  task->clipped = false;
  task->x2 = static_cast<int64_t>((D(2) & 0xffff) / task->PixelBytes());
  task->y2 = D(2) >> 16;
  if (IsSet(D(1), 30)) {
    const uint64_t length = static_cast<uint64_t>(task->x2) * task->PixelBytes();
    task->to.base -= length - 1;
    task->from.base -= length - 1;
  }
  task->source = SurfaceOperand(*task);
  return true;
}

bool SlowBlitter::Decode(std::string_view name, Task* task) {
  static const std::map<std::string_view, Function> kFunctions = {
      {"XY_PIXEL_BLT", &SlowBlitter::XyPixelBlt},
      {"XY_SCANLINES_BLT", &SlowBlitter::XyScanlinesBlt},
      {"XY_TEXT_BLT", &SlowBlitter::XyTextBlt},
      {"XY_TEXT_IMMEDIATE_BLT", &SlowBlitter::XyTextImmediateBlt},
      {"XY_COLOR_BLT", &SlowBlitter::XyColorBlt},
      {"XY_PAT_BLT", &SlowBlitter::XyPatBlt},
      {"XY_MONO_PAT_BLT", &SlowBlitter::XyMonoPatBlt},
      {"XY_SRC_COPY_BLT", &SlowBlitter::XySrcCopyBlt},
      {"XY_MONO_SRC_COPY_BLT", &SlowBlitter::XyMonoSrcCopyBlt},
      {"XY_FULL_BLT", &SlowBlitter::XyFullBlt},
      {"XY_FULL_MONO_SRC_BLT", &SlowBlitter::XyFullMonoSrcBlt},
      {"XY_FULL_MONO_PATTERN_BLT", &SlowBlitter::XyFullMonoPatternBlt},
      {"XY_FULL_MONO_PATTERN_MONO_SRC_BLT", &SlowBlitter::XyFullMonoPatternMonoSrcBlt},
      {"XY_MONO_PAT_FIXED_BLT", &SlowBlitter::XyMonoPatFixedBlt},
      {"XY_MONO_SRC_COPY_IMMEDIATE_BLT", &SlowBlitter::XyMonoSrcCopyImmediateBlt},
      {"XY_PAT_BLT_IMMEDIATE", &SlowBlitter::XyPatBltImmediate},
      {"XY_SRC_COPY_CHROMA_BLT", &SlowBlitter::XySrcCopyChromaBlt},
      {"XY_FULL_IMMEDIATE_PATTERN_BLT", &SlowBlitter::XyFullImmediatePatternBlt},
      {"XY_FULL_MONO_SRC_IMMEDIATE_PATTERN_BLT", &SlowBlitter::XyFullMonoSrcImmediatePatternBlt},
      {"XY_PAT_CHROMA_BLT", &SlowBlitter::XyPatChromaBlt},
      {"XY_PAT_CHROMA_BLT_IMMEDIATE", &SlowBlitter::XyPatChromaBltImmediate},
  };
  if (name == "XY_FAST_COPY_BLT") return XyFastCopyBlt(task);
  if (name == "COLOR_BLT") return ColorBlt(task);
  if (name == "SRC_COPY_BLT") return SrcCopyBlt(task);
  if (name == "XY_SETUP_CLIP_BLT") {
    setup[2] = D(1);
    setup[3] = D(2);
  }
  if (name == "XY_SETUP_BLT" || name == "XY_SETUP_MONO_PATTERN_SL_BLT") {
    std::copy_n(command_.begin(), setup.size(), setup.begin());
  }
  const auto found = kFunctions.find(name);
  if (found == kFunctions.end()) return false;
  const bool needs_setup = name == "XY_PIXEL_BLT" || name == "XY_SCANLINES_BLT" ||
                           name == "XY_TEXT_BLT" || name == "XY_TEXT_IMMEDIATE_BLT";
  const uint32_t made_by = setup[0] >> 22;
  if (needs_setup && made_by != 0x101 && made_by != 0x111) return false;
  (this->*found->second)(task);
  return true;
}

BlitEnd SlowBlitter::Run(std::string_view name, std::vector<uint32_t> command, uint32_t control,
                         const FindByte& find) {
  command_ = std::move(command);
  control_ = control;
  find_ = find;
  Task task;
  return Decode(name, &task) ? Draw(task) : BlitEnd::kDone;
}

// ---- pixels ----

BlitEnd SlowBlitter::Draw(const Task& task) {
  int64_t left = task.x1;
  int64_t top = task.y1;
  int64_t right = task.x2;
  int64_t bottom = task.y2;
  if (task.clipped) {
    left = std::max(left, Low16(setup[2]));
    top = std::max(top, Low16(setup[2] >> 16));
    right = std::min(right, Low16(setup[3]));
    bottom = std::min(bottom, Low16(setup[3] >> 16));
  }
  if (left >= right || top >= bottom) return BlitEnd::kDone;
  if (left < 0 || top < 0 || !task.to.FitsTiles()) return BlitEnd::kDone;
  const int64_t from_y = task.from_y + top - task.y1;
  bool upwards = false;
  if (task.from_surface) {
    const int64_t from_x = task.from_x + left - task.x1;
    if (from_x < 0 || from_y < 0 || !task.from.FitsTiles()) return BlitEnd::kDone;
    const uint64_t from = task.from.At(0, from_y);
    const uint64_t to = task.to.At(0, top);
    upwards = task.to.pitch < 0 ? from > to : from < to;
  }
  bytes += static_cast<uint64_t>((right - left) * (bottom - top)) * task.PixelBytes();
  if (bytes > max_bytes) return BlitEnd::kTooMuch;
  for (int64_t i = 0; i < bottom - top; ++i) {
    const BlitEnd end = DrawRow(task, left, right, upwards ? bottom - 1 - i : top + i);
    if (end != BlitEnd::kDone) return end;
  }
  return BlitEnd::kDone;
}

bool SlowBlitter::InKey(const Task& task, const Pixel& pixel) const {
  const bool with_alpha = task.key_mode == 3 || task.key_mode == 5;
  std::vector<std::pair<unsigned, unsigned>> fields;
  switch (task.depth) {
    case 0: fields = {{7, 0}}; break;
    case 1: fields = {{4, 0}, {10, 5}, {15, 11}}; break;
    case 2: fields = {{4, 0}, {9, 5}, {14, 10}}; break;
    default: fields = {{7, 0}, {15, 8}, {23, 16}}; break;
  }
  if (with_alpha && task.depth == 2) fields.emplace_back(15, 15);
  if (with_alpha && task.depth == 3) fields.emplace_back(31, 24);
  uint64_t color = 0;
  for (size_t i = 0; i < task.PixelBytes(); ++i) color |= uint64_t{pixel.bytes[i]} << (8 * i);
  for (const auto& [high, low] : fields) {
    const uint64_t value = Field(color, high, low);
    if (value < Field(task.key_low, high, low)) return false;
    if (value > Field(task.key_high, high, low)) return false;
  }
  return true;
}

// NOLINTNEXTLINE(readability-function-cognitive-complexity): what a pixel is, from top to bottom
BlitEnd SlowBlitter::DrawRow(const Task& task, int64_t left, int64_t right, int64_t y) {
  const auto size = static_cast<int64_t>(task.PixelBytes());
  const bool source_key = task.key_mode == 1 || task.key_mode == 3;
  const bool to_key = task.key_mode == 5 || task.key_mode == 7;
  std::vector<std::pair<uint64_t, uint8_t>> written;
  for (int64_t x = left; x < right; ++x) {
    Pixel source;
    Pixel pattern;
    Pixel before;
    if (task.source && (Matters(task.operation, 1) || task.source_has_holes || source_key) &&
        !task.source(x, y, &source)) {
      return BlitEnd::kFault;
    }
    if (task.pattern &&
        (Matters(task.operation, 2) || task.pattern_has_holes || (source_key && !task.source)) &&
        !task.pattern(x, y, &pattern)) {
      return BlitEnd::kFault;
    }
    if (Matters(task.operation, 0) || to_key) {
      for (int64_t i = 0; i < size; ++i) {
        const uint8_t* byte = find_(task.to.At(x * size + i, y));
        if (byte == nullptr) return BlitEnd::kFault;
        before.bytes[static_cast<size_t>(i)] = *byte;
      }
    }
    if (task.source_has_holes && !source.opaque) continue;
    if (task.pattern_has_holes && !pattern.opaque) continue;
    if (source_key && InKey(task, task.source ? source : pattern)) continue;
    if (to_key && !InKey(task, before)) continue;
    for (int64_t i = 0; i < size; ++i) {
      if (task.depth == 3 && !(i == 3 ? task.write_alpha : task.write_color)) continue;
      const auto at = static_cast<size_t>(i);
      uint8_t result = 0;
      for (unsigned bit = 0; bit < 8; ++bit) {
        if (Holds(task.operation, IsSet(pattern.bytes[at], bit), IsSet(source.bytes[at], bit),
                  IsSet(before.bytes[at], bit))) {
          result = static_cast<uint8_t>(result | 1u << bit);
        }
      }
      written.emplace_back(task.to.At(x * size + i, y), result);
    }
  }
  for (const auto& [address, value] : written) {
    uint8_t* byte = find_(address);
    if (byte == nullptr) return BlitEnd::kFault;
    *byte = value;
  }
  return BlitEnd::kDone;
}

}  // namespace gvt::model
