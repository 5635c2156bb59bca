// Rows for the tables in hw/, made from what was seen of a command or register.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "tools/gvtcore/file_report.h"

namespace gvt::tools {

// A row and the table that it belongs to.
struct ProposedRow {
  std::string path;  // from the top of the source tree
  std::string text;  // one line
};

// A row for a command that has none. Name and effect are placeholders. nullopt: no unit has headers
// of this type.
std::optional<ProposedRow> CommandRowFor(const NeedKey& key, const Need& need);

// A row that lets streams touch a register as they were seen to. nullopt: it controls an engine,
// holds a graphics address or has checked values, and no stream may ever have it.
std::optional<ProposedRow> RegisterRowFor(const NeedKey& key, const Need& need);

// The table in which the row of a command with this opcode is, seen on these engines.
std::string TableOfCommand(uint32_t opcode, uint8_t engines);

// `row_line` with its length column widened by `lengths`; nullopt if the column is none that can be
// widened.
std::optional<std::string> WithLengths(std::string_view row_line,
                                       const std::map<uint32_t, uint64_t>& lengths);

}  // namespace gvt::tools
