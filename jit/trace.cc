// Which dwords decide about a command, and which commands decide the same each time.
//
// Invariants:
// 1. What a step's checks accept, the interpreter steps over without a trace in the report, in
//    every segment of the same engine, kind, space and privilege.
// 2. Whatever is not plainly so ends the trace.
#include "jit/trace.h"

#include <algorithm>

#include "base/mutant.h"
#include "scanner/command_audit.h"
#include "scanner/opcode_table.h"
#include "scanner/report.h"
#include "scanner/shortcuts.h"

namespace gvt::jit {
namespace {

namespace flush = scanner::flush_bits;
using scanner::Look;
using scanner::OpcodeEntry;
using scanner::OpcodeTable;
using scanner::Segment;

class Builder {
 public:
  Builder(hw::Platform platform, const scanner::Policy& policy, const Segment& recording,
          const TraceStart& start)
      : platform_(platform),
        policy_(policy),
        recording_(recording),
        table_(scanner::OpcodeTableFor(hw::GenerationOf(platform), recording.engine)),
        audited_(scanner::FlagsToAudit(recording)),
        shift_(start.dword - start.record_dword) {
    trace_.engine = recording.engine;
    trace_.end_dword = start.dword;
    trace_.end_commands = start.commands;
  }

  Trace Build() {
    while (Next()) {
    }
    return std::move(trace_);
  }

 private:
  // Position in the recording of what comes next.
  uint32_t at() const { return trace_.end_dword - shift_; }

  // Adds one command; false: the trace ends.
  bool Next() {
    const auto count = static_cast<uint32_t>(recording_.dwords.size());
    if (at() >= count || trace_.end_dword >= kMaxTraceDwords) return false;
    command_ = recording_.dwords.data() + at();
    const OpcodeEntry& entry = table_.entries()[command_[0] >> 16];
    const hw::CommandRow* row = table_.RowOf(command_[0]);
    length_ = entry.LengthOf(command_[0]);
    if (row == nullptr || !row->length.Allows(length_) || length_ > count - at()) return false;
    const unsigned findings = entry.flags & audited_;
    if (findings == 0) return StepOver(entry);
    if (findings != scanner::kAuditEffect) return EndWithAudit(entry);
    if (entry.shortcut == scanner::Shortcut::kBatchEnd) return EndOfBatch();
    if (entry.shortcut == scanner::Shortcut::kPipeControl &&
        scanner::LookAtPipeControl(command_, recording_, at() + length_) == Look::kStepOver) {
      return StepOver(entry);
    }
    const bool pure =
        row->effect == hw::Effect::kLoadRegisterImm || row->effect == hw::Effect::kLoadRegisterReg;
    return pure && AuditLeavesNothing() ? StepOverWhole(entry) : EndWithAudit(entry);
  }

  // Whether the full audit accepts the command and has nothing to say. For the register commands
  // it then depends on the command's own dwords alone.
  bool AuditLeavesNothing() {
    scratch_.Clear();
    const bool goes_on =
        scanner::CommandAudit(platform_, policy_, table_, recording_, &scratch_).Audit(at(), 0);
    return goes_on && scratch_.position == at() + length_ && scratch_.clean() &&
           scratch_.patches.empty() && scratch_.events.empty() && scratch_.stores.empty();
  }

  void AddCheck(CheckKind kind, uint32_t index, uint32_t value, uint32_t mask = 0) {
    trace_.checks.push_back(Check{kind, trace_.end_dword + index, value, mask});
  }
  void BeginStep(uint32_t needed_dwords) {
    trace_.steps.push_back(Step{trace_.end_dword, trace_.end_dword + needed_dwords,
                                static_cast<uint32_t>(trace_.checks.size()), 0});
    trace_.last_header = command_[0];
    AddCheck(CheckKind::kEqual, 0, command_[0]);
  }
  void FinishStep() {
    Step& step = trace_.steps.back();
    step.check_count = static_cast<uint32_t>(trace_.checks.size()) - step.first_check;
  }

  // The flags of a flush that its verdict depends on.
  void AddFlagChecks(scanner::Shortcut shortcut) {
    if (shortcut != scanner::Shortcut::kPipeControl) return;
    if (Planted(Mutant::kTraceFlagsIgnored)) return;
    const bool writes = (command_[1] & flush::kPostSyncMask) != 0;
    const uint32_t mask = flush::kRegister | flush::kNotify | flush::kPostSyncMask |
                          (writes ? flush::kIndex | flush::kGgtt : 0);
    AddCheck(CheckKind::kMasked, 1, command_[1] & mask, mask);
  }

  // Where a flush writes.
  void AddAddressCheck(scanner::Shortcut shortcut) {
    if (recording_.space == hw::AddressSpace::kGgtt) return;
    if (Planted(Mutant::kTraceAddressIgnored)) return;
    if (shortcut != scanner::Shortcut::kPipeControl) return;
    if ((command_[1] & flush::kPostSyncMask) == 0) return;
    AddCheck(CheckKind::kFar, scanner::kPipeControlOperand, trace_.end_dword + length_);
  }

  bool StepOver(const OpcodeEntry& entry) {
    BeginStep(length_);
    AddFlagChecks(entry.shortcut);
    AddAddressCheck(entry.shortcut);
    return Advance(entry);
  }

  bool StepOverWhole(const OpcodeEntry& entry) {
    BeginStep(length_);
    const uint32_t compared = Planted(Mutant::kTraceOperandsIgnored) ? 1 : length_;
    for (uint32_t i = 1; i < compared; ++i) AddCheck(CheckKind::kEqual, i, command_[i]);
    return Advance(entry);
  }

  bool Advance(const OpcodeEntry& entry) {
    FinishStep();
    trace_.end_dword += length_;
    ++trace_.end_commands;
    const bool landmark = (entry.flags & scanner::kLandmark) != 0;
    if (trace_.end_commands < (landmark ? kLandmarkCommands : kMaxTraceCommands)) return true;
    trace_.end = TraceEnd::kLandmark;
    return false;
  }

  bool EndOfBatch() {
    BeginStep(length_);
    FinishStep();
    trace_.end_dword += length_;
    ++trace_.end_commands;
    trace_.end = TraceEnd::kBatchEnd;
    return false;
  }

  bool EndWithAudit(const OpcodeEntry& entry) {
    BeginStep(std::min(length_, 2u));
    if (length_ >= 2) AddFlagChecks(entry.shortcut);
    FinishStep();
    trace_.end = TraceEnd::kAudit;
    return false;
  }

  const hw::Platform platform_;
  const scanner::Policy& policy_;
  const Segment& recording_;
  const OpcodeTable& table_;
  const unsigned audited_;
  const uint32_t shift_;  // position from the root minus position in the recording, modulo 2^32
  scanner::ScanReport scratch_;
  Trace trace_;

  // The command at hand.
  const uint32_t* command_ = nullptr;
  uint32_t length_ = 0;
};

}  // namespace

Trace BuildTrace(hw::Platform platform, const scanner::Policy& policy,
                 const scanner::Segment& recording, const TraceStart& start) {
  return Builder(platform, policy, recording, start).Build();
}

}  // namespace gvt::jit
