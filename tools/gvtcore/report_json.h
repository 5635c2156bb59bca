// A scan's result for programs. The keys are described in docs/json.md and do not change within a
// version of the schema.
#pragma once

#include <string>
#include <vector>

#include "tools/gvtcore/file_report.h"

namespace gvt::tools {

inline constexpr int kJsonSchema = 1;

// One JSON document, indented, with a line feed at its end. Text that is not UTF-8 is replaced.
std::string ReportJson(const std::vector<FileReport>& reports, double wall_seconds,
                       bool audit_only);

}  // namespace gvt::tools
