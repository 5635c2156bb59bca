// The command table: one row a command, generation and set of engines, from hw/commands_*.inc.
//
// The table is constant-initialised and immutable; everything here may be called from any thread.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "hw/command_row.h"
#include "hw/platform.h"

namespace gvt::hw {

// Position of a row in CommandRows(); stable within one build, not across versions.
using RowIndex = uint16_t;

// Every row, grouped by unit: MI, 2D, render, MFX, HCP/HUC/VDENC/SFC, VEBOX. Never empty, below
// 65536 rows.
std::span<const CommandRow> CommandRows();

// The row that `header` is on that engine, or nullptr if nothing decodes it there.
// Cost: linear in the table. This is the definition that faster decoders are compared with.
const CommandRow* FindCommand(Generation generation, Engine engine, uint32_t header);

// The row called `name` (as "MI_NOOP") on that engine, or nullptr. Cost: linear in the table.
const CommandRow* CommandByName(Generation generation, Engine engine, std::string_view name);

// Position of a row that came from CommandRows(), FindCommand() or CommandByName().
RowIndex IndexOf(const CommandRow& row);

}  // namespace gvt::hw
