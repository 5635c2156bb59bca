// What the compiler proves about the command table: each function says whether one rule holds for a
// set of rows.
//
// command_table.cc asserts them over the real table; tests feed them broken rows. They are written
// for constant evaluation: cheap tests come first, and pairs are only formed within one command
// type, to stay inside the default evaluation limits of GCC and clang.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "hw/command_row.h"

namespace gvt::hw::checks {

inline constexpr uint32_t kTypeMask = 0xe0000000;  // header[31:29]: 0 MI, 2 2D, 3 everything else

constexpr uint32_t TypeOf(Client client) {
  if (client == Client::kMi) return 0;
  return client == Client::k2d ? 0x40000000 : 0x60000000;
}

// The header names the unit's type, no bit outside the mask is asked for, and decoding needs
// header[31:16] only.
constexpr bool HeaderIsSound(const CommandRow& row) {
  return (row.value & ~row.mask) == 0 && (row.mask & 0xffff) == 0 &&
         (row.mask & kTypeMask) == kTypeMask && (row.value & kTypeMask) == TypeOf(row.client) &&
         row.generations != 0 && row.engines != 0 && !row.name.empty();
}

// The longest command that the row allows, in dwords.
constexpr uint32_t LongestAllowed(const Length& length) {
  uint32_t longest = length.fixed_dwords;
  for (const LengthRun& run : length.allowed) longest = run.max > longest ? run.max : longest;
  return longest;
}

// A length field ends below the bits that name the command, runs rise, do not touch, and can be
// stated by the field.
constexpr bool LengthIsSound(const CommandRow& row) {
  const Length& length = row.length;
  if (length.fixed_dwords != 0) return length.allowed[0].max == 0 && length.field_high == 0;
  const uint32_t field_mask = (uint32_t{2} << length.field_high) - 1;
  if ((field_mask & row.mask) != 0 || length.bias == 0 || length.allowed[0].max == 0) return false;
  uint32_t previous_max = 0;
  bool ended = false;
  for (const LengthRun& run : length.allowed) {
    if (run.max == 0) {
      ended = true;
      continue;
    }
    if (ended || run.min <= previous_max || run.max < run.min || run.step == 0) return false;
    if ((run.max - run.min) % run.step != 0) return false;
    if (run.min < length.bias || run.max > field_mask + length.bias) return false;
    previous_max = run.max;
  }
  return true;
}

// Address fields are packed to the front, lie inside the longest form of the command, and have a
// readable select bit.
constexpr bool AddressesAreSound(const CommandRow& row) {
  const uint32_t longest = LongestAllowed(row.length);
  bool ended = false;
  for (const AddressField& field : row.addresses) {
    if (!field.used) {
      ended = true;
      continue;
    }
    if (ended || field.dword == 0 || field.high < field.low || field.high > 63) return false;
    if (field.count != 1 && field.stride == 0) return false;
    const uint32_t repeats = field.count == 0 ? 0 : field.count - uint32_t{1};
    const uint32_t last = field.dword + repeats * field.stride + (field.high > 31 ? 1 : 0);
    if (last >= longest) return false;
    const bool selects =
        field.rule == SpaceRule::kGgttIfSet || field.rule == SpaceRule::kPpgttIfSet;
    if (selects && (field.select_dword >= longest || field.select_bit > 31)) return false;
  }
  return true;
}

template <bool (*Rule)(const CommandRow&)>
constexpr bool HoldsForAll(std::span<const CommandRow> rows) {
  for (const CommandRow& row : rows) {
    if (!Rule(row)) return false;
  }
  return true;
}

// Some header is both commands on some engine of some generation.
constexpr bool Overlap(const CommandRow& a, const CommandRow& b) {
  return ((a.value ^ b.value) & a.mask & b.mask) == 0 && (a.generations & b.generations) != 0 &&
         (a.engines & b.engines) != 0;
}

// No two rows of one command type overlap. Rows of different types cannot (HeaderIsSound).
constexpr bool NoOverlap(std::span<const CommandRow> rows, uint32_t type) {
  const CommandRow* const end = rows.data() + rows.size();
  for (const CommandRow* a = rows.data(); a != end; ++a) {
    if ((a->value & kTypeMask) != type) continue;
    for (const CommandRow* b = a + 1; b != end; ++b) {
      if (((a->value ^ b->value) & a->mask & b->mask) == 0 && Overlap(*a, *b)) return false;
    }
  }
  return true;
}

// Two rows share a name only where no engine of one generation sees both.
constexpr bool NamesAreUnique(std::span<const CommandRow> rows) {
  const CommandRow* const end = rows.data() + rows.size();
  for (const CommandRow* a = rows.data(); a != end; ++a) {
    for (const CommandRow* b = a + 1; b != end; ++b) {
      if ((a->engines & b->engines) == 0 || (a->generations & b->generations) == 0) continue;
      if (a->name == b->name) return false;
    }
  }
  return true;
}

}  // namespace gvt::hw::checks
