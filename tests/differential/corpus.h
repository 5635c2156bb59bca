// The captures of real drivers that differential tests run on, and what their manifest says.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "capture/capture_file.h"
#include "capture/submission.h"
#include "scanner/workload.h"

namespace gvt::differential {

// A row of manifest.csv: counts that another program made of the same file (Mesa's aubinator).
struct CorpusFile {
  std::filesystem::path path;
  uint64_t submissions = 0;
  uint64_t batch_buffers = 0;
  uint64_t second_level_starts = 0;
  uint64_t chained_starts = 0;
  uint64_t batch_bytes = 0;
  uint64_t commands = 0;
};

// The files of $GVT_CORPUS, or of bench/corpora, that their manifest.csv names and that are there.
std::vector<CorpusFile> CorpusFiles();

// Test name of a file: letters, digits and '_'.
std::string CorpusCaseName(const CorpusFile& file);

// Calls `run` for each submission, with the memory that it sees. Returns what went wrong, or "".
std::string ForEachWorkload(
    const CorpusFile& file,
    const std::function<void(const capture::CaptureFile&, const capture::Submission&,
                             const scanner::Workload&)>& run);

}  // namespace gvt::differential
