// Registers named by commands. Every path asks hw::JudgeRegister; this file only reads the operands
// and draws the consequences.
//
// A refused pair of MI_LOAD_REGISTER_IMM is redirected to the engine's NOPID register, which holds
// a number that nothing reads, so that the other pairs of the command still work, as they do on
// hardware. Other commands name one register and become MI_NOOP.
#include "base/bits.h"
#include "base/mutant.h"
#include "hw/context_image.h"
#include "scanner/command_audit.h"
#include "scanner/register_request.h"

namespace gvt::scanner {
namespace {

constexpr uint32_t kNopidOffset = 0x94;  // Source: linux v6.1 i915_reg.h RING_NOPID

Rule RuleFor(const hw::RegisterVerdict& verdict) {
  if (verdict.outcome == hw::RegisterOutcome::kNoOp) return Rule::kRegisterPrivilege;
  const bool about_value = verdict.reason == hw::RegisterReason::kValueUnknown ||
                           verdict.reason == hw::RegisterReason::kValueRefused;
  return about_value ? Rule::kRegisterValue : Rule::kRegisterRefused;
}

}  // namespace

hw::RegisterVerdict CommandAudit::Judge(hw::RegisterPath path, uint32_t reg, bool value_known,
                                        uint32_t value) const {
  return hw::JudgeRegister(
      RegisterRequestOf(platform_, policy_, segment_, path, reg, value_known, value));
}

void CommandAudit::NoteRegisterEffect(hw::RegisterEffect effect, uint32_t reg) {
  if (effect == hw::RegisterEffect::kPageTableRoot) AddEvent(EventKind::kPageTableRoot, reg);
  if (effect == hw::RegisterEffect::kNonPrivilegeSlot) AddEvent(EventKind::kNonPrivilegeSlot, reg);
}

// Takes an access out of the stream that nobody would miss; no finding.
void CommandAudit::DropSilently(Patch patch) {
  if (!policy_.audit_only) report_.patches.push_back(patch);
}

CommandAudit::Step CommandAudit::AuditLoadRegisterImm() {
  const bool image = segment_.kind == BufferKind::kContextImage;
  const hw::RegisterPath path = image ? hw::RegisterPath::kContextImage : hw::RegisterPath::kLri;
  const uint32_t end = Planted(Mutant::kOddRegisterList) ? length_ : length_ - 1;
  for (uint32_t i = 1; i < end; i += 2) {
    const uint32_t reg = Dword(i);
    const hw::RegisterVerdict verdict = Judge(path, reg, true, Dword(i + 1));
    if (verdict.allowed()) {
      if (verdict.effect != hw::RegisterEffect::kNone) NoteRegisterEffect(verdict.effect, reg);
      continue;
    }
    const Patch redirect{position_ + i, 1, hw::EngineMmioBase(segment_.engine) + kNopidOffset};
    if (verdict.is_silent_no_op()) {
      DropSilently(redirect);
      continue;
    }
    Refusal finding;
    finding.rule = RuleFor(verdict);
    finding.detail = i;
    finding.reg = reg;
    if (Refuse(finding, redirect) == Step::kStop) return Step::kStop;
  }
  return Step::kGoOn;
}

// The register in dword `detail` of a command that names one register without a value.
CommandAudit::Step CommandAudit::JudgeForCommand(hw::RegisterPath path, uint32_t detail) {
  const uint32_t reg = Dword(detail);
  const hw::RegisterVerdict verdict = Judge(path, reg, false, 0);
  if (verdict.allowed()) {
    NoteRegisterEffect(verdict.effect, reg);
    return Step::kGoOn;
  }
  if (verdict.is_silent_no_op()) {
    DropSilently(Patch{position_, length_, 0});
    return Step::kSkipCommand;
  }
  return RefuseCommand(RuleFor(verdict), detail, 0, reg);
}

CommandAudit::Step CommandAudit::AuditLoadRegisterMem() {
  const Step step = JudgeForCommand(hw::RegisterPath::kLrm, 1);
  return step == Step::kGoOn ? AuditMemory() : step;
}

CommandAudit::Step CommandAudit::AuditStoreRegisterMem() {
  const Step step = JudgeForCommand(hw::RegisterPath::kSrm, 1);
  return step == Step::kGoOn ? AuditMemory() : step;
}

CommandAudit::Step CommandAudit::AuditLoadRegisterReg() {
  const Step step = JudgeForCommand(hw::RegisterPath::kLrrSource, 1);
  return step == Step::kGoOn ? JudgeForCommand(hw::RegisterPath::kLrrDestination, 2) : step;
}

// PIPE_CONTROL that writes dword 4 to the register in dword 2 when it is done.
CommandAudit::Step CommandAudit::AuditPipeControlRegister(Patch without_write) {
  const uint32_t reg = Dword(2);
  const hw::RegisterVerdict verdict = Judge(hw::RegisterPath::kPipeControl, reg, true, Dword(4));
  if (verdict.allowed()) {
    NoteRegisterEffect(verdict.effect, reg);
    return Step::kGoOn;
  }
  if (verdict.is_silent_no_op()) {
    DropSilently(without_write);
    return Step::kSkipCommand;
  }
  Refusal finding;
  finding.rule = RuleFor(verdict);
  finding.detail = 2;
  finding.reg = reg;
  return Refuse(finding, without_write);
}

}  // namespace gvt::scanner
