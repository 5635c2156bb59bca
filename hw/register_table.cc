// Lookup of register rows.
//
// The rows are sorted by offset over all platforms, so one platform's rows are not contiguous. A
// compile-time index per platform lists the rows that exist there; the rows of one platform are
// disjoint, so the last row that starts at or below an offset is the only one that can hold it.
//
// Invariants: 1. an index is sorted by offset; 2. it names each row of its platform once.
// Source: hw/registers.inc.

#include "hw/register_table.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <iterator>

#include "hw/register_rows.h"
#include "hw/stream_registers.h"

namespace gvt::hw {
namespace {

using internal::kRegisterRows;

constexpr size_t kRowCount = std::size(kRegisterRows);
static_assert(kRowCount < 65536, "an index entry is 16 bits wide");

struct PlatformIndex {
  std::array<uint16_t, kRowCount> rows{};
  size_t count = 0;
};

consteval PlatformIndex MakeIndex(Platform platform) {
  PlatformIndex index;
  for (size_t i = 0; i < kRowCount; ++i) {
    if ((kRegisterRows[i].platforms & PlatformBit(platform)) == 0) continue;
    index.rows[index.count++] = static_cast<uint16_t>(i);
  }
  return index;
}

constexpr std::array<PlatformIndex, kPlatformCount> kIndex = {
    MakeIndex(Platform::kBdw), MakeIndex(Platform::kSkl), MakeIndex(Platform::kKbl),
    MakeIndex(Platform::kCfl), MakeIndex(Platform::kBxt)};

const internal::StreamRegister* FindStreamRegister(Platform platform, uint32_t offset) {
  for (const internal::StreamRegister& row : internal::kStreamRegisters) {
    if ((row.platforms & PlatformBit(platform)) == 0 || offset < row.offset) continue;
    if (offset - row.offset < uint32_t{row.dwords} * 4) return &row;
  }
  return nullptr;
}

// "name", or "name+0x8" inside a run.
std::string NameInRun(std::string_view name, uint32_t distance) {
  std::string text(name);
  if (distance != 0) {
    char suffix[16];
    std::snprintf(suffix, sizeof suffix, "+0x%x", distance);
    text += suffix;
  }
  return text;
}

}  // namespace

std::span<const RegisterRow> RegisterRows() {
  return kRegisterRows;
}

const RegisterRow* FindRegister(Platform platform, uint32_t offset) {
  const PlatformIndex& index = kIndex[static_cast<unsigned>(platform)];
  const auto begin = index.rows.begin();
  const auto end = begin + static_cast<std::ptrdiff_t>(index.count);
  const auto after = std::upper_bound(begin, end, offset, [](uint32_t wanted, uint16_t row) {
    return wanted < kRegisterRows[row].offset;
  });
  if (after == begin) return nullptr;
  const RegisterRow& row = kRegisterRows[*(after - 1)];
  return offset - row.offset < row.size_bytes ? &row : nullptr;
}

std::optional<Engine> EngineOfRegister(uint32_t offset) {
  for (unsigned e = 0; e < kEngineCount; ++e) {
    if (offset >> 12 == EngineMmioBase(static_cast<Engine>(e)) >> 12) return static_cast<Engine>(e);
  }
  return std::nullopt;
}

std::string RegisterName(Platform platform, uint32_t offset) {
  if (const RegisterRow* row = FindRegister(platform, offset)) {
    return NameInRun(row->name, offset - row->offset);
  }
  if (const internal::StreamRegister* row = FindStreamRegister(platform, offset)) {
    return NameInRun(row->name, offset - row->offset);
  }
  char text[40];
  if (const std::optional<Engine> engine = EngineOfRegister(offset)) {
    const std::string_view name = EngineName(*engine);
    std::snprintf(text, sizeof text, "RING_REG+0x%x[%.*s]", offset - EngineMmioBase(*engine),
                  static_cast<int>(name.size()), name.data());
  } else {
    std::snprintf(text, sizeof text, "0x%05x", offset);
  }
  return text;
}

}  // namespace gvt::hw
