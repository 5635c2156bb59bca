// The audit of one command that the scan loop could not step over.
#pragma once

#include <cstdint>

#include "base/range.h"
#include "hw/command_row.h"
#include "hw/register_policy.h"
#include "scanner/opcode_table.h"
#include "scanner/policy.h"
#include "scanner/report.h"
#include "scanner/segment.h"

namespace gvt::scanner {

// Lives for one command. All its functions add to the report that it was made with.
class CommandAudit {
 public:
  CommandAudit(hw::Platform platform, const Policy& policy, const OpcodeTable& table,
               const Segment& segment, ScanReport* report)
      : platform_(platform), policy_(policy), table_(table), segment_(segment), report_(*report) {}

  // Audits the command at `position`, the `commands`-th of the segment. True: go on at
  // report->position. False: the segment ends, or the copy does (report->end says which).
  bool Audit(uint32_t position, uint32_t commands);

  // The copy ended exactly behind a command, at report->position.
  void EndOfCopy();

 private:
  // What the caller does with the rest of the command after a finding.
  enum class Step : uint8_t { kGoOn, kSkipCommand, kStop };

  // One graphics address of a command, looked up.
  struct MemoryAccess {
    uint64_t address = 0;
    uint32_t size_bytes = 0;
    uint32_t detail = 0;  // dword of the command
    bool ggtt = false;
    bool write = false;
  };

  struct Immediate {
    uint64_t value = 0;
    uint8_t bytes = 4;
  };

  // command_audit.cc: the frame
  uint32_t Dword(uint32_t index) const { return dwords_[index]; }
  bool IsUser() const { return !segment_.privileged; }
  bool Accept(uint32_t next);
  bool Stop(SegmentEnd end);
  bool CutOff(uint32_t position);
  bool AuditUnknown(uint32_t position);
  Step AuditEffect();
  Step AuditDisplayFlip();
  Step AuditSemaphoreSignal();
  void AddEvent(EventKind kind, uint32_t argument);
  void CutAtSelfModification();

  // refusal.cc: findings and the ladder
  Step Refuse(Refusal finding, Patch repair);
  Step RefuseCommand(Rule rule, uint32_t detail, uint64_t address = 0, uint32_t reg = 0);
  void Record(Refusal finding);

  // control_audit.cc
  Step AuditBatchStart();
  Step EndSegment(SegmentEnd end);

  // register_audit.cc
  Step AuditLoadRegisterImm();
  Step AuditLoadRegisterMem();
  Step AuditStoreRegisterMem();
  Step AuditLoadRegisterReg();
  hw::RegisterVerdict Judge(hw::RegisterPath path, uint32_t reg, bool value_known,
                            uint32_t value) const;
  Step JudgeForCommand(hw::RegisterPath path, uint32_t detail);
  Step AuditPipeControlRegister(Patch without_write);
  void DropSilently(Patch patch);
  void NoteRegisterEffect(hw::RegisterEffect effect, uint32_t reg);

  // memory_audit.cc
  Step AuditMemory();
  Step AuditAddress(const MemoryAccess& access, const Immediate* value);
  Step AuditStoreDataImm();
  Step AuditAtomic();
  Step AuditStoreDataIndex();
  Step AuditFlushDw();
  Step AuditPipeControl();
  Step AuditPostSync(uint32_t detail, bool indexed, bool ggtt, Patch without_write);
  Rule AddressRule() const { return IsUser() ? Rule::kGgttFromUser : Rule::kGgttRange; }
  bool AddressIsOwn(const MemoryAccess& access) const;
  uint32_t AccessSize() const;
  void NoteStore(const MemoryAccess& access, const Immediate* value);

  const hw::Platform platform_;
  const Policy& policy_;
  const OpcodeTable& table_;
  const Segment& segment_;
  ScanReport& report_;

  // The command at hand.
  const hw::CommandRow* row_ = nullptr;
  const uint32_t* dwords_ = nullptr;
  uint32_t position_ = 0;
  uint32_t length_ = 0;
};

}  // namespace gvt::scanner
