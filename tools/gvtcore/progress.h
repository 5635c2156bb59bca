// One line on a terminal that says how far a scan is.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "tools/gvtcore/scan_file.h"

namespace gvt::tools {

// Repaints standard error ten times a second while it lives, if that is a terminal; else does
// nothing. One ScanProgress a file.
class ProgressLine {
 public:
  explicit ProgressLine(const std::vector<std::string>& files);
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;
  ~ProgressLine() { Stop(); }

  ScanProgress* OfFile(size_t index) { return &files_[index]; }
  // Clears the line; needed before anything else is printed.
  void Stop();

 private:
  void Paint() const;

  size_t count_;
  std::unique_ptr<ScanProgress[]> files_;
  uint64_t total_bytes_ = 0;
  std::mutex mutex_;
  std::condition_variable_any wake_;
  std::jthread painter_;
};

}  // namespace gvt::tools
