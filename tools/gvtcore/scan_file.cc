// The life of one file: open it, replay it from submission to submission, walk each.
//
// Memory is rebuilt as the capture's producer wrote it; each submission is walked with memory as of
// its moment. A submission with a problem is counted by the problem's name and not walked: there is
// nothing trustworthy to start from.
#include "tools/gvtcore/scan_file.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <utility>

#include "jit/make_engine.h"
#include "scanner/interpreter.h"
#include "tools/common/capture_workload.h"
#include "tools/gvtcore/compared_engine.h"
#include "tools/gvtcore/context_images.h"
#include "tools/gvtcore/scan_observer.h"

namespace gvt::tools {
namespace {

// Wall time since it was made or last asked.
class Stopwatch {
 public:
  double Lap() {
    const auto now = std::chrono::steady_clock::now();
    const std::chrono::duration<double> lap = now - std::exchange(last_, now);
    return lap.count();
  }

 private:
  std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();
};

class FileScan {
 public:
  FileScan(capture::CaptureFile* file, const ScanSettings& settings, FileReport* report)
      : file_(*file),
        settings_(settings),
        report_(*report),
        platform_(file->info().platform),
        interpreter_(platform_, settings.policy),
        recall_(jit::MakeScanEngine(platform_, settings.policy)),
        compared_(*recall_, interpreter_),
        walker_(Chosen(settings.scanner), settings.policy),
        observer_(platform_, report, &images_) {}

  void Run(ScanProgress* progress) {
    Stopwatch watch;
    capture::Submission submission;
    for (;;) {
      const capture::NextResult next = file_.NextSubmission(&submission);
      report_.progress = file_.progress();
      report_.live_bytes_peak = std::max(report_.live_bytes_peak, report_.progress.live_bytes);
      report_.times.read += watch.Lap();
      if (next == capture::NextResult::kError) report_.error = file_.error();
      if (next != capture::NextResult::kSubmission) break;
      if (settings_.engine && submission.engine != *settings_.engine) continue;
      ScanSubmission(submission);
      const double statistics = std::chrono::duration<double>(observer_.TakeTime()).count();
      report_.times.statistics += statistics;
      report_.times.scan += watch.Lap() - statistics;
      if (progress != nullptr) Publish(progress);
    }
    if (settings_.scanner == Scanner::kBoth) report_.comparison = compared_.comparison();
  }

 private:
  const scanner::ScanEngine& Chosen(Scanner scanner) const {
    switch (scanner) {
      case Scanner::kRecall: return *recall_;
      case Scanner::kInterpreter: return interpreter_;
      case Scanner::kBoth: break;
    }
    return compared_;
  }

  void ScanSubmission(const capture::Submission& submission) {
    EngineReport& engine = report_.engines[static_cast<size_t>(submission.engine)];
    ++engine.submissions;
    if (submission.problem != capture::SubmissionProblem::kNone) {
      ++report_.problems[static_cast<size_t>(submission.problem)];
      return;
    }
    CaptureSource source(file_.memory());
    scanner::Workload workload = WorkloadOf(submission, file_.memory(), platform_);
    if (workload.context_image &&
        images_.IsKnownClean(workload.engine, *workload.context_image, source)) {
      workload.context_image.reset();
      ++engine.images_unchanged;
    }
    observer_.Enter(submission.index);
    const scanner::WalkTotals walk = walker_.Walk(workload, source, &observer_);
    engine.walk += walk;
    for (const uint64_t commands : walk.commands) commands_ += commands;
  }

  void Publish(ScanProgress* progress) const {
    progress->input_bytes.store(report_.progress.input_bytes, std::memory_order_relaxed);
    progress->commands.store(commands_, std::memory_order_relaxed);
  }

  capture::CaptureFile& file_;
  const ScanSettings& settings_;
  FileReport& report_;
  hw::Platform platform_;
  const scanner::Interpreter interpreter_;
  const std::unique_ptr<scanner::ScanEngine> recall_;
  const ComparedEngine compared_;
  scanner::SegmentWalker walker_;
  ContextImages images_;
  ScanObserver observer_;
  uint64_t commands_ = 0;
};

}  // namespace

const char* ScannerName(Scanner scanner) {
  constexpr const char* kNames[kScannerCount] = {"recall", "interpreter", "both"};
  return kNames[static_cast<size_t>(scanner)];
}

FileReport ScanFile(const std::string& path, const ScanSettings& settings, ScanProgress* progress) {
  FileReport report;
  report.file = path;
  Stopwatch watch;
  auto file = capture::OpenCapture(path, settings.capture);
  report.times.read += watch.Lap();
  if (!file) {
    report.error = file.error();
  } else {
    report.info = (*file)->info();
    FileScan(file->get(), settings, &report).Run(progress);
  }
  if (progress != nullptr) progress->done.store(true, std::memory_order_relaxed);
  return report;
}

}  // namespace gvt::tools
