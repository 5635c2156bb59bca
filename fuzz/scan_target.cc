// Fuzz target: the audit of one segment.
//
// Properties, beyond what the sanitizers see:
// 1. The report is well-formed (fuzz/report_checks.h).
// 2. It equals that of the naive scanner: no false accept, no false refusal.
// 3. A copy that grows piece by piece leads to the same report as the whole copy.
// 4. What the mildest action patched is clean: the patched copy, scanned again, has no finding of
//    that action left and ends where and as the first scan did.
#include <algorithm>
#include <span>
#include <vector>

#include "fuzz/fuzz_target.h"
#include "fuzz/report_checks.h"
#include "fuzz/scan_input.h"
#include "scanner/interpreter.h"

namespace gvt::fuzz {
namespace {

using scanner::ScanReport;
using scanner::Segment;
using scanner::SegmentEnd;

// A longer segment is no more interesting than one of these many dwords, only slower.
constexpr size_t kMaxDwords = 1u << 14;
// Resumed scans of one input; then the rest comes at once.
constexpr unsigned kMaxPieces = 64;

ScanReport ScanInPieces(const scanner::Interpreter& interpreter, const Segment& whole,
                        size_t piece) {
  ScanReport report;
  Segment part = whole;
  part.complete = false;
  size_t have = 0;
  for (unsigned pieces = 0; !part.complete; ++pieces) {
    have = pieces < kMaxPieces ? std::min(have + piece, whole.dwords.size()) : whole.dwords.size();
    part.dwords = whole.dwords.first(have);
    part.complete = have == whole.dwords.size();
    interpreter.Scan(part, &report);
    if (report.end != SegmentEnd::kNeedMore) break;
    Require(!part.complete, "a complete segment is never asked to be longer");
  }
  return report;
}

void CheckPatchedCopy(const scanner::Interpreter& interpreter, const Segment& segment,
                      const ScanReport& report) {
  std::vector<uint32_t> copy(segment.dwords.begin(), segment.dwords.end());
  for (const scanner::Patch& patch : report.patches) {
    std::fill_n(copy.begin() + patch.dword, patch.count, patch.value);
  }
  Segment patched = segment;
  patched.dwords = copy;
  ScanReport again;
  interpreter.Scan(patched, &again);
  for (const scanner::Refusal& refusal : again.refusals) {
    Require(refusal.action != scanner::Action::kNoop, "a patched copy is clean");
  }
  Require(
      again.end == report.end && again.position == report.position && again.target == report.target,
      "a patched copy ends as the first scan said");
  Require(again.events == report.events, "a patched copy has the events of the first scan");
}

void Run(const ScanInput& input) {
  const scanner::Interpreter interpreter(input.platform, PolicyOf(input));
  const Segment segment = SegmentOf(input);
  ScanReport report;
  interpreter.Scan(segment, &report);
  CheckReport(segment, interpreter.policy(), report);
  CheckAgainstOracle(input.platform, segment, interpreter.policy(), report);
  const size_t piece = input.split % std::max<size_t>(segment.dwords.size(), 1) + 1;
  Require(ScanInPieces(interpreter, segment, piece) == report,
          "the report does not depend on where the copy was cut");
  if (!input.audit_only && report.end != SegmentEnd::kNeedMore) {
    CheckPatchedCopy(interpreter, segment, report);
  }
}

}  // namespace
}  // namespace gvt::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto input = gvt::fuzz::ParseScanInput(std::span(data, size));
  if (input && input->dwords.size() <= gvt::fuzz::kMaxDwords) gvt::fuzz::Run(*input);
  return 0;
}
