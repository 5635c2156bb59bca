// Loads a capture by the same path as `gvtcore scan`: reader, walker, interpreter under the default
// policy. An observer of the walk copies what was audited.
//
// 1. A piece ends where its report says, so that the table loop, which knows no batch end, steps
// over exactly the commands that an audit of the copy finds before its end.
// 2. Dwords are moved while they are collected; spans into them are made at the end.
#include "bench/corpus.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <utility>

#include "capture/capture_file.h"
#include "scanner/interpreter.h"
#include "scanner/segment_walker.h"
#include "tools/common/capture_workload.h"

namespace gvt::bench {
namespace {

bool Belongs(scanner::BufferKind kind, Part part) {
  const bool batch = kind == scanner::BufferKind::kFirstLevelBatch ||
                     kind == scanner::BufferKind::kSecondLevelBatch;
  return batch == (part == Part::kBatches);
}

class Collector final : public scanner::WalkObserver {
 public:
  Collector(Part part, Corpus* corpus) : part_(part), corpus_(*corpus) {}

  void OnSegment(const scanner::Segment& segment, const scanner::ScanReport& report) override {
    if (!Belongs(segment.kind, part_) || report.end == scanner::SegmentEnd::kRefused ||
        report.commands == 0) {
      return;
    }
    corpus_.dwords.insert(corpus_.dwords.end(), segment.dwords.begin(), segment.dwords.end());
    Piece piece{segment, segment, report.commands};
    // Its size; the address is set by PointIntoCopies().
    piece.segment.dwords = segment.dwords.first(report.position);
    // A segment that is re-entered has no end of its own: scanned alone, it wants more.
    piece.segment.complete = report.end != scanner::SegmentEnd::kReenter;
    corpus_.pieces.push_back(piece);
    corpus_.commands += report.commands;
  }

 private:
  Part part_;
  Corpus& corpus_;
};

void PointIntoCopies(Corpus* corpus) {
  std::span<const uint32_t> rest = corpus->dwords;
  for (Piece& piece : corpus->pieces) {
    piece.segment.dwords = rest.first(piece.segment.dwords.size());
    piece.copied.dwords = rest.first(piece.copied.dwords.size());
    rest = rest.subspan(piece.copied.dwords.size());
  }
}

}  // namespace

std::vector<std::string> CorpusFiles() {
  const char* named = std::getenv("GVT_CORPUS");
  std::vector<std::string> files;
  std::error_code error;
  for (const auto& entry :
       std::filesystem::directory_iterator(named != nullptr ? named : GVT_BENCH_CORPORA, error)) {
    const std::string path = entry.path().string();
    if (path.find(".aub") != std::string::npos) files.push_back(path);
  }
  std::sort(files.begin(), files.end());
  return files;
}

std::string CorpusName(const std::string& path) {
  const std::string file = std::filesystem::path(path).filename().string();
  return file.substr(0, file.find('.'));
}

capture::FileResult<Corpus> LoadCorpus(const std::string& path, Part part) {
  capture::CaptureFileResult opened = capture::OpenCapture(path, {});
  if (!opened) return opened.error();
  capture::CaptureFile& file = **opened;

  Corpus corpus;
  corpus.name = CorpusName(path);
  corpus.platform = file.info().platform;
  const scanner::Policy policy;
  const scanner::Interpreter interpreter(corpus.platform, policy);
  scanner::SegmentWalker walker(interpreter, policy);
  Collector collector(part, &corpus);
  tools::CaptureSource source(file.memory());

  capture::Submission submission;
  while (file.NextSubmission(&submission) == capture::NextResult::kSubmission) {
    if (submission.problem != capture::SubmissionProblem::kNone) continue;
    walker.Walk(tools::WorkloadOf(submission, file.memory(), corpus.platform), source, &collector);
  }
  if (file.error()) return *file.error();
  PointIntoCopies(&corpus);
  return corpus;
}

}  // namespace gvt::bench
