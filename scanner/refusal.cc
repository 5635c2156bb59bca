// Findings and the ladder: what a broken rule does to the command, its batch, its context or the
// vGPU.
#include <algorithm>

#include "scanner/command_audit.h"
#include "scanner/limits.h"

namespace gvt::scanner {

// Counts the finding, keeps it while there is room, and remembers the hardest action.
void CommandAudit::Record(Refusal finding) {
  finding.action = policy_.ActionFor(finding.rule);
  report_.worst =
      report_.refusal_count == 0 ? finding.action : std::max(report_.worst, finding.action);
  ++report_.refusal_count;
  if (report_.refusals.size() < kMaxRefusalsPerSegment) report_.refusals.push_back(finding);
}

// Records the finding; on the mildest rung applies `repair` and tells the caller to go on behind
// the command.
CommandAudit::Step CommandAudit::Refuse(Refusal finding, Patch repair) {
  finding.dword = position_;
  finding.header = Dword(0);
  Record(finding);
  if (policy_.audit_only) return Step::kSkipCommand;
  if (policy_.ActionFor(finding.rule) == Action::kNoop) {
    report_.patches.push_back(repair);
    return Step::kSkipCommand;
  }
  report_.end = SegmentEnd::kRefused;
  return Step::kStop;
}

// As Refuse, with the whole command made into MI_NOOPs.
CommandAudit::Step CommandAudit::RefuseCommand(Rule rule, uint32_t detail, uint64_t address,
                                               uint32_t reg) {
  Refusal finding;
  finding.rule = rule;
  finding.detail = detail;
  finding.address = address;
  finding.reg = reg;
  return Refuse(finding, Patch{position_, length_, 0});
}

}  // namespace gvt::scanner
