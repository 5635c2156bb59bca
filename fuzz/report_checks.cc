#include "fuzz/report_checks.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "fuzz/fuzz_target.h"
#include "scanner/limits.h"
#include "tests/oracle/naive_scanner.h"
#include "tests/oracle/report_text.h"

namespace gvt::fuzz {

using scanner::BufferKind;
using scanner::Policy;
using scanner::ScanReport;
using scanner::Segment;
using scanner::SegmentEnd;

void FailProperty(const char* property) {
  std::fprintf(stderr, "broken property: %s\n", property);
  std::abort();
}

namespace {

// What one command may add to a list that was not yet full: a repeating group of addresses.
constexpr size_t kListSlack = 1u << 16;

void CheckEnd(const Segment& segment, const Policy& policy, const ScanReport& report) {
  switch (report.end) {
    case SegmentEnd::kNeedMore:
      Require(!segment.complete, "a complete segment is never asked to be longer");
      break;
    case SegmentEnd::kEndOfBuffer:
      Require(!scanner::IsBatch(segment.kind), "a batch does not end with its copy");
      Require(report.position == segment.dwords.size(), "the end of the buffer is its end");
      break;
    case SegmentEnd::kBatchEnd:
      Require(segment.kind != BufferKind::kRing && segment.kind != BufferKind::kIndirectContext,
              "a ring has no batch end");
      break;
    case SegmentEnd::kChain:
    case SegmentEnd::kCall: {
      Require(segment.kind == BufferKind::kRing || scanner::IsBatch(segment.kind),
              "only rings and batches start batches");
      Require(segment.kind != BufferKind::kSecondLevelBatch, "there is no level below the second");
      const scanner::BatchTarget& target = report.target;
      Require(target.address == MaskGma(target.address.value) && target.address.value % 4 == 0,
              "a batch starts at a dword of the 48-bit space");
      if (target.space == hw::AddressSpace::kGgtt) {
        Require(segment.privileged, "a non-privileged batch starts no GGTT batch");
        Require(policy.OwnsGgtt(target.address.value, 4), "a GGTT batch is the guest's own");
      }
      break;
    }
    case SegmentEnd::kReenter:
      Require(report.position > 0, "a segment that is entered again has made progress");
      break;
    case SegmentEnd::kRefused:
      Require(report.refusal_count > 0, "a refused segment says why");
      break;
  }
}

void CheckRefusals(const Segment& segment, const Policy& policy, const ScanReport& report) {
  Require(report.refusals.size() ==
              std::min<size_t>(report.refusal_count, scanner::kMaxRefusalsPerSegment),
          "the first refusals are kept, all are counted");
  scanner::Action worst = scanner::Action::kNoop;
  for (const scanner::Refusal& refusal : report.refusals) {
    Require(refusal.dword <= segment.dwords.size(), "a refusal lies inside the segment");
    Require(refusal.action == policy.ActionFor(refusal.rule), "the policy decides the action");
    Require(scanner::RuleFromName(scanner::RuleName(refusal.rule)) == refusal.rule &&
                scanner::ActionFromName(scanner::ActionName(refusal.action)) == refusal.action &&
                !scanner::RuleText(refusal.rule).empty(),
            "rules and actions are known by their names");
    worst = std::max(worst, refusal.action);
  }
  if (report.refusal_count == report.refusals.size()) {
    Require(report.refusal_count == 0 || report.worst == worst, "worst is the hardest action");
  }
}

void CheckLists(const Segment& segment, const Policy& policy, const ScanReport& report) {
  // A command that ends the segment by a refusal has left its marks, but the position stays at it.
  const size_t end = report.end == SegmentEnd::kRefused || report.end == SegmentEnd::kNeedMore
                         ? segment.dwords.size()
                         : report.position;
  Require(!policy.audit_only || report.patches.empty(), "an audit-only scan changes nothing");
  for (const scanner::Patch& patch : report.patches) {
    Require(patch.count > 0 && patch.dword < end && patch.count <= end - patch.dword,
            "a patch lies inside the scanned commands");
  }
  for (const scanner::Event& event : report.events) {
    Require(event.dword < end, "an event lies inside the scanned commands");
    Require(*scanner::EventKindName(event.kind) != 0, "events have names");
  }
  for (const scanner::Store& store : report.stores) {
    Require(store.next_dword <= segment.dwords.size(), "a store lies inside the segment");
    Require(store.size_bytes > 0 && store.value_bytes <= store.size_bytes,
            "a store reaches at least what it writes");
    if (store.space == hw::AddressSpace::kGgtt) {
      Require(segment.privileged, "a non-privileged batch does not store to the GGTT");
      Require(policy.audit_only || policy.OwnsGgtt(store.address.value, store.size_bytes),
              "a store to the GGTT hits the guest's own part");
    }
  }
  Require(report.patches.size() <= scanner::kMaxPatchesPerSegment + kListSlack &&
              report.events.size() <= scanner::kMaxEventsPerSegment + kListSlack &&
              report.stores.size() <= scanner::kMaxStoresPerSegment + kListSlack,
          "the lists keep their limits");
}

}  // namespace

void CheckReport(const Segment& segment, const Policy& policy, const ScanReport& report) {
  Require(report.position <= segment.dwords.size(), "the position lies inside the segment");
  Require(report.commands <= report.position, "a command is at least one dword");
  Require(*scanner::SegmentEndName(report.end) != 0 && *scanner::BufferKindName(segment.kind) != 0,
          "kinds and ends have names");
  CheckEnd(segment, policy, report);
  CheckRefusals(segment, policy, report);
  CheckLists(segment, policy, report);
}

void CheckAgainstOracle(hw::Platform platform, const Segment& segment, const Policy& policy,
                        const ScanReport& report) {
  const ScanReport expected = oracle::NaiveScan(platform, policy, segment);
  if (report == expected) return;
  std::fprintf(stderr, "%sscan:\n%snaive scanner:\n%s", oracle::SegmentText(segment).c_str(),
               oracle::ReportText(report).c_str(), oracle::ReportText(expected).c_str());
  FailProperty("a scan reports what the naive scanner reports");
}

}  // namespace gvt::fuzz
