// Sums over the files of a scan, and the exit status that follows from them.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "tools/gvtcore/file_report.h"

namespace gvt::tools {

inline constexpr int kExitClean = 0;
inline constexpr int kExitRefusals = 1;
inline constexpr int kExitError = 2;

struct ScanTotal {
  size_t files = 0;
  size_t files_clean = 0;
  size_t files_with_error = 0;
  std::array<EngineReport, hw::kEngineCount> engines{};
  EngineReport walk;  // all of them
  uint64_t unscanned = 0;
  uint64_t stream_bytes = 0;
  uint64_t live_bytes_peak = 0;  // of the file that needs most
  ScanTimes times;
};
ScanTotal TotalOf(const std::vector<FileReport>& reports);

// kExitError if a file could not be read to its end, else kExitRefusals if something was refused, a
// submission could not be audited or scanners differ, else kExitClean.
int ExitStatus(const std::vector<FileReport>& reports);

// A command of batches with its name; the rows of all generations and engines are added by name.
struct NamedCount {
  std::string_view name;
  uint64_t count = 0;
  uint64_t dwords = 0;
};
// The most frequent first; equal counts by name.
std::vector<NamedCount> CommandsByCount(const std::vector<CommandCount>& counts);

// "skl 0x1912", "AUB", ...: what is known of the file's origin, in one line.
std::string OriginText(const FileReport& report);

}  // namespace gvt::tools
