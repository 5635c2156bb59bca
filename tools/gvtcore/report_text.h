// A scan's result for a reader at a terminal.
#pragma once

#include <string>
#include <vector>

#include "tools/gvtcore/file_report.h"
#include "tools/gvtcore/text_table.h"

namespace gvt::tools {

struct TextOptions {
  Colours colours;
  bool verbose = false;  // every refusal kept, all commands
};

// What one file holds: where it comes from, a table an engine, the top commands, each refusal with
// the commands around it.
std::string FileText(const FileReport& report, const TextOptions& options);

// All files together: counts, verdict, where the time went, throughput. `wall_seconds`: from the
// first file's start to the last one's end.
std::string TotalText(const std::vector<FileReport>& reports, double wall_seconds,
                      const TextOptions& options);

}  // namespace gvt::tools
