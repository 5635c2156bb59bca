// What became of one replayed file, for people and for programs.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "capture/file_error.h"
#include "tools/gvtcore/text_table.h"

namespace gvt::tools {

struct ReplayReport {
  std::string file;
  std::string kind;    // "trace", "aub"
  std::string origin;  // one line: what it was recorded of
  // What was compared, or done: name and number, in the order of the text. Names are JSON keys.
  std::vector<std::pair<std::string, uint64_t>> counts;
  // Differences that the file itself allows: reason and number.
  std::vector<std::pair<std::string, uint64_t>> tolerated;
  bool finished = true;  // false: the recording was cut off
  // The first place where the replay parts from the recording: number of the event or submission.
  std::optional<std::pair<uint64_t, std::string>> difference;
  std::optional<capture::FileError> error;

  // "same", "differs", "error".
  std::string Status() const;
};

std::string ReplayText(const ReplayReport& report, const Colours& colours);
// docs/json.md.
std::string ReplayJson(const std::vector<ReplayReport>& reports);
// The worst of the reports: kExitError before kExitRefusals before kExitClean (report_total.h).
int ReplayExitStatus(const std::vector<ReplayReport>& reports);

}  // namespace gvt::tools
