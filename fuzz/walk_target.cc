// Fuzz target: the walk over a workload in sparse, optionally changing memory.
//
// Properties: every segment's report is well-formed and the naive scanner's; the totals are the
// sums of what the observer saw; the walk ends, within scanner/limits.h.
#include <span>

#include "fuzz/fuzz_target.h"
#include "fuzz/report_checks.h"
#include "fuzz/walk_input.h"
#include "scanner/interpreter.h"
#include "scanner/limits.h"
#include "scanner/segment_walker.h"

namespace gvt::fuzz {
namespace {

// Memory that one input may have copied, and the part of it that the slow oracle sees.
constexpr uint64_t kBudgetDwords = 1u << 16;
constexpr uint64_t kOracleDwords = 1u << 12;

class SegmentChecker final : public scanner::WalkObserver {
 public:
  explicit SegmentChecker(const scanner::Interpreter& interpreter) : interpreter_(interpreter) {}

  void OnSegment(const scanner::Segment& segment, const scanner::ScanReport& report) override {
    const auto kind = static_cast<size_t>(segment.kind);
    ++sum_.segments[kind];
    sum_.commands[kind] += report.commands;
    sum_.dwords[kind] += report.position;
    sum_.refusals += report.refusal_count;
    if (segment.dwords.empty()) return;  // a finding about the workload, not about dwords
    CheckReport(segment, interpreter_.policy(), report);
    scanned_ += segment.dwords.size();
    if (scanned_ > kOracleDwords) return;
    CheckAgainstOracle(interpreter_.platform(), segment, interpreter_.policy(), report);
  }

  const scanner::WalkTotals& sum() const { return sum_; }

 private:
  const scanner::Interpreter& interpreter_;
  scanner::WalkTotals sum_;
  uint64_t scanned_ = 0;
};

void Run(const WalkInput& input) {
  const scanner::Interpreter interpreter(input.platform, PolicyOf(input));
  scanner::SegmentWalker walker(interpreter, interpreter.policy());
  WalkMemory memory(input, kBudgetDwords);
  SegmentChecker checker(interpreter);
  const scanner::WalkTotals totals = walker.Walk(input.workload, memory, &checker);
  Require(totals.segments == checker.sum().segments && totals.commands == checker.sum().commands &&
              totals.dwords == checker.sum().dwords && totals.refusals == checker.sum().refusals,
          "the totals are the sums over the segments");
  uint64_t segments = 0;
  for (const uint64_t count : totals.segments) segments += count;
  Require(segments <= scanner::kMaxSegmentsPerWorkload + kBudgetDwords,
          "the walk keeps its limit on segments");
  Require(totals.second_level + totals.chained <= totals.batches,
          "calls and chains are batch starts");
}

}  // namespace
}  // namespace gvt::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto input = gvt::fuzz::ParseWalkInput(std::span(data, size));
  if (input) gvt::fuzz::Run(*input);
  return 0;
}
