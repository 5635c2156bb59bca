#include "tests/differential/corpus.h"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <fstream>
#include <map>

#include "tools/common/capture_workload.h"

namespace gvt::differential {
namespace {

namespace fs = std::filesystem;

fs::path CorpusFolder() {
  if (const char* folder = std::getenv("GVT_CORPUS")) return folder;
  return "bench/corpora";
}

// Cells of a line of CSV; a cell in double quotes may hold commas.
std::vector<std::string> Cells(const std::string& line) {
  std::vector<std::string> cells(1);
  bool quoted = false;
  for (const char c : line) {
    if (c == '"') {
      quoted = !quoted;
    } else if (c == ',' && !quoted) {
      cells.emplace_back();
    } else {
      cells.back() += c;
    }
  }
  return cells;
}

}  // namespace

std::vector<CorpusFile> CorpusFiles() {
  std::vector<CorpusFile> files;
  std::ifstream manifest(CorpusFolder() / "manifest.csv");
  std::map<std::string, size_t> column;
  std::string line;
  if (!std::getline(manifest, line)) return files;
  const std::vector<std::string> names = Cells(line);
  for (size_t i = 0; i < names.size(); ++i) column[names[i]] = i;
  while (std::getline(manifest, line)) {
    const std::vector<std::string> cells = Cells(line);
    const auto count = [&](const char* name) {
      return std::strtoull(cells.at(column.at(name)).c_str(), nullptr, 10);
    };
    CorpusFile file;
    file.path = CorpusFolder() / cells.at(column.at("file"));
    file.submissions = count("submissions");
    file.batch_buffers = count("batch_buffers");
    file.second_level_starts = count("second_level_starts");
    file.chained_starts = count("chained_starts");
    file.batch_bytes = count("batch_bytes");
    file.commands = count("commands");
    if (fs::exists(file.path)) files.push_back(file);
  }
  return files;
}

std::string CorpusCaseName(const CorpusFile& file) {
  std::string name = file.path.filename().string();
  name.resize(std::min(name.find(".aub"), name.size()));
  std::replace_if(
      name.begin(), name.end(), [](unsigned char c) { return std::isalnum(c) == 0; }, '_');
  return name;
}

std::string ForEachWorkload(
    const CorpusFile& file,
    const std::function<void(const capture::CaptureFile&, const capture::Submission&,
                             const scanner::Workload&)>& run) {
  capture::CaptureFileResult opened = capture::OpenCapture(file.path.string(), {});
  if (!opened) return "cannot open " + file.path.string();
  capture::CaptureFile& capture = **opened;
  capture::Submission submission;
  for (;;) {
    const capture::NextResult next = capture.NextSubmission(&submission);
    if (next == capture::NextResult::kEnd) return {};
    if (next == capture::NextResult::kError) return "corrupt: " + file.path.string();
    if (submission.problem != capture::SubmissionProblem::kNone) {
      return "submission " + std::to_string(submission.index) + ": " +
             std::string(capture::ProblemName(submission.problem));
    }
    const scanner::Workload workload =
        tools::WorkloadOf(submission, capture.memory(), capture.info().platform);
    run(capture, submission, workload);
  }
}

}  // namespace gvt::differential
