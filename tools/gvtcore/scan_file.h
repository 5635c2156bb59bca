// Scans one capture from its first submission to its last.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>

#include "capture/capture_file.h"
#include "hw/platform.h"
#include "scanner/policy.h"
#include "tools/gvtcore/file_report.h"

namespace gvt::tools {

// Who audits. All give the same report.
enum class Scanner : uint8_t {
  kRecall,       // what the core takes: jit/make_engine.h
  kInterpreter,  // the reference
  kBoth,         // the first, and the second to compare
};
inline constexpr size_t kScannerCount = 3;
// "recall", "interpreter", "both".
const char* ScannerName(Scanner scanner);

struct ScanSettings {
  capture::CaptureOptions capture;
  std::optional<hw::Engine> engine;  // only submissions of this engine
  scanner::Policy policy;
  Scanner scanner = Scanner::kRecall;
};

// How far a scan is, for whoever shows it. Atomics: written by the scanning thread, read by the one
// that shows it, relaxed; they guard nothing.
struct ScanProgress {
  std::atomic<uint64_t> input_bytes{0};
  std::atomic<uint64_t> commands{0};
  std::atomic<bool> done{false};
};

// Scans `path` ("-": standard input). An error of the file is part of the report, as is everything
// that was scanned before it. `progress` may be null. Thread rule: any number of threads, one file
// each. Counts do not depend on threads.
FileReport ScanFile(const std::string& path, const ScanSettings& settings, ScanProgress* progress);

}  // namespace gvt::tools
