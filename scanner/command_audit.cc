// The frame of the audit: what every command goes through, in this order.
//
// 1. It has a row, and its stated length is one the row allows: else nobody knows where the next
// command starts, and the batch fails.
// 2. All its dwords are in the copy: else the caller fetches more, or the command is cut off by the
// end of its buffer.
// 3. Its privilege fits the segment.
// 4. Its effect is audited.
//
// A finding is a value (Refusal); nothing a guest writes can reach a GVT_CHECK.
#include "scanner/command_audit.h"

#include <algorithm>

#include "base/bits.h"
#include "base/mutant.h"
#include "scanner/disasm_cursor.h"
#include "scanner/limits.h"
#include "scanner/quick_audit.h"

namespace gvt::scanner {

bool CommandAudit::Audit(uint32_t position, uint32_t commands) {
  report_.position = position;
  report_.commands = commands;
  position_ = position;
  dwords_ = segment_.dwords.data() + position;
  const uint32_t header = dwords_[0];
  row_ = table_.RowOf(header);
  if (row_ == nullptr) return AuditUnknown(position);

  const OpcodeEntry& entry = table_.entries()[header >> 16];
  length_ = entry.LengthOf(header);
  const bool length_ok = Planted(Mutant::kLengthSetIgnored) || entry.LengthIsPlain(length_) ||
                         row_->length.Allows(length_) ||
                         (Planted(Mutant::kOddRegisterList) &&
                          row_->effect == hw::Effect::kLoadRegisterImm && length_ >= 3);
  const auto left = static_cast<uint32_t>(segment_.dwords.size()) - position;
  if (length_ > left && !segment_.complete) return Stop(SegmentEnd::kNeedMore);
  if (!length_ok && RefuseCommand(Rule::kBadLength, 0) == Step::kStop) {
    return Stop(SegmentEnd::kRefused);
  }
  if (length_ > left) return CutOff(position);
  if (!length_ok) return Accept(position + std::max(length_, 1u));

  Step step = Step::kGoOn;
  if (row_->privilege == hw::Privilege::kPrivileged && IsUser()) {
    step = RefuseCommand(Rule::kPrivilegedCommand, 0);
  } else if (row_->batch_only && (segment_.kind == BufferKind::kRing ||
                                  segment_.kind == BufferKind::kIndirectContext)) {
    step = RefuseCommand(Rule::kBatchCommandInRing, 0);
  } else {
    step = AuditEffect();
  }
  if (step == Step::kStop) return Stop(report_.end);
  return Accept(position + length_);
}

// The command is done: step over it, unless one of the report's lists is full, in which case the
// caller comes back with a fresh copy.
bool CommandAudit::Accept(uint32_t next) {
  report_.position = next;
  ++report_.commands;
  if (report_.stores.size() < kMaxStoresPerSegment &&
      report_.events.size() < kMaxEventsPerSegment &&
      report_.patches.size() < kMaxPatchesPerSegment) {
    return true;
  }
  return Stop(SegmentEnd::kReenter);
}

bool CommandAudit::Stop(SegmentEnd end) {
  report_.end = end;
  if (end != SegmentEnd::kNeedMore) CutAtSelfModification();
  return false;
}

// The command at `position` is longer than what is left of the segment.
bool CommandAudit::CutOff(uint32_t position) {
  if (Planted(Mutant::kTailOvershootIgnored)) {
    report_.position = static_cast<uint32_t>(segment_.dwords.size());
    ++report_.commands;
    return Stop(SegmentEnd::kEndOfBuffer);
  }
  const bool at_limit = segment_.dwords.size() >= kMaxSegmentDwords;
  Refusal finding;
  finding.rule = at_limit ? Rule::kSegmentLimit : Rule::kTruncatedCommand;
  finding.dword = position;
  finding.header = dwords_[0];
  finding.address = segment_.start.value + uint64_t{position} * 4;
  Record(finding);
  return Stop(SegmentEnd::kRefused);
}

void CommandAudit::EndOfCopy() {
  position_ = report_.position;
  length_ = 0;
  if (!segment_.complete) {
    Stop(SegmentEnd::kNeedMore);
    return;
  }
  if (!IsBatch(segment_.kind)) {
    Stop(SegmentEnd::kEndOfBuffer);
    return;
  }
  Refusal finding;
  finding.rule =
      segment_.dwords.size() >= kMaxSegmentDwords ? Rule::kSegmentLimit : Rule::kBatchUnmapped;
  finding.dword = report_.position;
  finding.address = segment_.start.value + uint64_t{report_.position} * 4;
  Record(finding);
  Stop(SegmentEnd::kRefused);
}

bool CommandAudit::AuditUnknown(uint32_t position) {
  length_ = policy_.audit_only ? GuessedLength(dwords_[0], segment_.engine) : 1;
  const auto left = static_cast<uint32_t>(segment_.dwords.size()) - position;
  if (policy_.audit_only && length_ > left && !segment_.complete) {
    return Stop(SegmentEnd::kNeedMore);
  }
  if (RefuseCommand(Rule::kUnknownCommand, 0) == Step::kStop) return Stop(SegmentEnd::kRefused);
  if (length_ > left) return CutOff(position);
  return Accept(position + length_);
}

CommandAudit::Step CommandAudit::AuditEffect() {
  const uint32_t header = Dword(0);
  switch (row_->effect) {
    case hw::Effect::kNone:
    case hw::Effect::kNop:
    case hw::Effect::kPredicate:
    case hw::Effect::kMath:
    case hw::Effect::kPower:
    case hw::Effect::kDisplay:
    case hw::Effect::kReportHead: return Step::kGoOn;
    case hw::Effect::kUserInterrupt: AddEvent(EventKind::kUserInterrupt, 0); return Step::kGoOn;
    case hw::Effect::kWaitForEvent: AddEvent(EventKind::kDisplayWait, header); return Step::kGoOn;
    case hw::Effect::kArbitration:
      AddEvent(EventKind::kArbitration, header & 1);
      return Step::kGoOn;
    case hw::Effect::kBatchStart: return AuditBatchStart();
    case hw::Effect::kBatchEnd: return EndSegment(SegmentEnd::kBatchEnd);
    case hw::Effect::kDisplayFlip: return AuditDisplayFlip();
    case hw::Effect::kSemaphoreSignal: return AuditSemaphoreSignal();
    case hw::Effect::kSetContext:
    case hw::Effect::kUpdateGtt:
    case hw::Effect::kForbidden: return RefuseCommand(Rule::kForbiddenCommand, 0);
    case hw::Effect::kStoreDataImm: return AuditStoreDataImm();
    case hw::Effect::kStoreDataIndex: return AuditStoreDataIndex();
    case hw::Effect::kLoadRegisterImm: return AuditLoadRegisterImm();
    case hw::Effect::kLoadRegisterMem: return AuditLoadRegisterMem();
    case hw::Effect::kStoreRegisterMem: return AuditStoreRegisterMem();
    case hw::Effect::kLoadRegisterReg: return AuditLoadRegisterReg();
    case hw::Effect::kFlushDw: return AuditFlushDw();
    case hw::Effect::kPipeControl: return AuditPipeControl();
    case hw::Effect::kSemaphoreWait:
    case hw::Effect::kConditionalBatchEnd:
    case hw::Effect::kClflush:
    case hw::Effect::kReportPerfCount:
    case hw::Effect::kMemory:
    case hw::Effect::kCopyMemMem: return AuditMemory();
    case hw::Effect::kAtomic: return AuditAtomic();
  }
  return Step::kGoOn;
}

// Plane codes. Source: linux v6.1 gvt/cmd_parser.c gen8_decode_mi_display_flip (header[21:19],
// 0..5) and skl_decode_mi_display_flip (header[12:8], 0 1 2 primary, 4 5 6 sprite).
CommandAudit::Step CommandAudit::AuditDisplayFlip() {
  const uint32_t header = Dword(0);
  const bool gen8 = hw::GenerationOf(platform_) == hw::Generation::kGen8;
  const uint32_t plane = gen8 ? Bits(header, 21, 19) : Bits(header, 12, 8);
  const bool exists = gen8 ? plane <= 5 : plane <= 6 && plane != 3;
  if (!exists) return RefuseCommand(Rule::kBadField, 0);
  const Step step = AuditMemory();
  if (step == Step::kGoOn) AddEvent(EventKind::kDisplayFlip, plane);
  return step;
}

CommandAudit::Step CommandAudit::AuditSemaphoreSignal() {
  AddEvent(EventKind::kSemaphoreSignal, length_ > 1 ? Dword(1) : 0);
  return Step::kGoOn;
}

void CommandAudit::AddEvent(EventKind kind, uint32_t argument) {
  report_.events.push_back(Event{kind, position_, argument});
}

// A segment that wrote into its own rest must not run past the write from this copy: cut the report
// there (decision D1). A refused command is part of the rest: the write may be what makes it sound.
void CommandAudit::CutAtSelfModification() {
  if (!IsBatch(segment_.kind)) return;
  uint32_t reach = report_.position;
  if (report_.end == SegmentEnd::kRefused) {
    reach += std::min(length_, static_cast<uint32_t>(segment_.dwords.size()) - reach);
  }
  const Store* const store = FindSelfModification(segment_, report_, reach);
  if (store == nullptr) return;
  const uint32_t cut = store->next_dword;
  report_.end = SegmentEnd::kReenter;
  report_.position = cut;
  report_.commands = store->commands;
  report_.refusal_count = store->refusals;
  report_.target = BatchTarget{};
  std::erase_if(report_.patches, [cut](const Patch& patch) { return patch.dword >= cut; });
  std::erase_if(report_.events, [cut](const Event& event) { return event.dword >= cut; });
  std::erase_if(report_.refusals, [cut](const Refusal& r) { return r.dword >= cut; });
  report_.worst = Action::kNoop;
  for (const Refusal& refusal : report_.refusals) {
    report_.worst = std::max(report_.worst, refusal.action);
  }
  std::erase_if(report_.stores, [cut](const Store& s) { return s.next_dword > cut; });
}

}  // namespace gvt::scanner
