// What a new driver would need: refusals grouped by the table row that would make them vanish, and
// that row as a diff against hw/.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tools/gvtcore/file_report.h"
#include "tools/gvtcore/text_table.h"

namespace gvt::tools {

// The groups of all files together.
Needs NeedsOf(const std::vector<FileReport>& reports);

// "rcs,vcs".
std::string EnginesText(uint8_t engines);

// A list for a reader: rule, command or register, count, lengths, first place; the most frequent
// first.
std::string NeedsText(const Needs& needs, const Colours& colours);

// Proposed rows as a unified diff against the tables that this program was built from; empty if no
// row would help. They are a start for a person: what a command does, which addresses it has and
// whether it is privileged is in the manual, not in a stream.
std::string AuditDiff(const Needs& needs);

}  // namespace gvt::tools
