// One array of all command rows, and the compiler's proof that it is sound.
//
// The rows are written in hw/commands_*.inc, one file a unit, in the vocabulary of
// hw/command_builders.h. This file expands them and asserts the rules of hw/command_checks.h, so
// that a bad row does not compile:
//  1. decoding needs header[31:16] only, and a row's header names its unit's command type;
//  2. no header is two commands on one engine and generation;
//  3. every allowed length can be stated by the length field, and the field does not reach into the
//  bits that name the command;
//  4. every address lies inside the longest form of its command;
//  5. a name is unique on one engine and generation.
//
// Sources: named at the head of each table.
#include "hw/command_table.h"

#include <cstddef>
#include <limits>

#include "hw/command_builders.h"
#include "hw/command_checks.h"

namespace gvt::hw {
namespace {

using namespace rows;  // the tables' vocabulary
using enum Client;
using enum Effect;
using enum Privilege;

#define GVT_MI(name, gens, engines, opcode, ...) \
  Row(#name, kMi, gens, engines, uint32_t{opcode} << 23, __VA_ARGS__),
#define GVT_2D(name, gens, opcode, ...) \
  Unit(#name, k2d, gens, 0x40000000 | uint32_t{opcode} << 22, __VA_ARGS__),
#define GVT_UNIT(name, unit, gens, header, ...) \
  Unit(#name, unit, gens, uint32_t{header} << 16, __VA_ARGS__),
#define GVT_UNIT_EFFECT(name, unit, gens, header, ...) \
  UnitWithEffect(#name, unit, gens, uint32_t{header} << 16, __VA_ARGS__),

constexpr CommandRow kRows[] = {
#include "hw/commands_mi.inc"
//
#include "hw/commands_2d.inc"
//
#include "hw/commands_3d.inc"
#include "hw/commands_media.inc"
//
#include "hw/commands_mfx.inc"
//
#include "hw/commands_hcp.inc"
//
#include "hw/commands_vebox.inc"
};

#undef GVT_MI
#undef GVT_2D
#undef GVT_UNIT
#undef GVT_UNIT_EFFECT

static_assert(checks::HoldsForAll<checks::HeaderIsSound>(kRows), "a header does not fit its unit");
static_assert(checks::HoldsForAll<checks::LengthIsSound>(kRows), "a length set is malformed");
static_assert(checks::HoldsForAll<checks::AddressesAreSound>(kRows), "an address is out of range");
static_assert(checks::NoOverlap(kRows, checks::TypeOf(kMi)), "a header is two MI commands");
static_assert(checks::NoOverlap(kRows, checks::TypeOf(k2d)), "a header is two 2D commands");
static_assert(checks::NoOverlap(kRows, checks::TypeOf(kGfx)), "a header is two unit commands");
static_assert(checks::NamesAreUnique(kRows), "two commands of an engine share a name");
static_assert(std::size(kRows) <= std::numeric_limits<RowIndex>::max());

}  // namespace

std::span<const CommandRow> CommandRows() {
  return kRows;
}

const CommandRow* FindCommand(Generation generation, Engine engine, uint32_t header) {
  for (const CommandRow& row : kRows) {
    if (row.Matches(header, generation, engine)) return &row;
  }
  return nullptr;
}

const CommandRow* CommandByName(Generation generation, Engine engine, std::string_view name) {
  for (const CommandRow& row : kRows) {
    if (row.Matches(row.value, generation, engine) && row.name == name) return &row;
  }
  return nullptr;
}

RowIndex IndexOf(const CommandRow& row) {
  return static_cast<RowIndex>(&row - kRows);
}

}  // namespace gvt::hw
