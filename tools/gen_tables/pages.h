// The documents that are made from hw/'s rows. Each function returns a whole file.
#pragma once

#include <string>

namespace gvt::gen_tables {

// docs/tables/commands.md: every command, a table a unit.
std::string CommandsPage();

// docs/tables/registers.md: every register, by offset.
std::string RegistersPage();

// fuzz/gvtcore.dict: headers of all commands and offsets of registers that streams reach, as
// libFuzzer reads them.
std::string FuzzDictionary();

}  // namespace gvt::gen_tables
