#include "fuzz/capture_checks.h"

#include <algorithm>
#include <memory>

#include "fuzz/fuzz_target.h"
#include "fuzz/report_checks.h"
#include "scanner/interpreter.h"
#include "scanner/segment_walker.h"
#include "tools/common/capture_workload.h"

namespace gvt::fuzz {
namespace {

constexpr uint64_t kLiveBytes = uint64_t{1} << 20;
constexpr uint64_t kObjectBytes = uint64_t{256} << 10;
// Submissions looked at and dwords copied for all of them: tables may map one page a million times.
constexpr unsigned kMaxSubmissions = 64;
constexpr uint64_t kBudgetDwords = uint64_t{1} << 17;

// A capture's memory that ends when a budget is spent.
class BoundedSource final : public scanner::SegmentSource {
 public:
  BoundedSource(const capture::GpuMemory& memory, uint64_t* budget)
      : source_(memory), budget_(*budget) {}
  uint32_t Fetch(hw::AddressSpace space, Gma address, std::span<uint32_t> out) override {
    if (out.size() > budget_) return 0;
    budget_ -= out.size();
    return source_.Fetch(space, address, out);
  }

 private:
  tools::CaptureSource source_;
  uint64_t& budget_;
};

class ReportChecker final : public scanner::WalkObserver {
 public:
  explicit ReportChecker(const scanner::Policy& policy) : policy_(policy) {}
  void OnSegment(const scanner::Segment& segment, const scanner::ScanReport& report) override {
    if (!segment.dwords.empty()) CheckReport(segment, policy_, report);
  }

 private:
  const scanner::Policy& policy_;
};

void CheckError(const capture::FileError& error) {
  Require(error.code == ErrorCode::kIo || error.code == ErrorCode::kTruncated ||
              error.code == ErrorCode::kCorrupt || error.code == ErrorCode::kUnsupported ||
              error.code == ErrorCode::kNoSpace,
          "a file error has one of the codes of file_error.h");
  Require(error.file == "input" && !error.reason.empty(), "a file error names file and reason");
  Require(!error.Message().empty(), "a file error can be printed");
}

void CheckSubmission(const capture::Submission& submission) {
  Require(!capture::ProblemName(submission.problem).empty(), "every problem has a name");
  if (submission.problem != capture::SubmissionProblem::kNone) return;
  Require(submission.batch.start == MaskGma(submission.batch.start.value),
          "a batch lies in the 48-bit space");
  if (submission.kind != capture::SubmissionKind::kRing) return;
  const capture::RingPart& ring = submission.ring;
  Require(ring.start.page_offset() == 0 && ring.size_bytes % kPageSize == 0 &&
              ring.size_bytes != 0 && ring.size_bytes <= (2u << 20),
          "a ring is whole pages, 4 KiB to 2 MiB");
  Require(ring.head < ring.size_bytes && ring.tail < ring.size_bytes && ring.head % 4 == 0 &&
              ring.tail % 4 == 0,
          "head and tail are dwords of the ring");
}

void WalkSubmissions(capture::CaptureFile* file, const capture::CaptureOptions& options) {
  const hw::Platform platform = file->info().platform;
  const scanner::Policy policy;
  const scanner::Interpreter interpreter(platform, policy);
  scanner::SegmentWalker walker(interpreter, policy);
  ReportChecker checker(policy);
  uint64_t budget = kBudgetDwords;
  capture::Submission submission;
  capture::NextResult result = capture::NextResult::kSubmission;
  for (uint64_t index = 0; index < kMaxSubmissions; ++index) {
    result = file->NextSubmission(&submission);
    if (result != capture::NextResult::kSubmission) break;
    Require(submission.index == index, "submissions are counted in file order");
    Require(file->progress().live_bytes <= options.live_bytes_limit,
            "the pages stay below their limit");
    CheckSubmission(submission);
    BoundedSource source(file->memory(), &budget);
    walker.Walk(tools::WorkloadOf(submission, file->memory(), platform), source, &checker);
  }
  if (result == capture::NextResult::kSubmission) return;
  Require((result == capture::NextResult::kError) == file->error().has_value(),
          "an error is told by result and by error()");
  if (file->error()) CheckError(*file->error());
  Require(file->NextSubmission(&submission) == result, "the end of a capture is final");
}

}  // namespace

capture::CaptureOptions SmallLimits() {
  capture::CaptureOptions options;
  options.live_bytes_limit = kLiveBytes;
  options.object_bytes_limit = kObjectBytes;
  return options;
}

void CheckCapture(std::span<const std::byte> bytes, const capture::CaptureOptions& options) {
  auto file = capture::OpenCaptureMemory("input", bytes, options);
  if (!file) {
    CheckError(file.error());
    return;
  }
  Require(std::all_of((*file)->info().producer.begin(), (*file)->info().producer.end(),
                      [](char c) { return c >= ' ' && c <= '~'; }),
          "the producer is printable ASCII");
  WalkSubmissions(file->get(), options);
}

}  // namespace gvt::fuzz
