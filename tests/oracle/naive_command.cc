// One function for each effect of a command.
//
// Reading guide: each function opens with the bits that matter, as the PRM names them, and returns
// early with a finding when a rule is broken.
//
// Source: PRM SKL vol 2a, the page of each command; linux v6.1 gvt/cmd_parser.c.
#include "tests/oracle/naive_command.h"

#include <optional>

#include "hw/register_policy.h"
#include "scanner/limits.h"

namespace gvt::oracle {
namespace {

using hw::Effect;
using scanner::BufferKind;
using scanner::EventKind;
using scanner::Rule;
using scanner::SegmentEnd;

constexpr uint64_t kAddressBits = (uint64_t{1} << 48) - 1;
constexpr uint64_t kPage = 4096;

bool IsUser(const Command& command) {
  return !command.segment.privileged;
}

uint64_t Qword(const Command& command, size_t dword) {
  const uint64_t high = dword + 1 < command.dwords.size() ? command.dwords[dword + 1] : 0;
  return high << 32 | command.dwords[dword];
}

// --- making notes ---

Note Finding(const Command& command, Rule rule, uint32_t detail, scanner::Patch patch) {
  Note note;
  note.kind = Note::Kind::kFinding;
  note.refusal.rule = rule;
  note.refusal.dword = command.position;
  note.refusal.detail = detail;
  note.refusal.header = command.dwords[0];
  note.patch = patch;
  return note;
}

scanner::Patch WholeCommand(const Command& command) {
  return {command.position, command.length(), 0};
}

Note Refused(const Command& command, Rule rule, uint32_t detail = 0, uint64_t address = 0) {
  Note note = Finding(command, rule, detail, WholeCommand(command));
  note.refusal.address = address;
  return note;
}

Note Event(const Command& command, EventKind kind, uint32_t argument) {
  Note note;
  note.kind = Note::Kind::kEvent;
  note.event = {kind, command.position, argument};
  return note;
}

// --- memory ---

struct Place {
  uint64_t address = 0;
  uint32_t bytes = 0;
  bool ggtt = false;
};

bool MayReach(const Command& command, const Place& place) {
  if (!place.ggtt) return true;
  return !IsUser(command) && command.policy.OwnsGgtt(place.address, place.bytes);
}

Rule GgttRule(const Command& command) {
  return IsUser(command) ? Rule::kGgttFromUser : Rule::kGgttRange;
}

// A store of a value that only the GPU knows matters if it may hit code of this segment that is
// still to come.
bool MayHitOwnRest(const Command& command, const Place& place) {
  const bool segment_in_ggtt = command.segment.space == hw::AddressSpace::kGgtt;
  if (place.ggtt != segment_in_ggtt) return false;
  const uint64_t rest =
      command.segment.start.value + (uint64_t{command.position} + command.length()) * 4;
  const uint64_t end = rest + uint64_t{scanner::kMaxSegmentDwords} * 4;
  return place.address < end && place.address + place.bytes > rest;
}

Note StoreOf(const Place& place, uint8_t value_bytes, uint64_t value) {
  Note note;
  note.kind = Note::Kind::kStore;
  note.store.space = place.ggtt ? hw::AddressSpace::kGgtt : hw::AddressSpace::kPpgtt;
  note.store.address = Gma(place.address);
  note.store.size_bytes = static_cast<uint16_t>(place.bytes);
  note.store.value_bytes = value_bytes;
  note.store.value = value;
  return note;
}

uint64_t AddressIn(const Command& command, const hw::AddressField& field, size_t dword) {
  uint64_t address = 0;
  for (unsigned bit = field.low; bit <= field.high && bit < 48; ++bit) {
    address |= Qword(command, dword) & (uint64_t{1} << bit);
  }
  return address;
}

bool FieldInGgtt(const Command& command, const hw::AddressField& field) {
  if (field.rule == hw::SpaceRule::kContext) return false;
  if (field.rule == hw::SpaceRule::kGgtt) return true;
  if (field.select_dword >= command.length()) return false;
  const bool set = command.bit(field.select_dword, field.select_bit);
  return field.rule == hw::SpaceRule::kGgttIfSet ? set : !set;
}

// Bytes behind one address of the command. Source: PRM SKL vol 2a, each command's page.
uint32_t Reach(const Command& command) {
  switch (command.row.effect) {
    case Effect::kAtomic: return 4u << (command.dwords[0] >> 19 & 3);
    case Effect::kConditionalBatchEnd: return 8;
    case Effect::kReportPerfCount: return 256;
    case Effect::kClflush:
    case Effect::kDisplayFlip: return kPage;
    case Effect::kMemory: return 64;
    default: return 4;
  }
}

// Every address that the command's row names. False: one of them broke a rule, and nothing is
// stored at the others.
bool AuditFields(const Command& command, Notes& notes) {
  Notes stores;
  for (const hw::AddressField& field : command.row.addresses) {
    if (!field.used) continue;
    const uint32_t times = field.count == 0 ? command.length() : field.count;
    for (uint32_t n = 0; n < times; ++n) {
      const uint32_t dword = field.dword + n * field.stride;
      if (dword >= command.length()) break;
      const Place place{AddressIn(command, field, dword), Reach(command),
                        FieldInGgtt(command, field)};
      if (!MayReach(command, place)) {
        notes.push_back(Refused(command, GgttRule(command), dword, place.address));
        return false;
      }
      const bool writes = field.access != hw::Access::kRead;
      if (writes && MayHitOwnRest(command, place)) stores.push_back(StoreOf(place, 0, 0));
      if (field.stride == 0) break;
    }
  }
  notes.insert(notes.end(), stores.begin(), stores.end());
  return true;
}

void AuditSemaphoreWait(const Command& command, Notes& notes) {
  if (!AuditFields(command, notes)) return;
  notes.push_back(Event(command, EventKind::kSemaphoreWait, command.bit(0, 22) ? 1 : 0));
}

void AuditDisplayFlip(const Command& command, Notes& notes) {
  const bool gen8 = hw::GenerationOf(command.platform) == hw::Generation::kGen8;
  const uint32_t plane = gen8 ? command.dwords[0] >> 19 & 7 : command.dwords[0] >> 8 & 31;
  const bool exists =
      gen8 ? plane < 6 : plane < 3 || (plane >= 4 && plane < 7);  // primary | sprite planes
  if (!exists) {
    notes.push_back(Refused(command, Rule::kBadField));
    return;
  }
  if (!AuditFields(command, notes)) return;
  notes.push_back(Event(command, EventKind::kDisplayFlip, plane));
}

void AuditStoreDataImm(const Command& command, Notes& notes) {
  const bool ggtt = command.bit(0, 22);
  const bool qword = command.bit(0, 21);
  const bool core_mode = command.bit(1, 0);
  const uint32_t data_dwords = command.length() - 3;
  if (qword && data_dwords < 2) {
    notes.push_back(Refused(command, Rule::kBadLength));
    return;
  }
  const Place place{Qword(command, 1) & kAddressBits & ~uint64_t{3},
                    data_dwords * 4 * (core_mode ? 2 : 1), ggtt};
  if (!MayReach(command, place)) {
    notes.push_back(Refused(command, GgttRule(command), 1, place.address));
    return;
  }
  const uint64_t value = data_dwords >= 2 ? Qword(command, 3) : command.dwords[3];
  notes.push_back(StoreOf(place, data_dwords >= 2 ? 8 : 4, value));
}

void AuditAtomic(const Command& command, Notes& notes) {
  const bool has_operands = command.length() == 11;
  if (command.bit(0, 18) && !has_operands) {
    notes.push_back(Refused(command, Rule::kBadLength));
    return;
  }
  AuditFields(command, notes);
}

void AuditStoreDataIndex(const Command& command, Notes& notes) {
  const uint32_t offset = command.dwords[1] & ~uint32_t{3};
  const uint64_t end = uint64_t{offset} + (command.length() - 2) * 4;
  if (end > kPage) {
    notes.push_back(Refused(command, Rule::kIndexRange, 1, offset));
    return;
  }
  notes.push_back(Event(command, EventKind::kStatusPageWrite, offset));
}

// The qword that PIPE_CONTROL or MI_FLUSH_DW writes when it is done. `patch` makes the command one
// that writes nothing.
void AuditPostSync(const Command& command, uint32_t dword, bool index_mode, bool ggtt,
                   scanner::Patch patch, Notes& notes) {
  const uint64_t operand = Qword(command, dword) & ~uint64_t{7};
  if (index_mode) {
    const bool in_page = operand < kPage;  // 8-byte aligned, so that the qword does not straddle
    if (!IsUser(command) && in_page) {
      notes.push_back(Event(command, EventKind::kStatusPageWrite, static_cast<uint32_t>(operand)));
      return;
    }
    const Rule rule = IsUser(command) ? Rule::kIndexFromUser : Rule::kIndexRange;
    notes.push_back(Finding(command, rule, dword, patch));
    notes.back().refusal.address = operand;
    return;
  }
  const Place place{operand & kAddressBits, 8, ggtt};
  if (!MayReach(command, place)) {
    notes.push_back(Finding(command, GgttRule(command), dword, patch));
    notes.back().refusal.address = place.address;
    return;
  }
  if (MayHitOwnRest(command, place)) notes.push_back(StoreOf(place, 0, 0));
}

void AuditFlushDw(const Command& command, Notes& notes) {
  const bool writes = (command.dwords[0] >> 14 & 3) != 0;  // post-sync operation
  const bool index_mode = command.bit(0, 21);
  const bool notify = command.bit(0, 8);
  const bool ggtt = command.bit(1, 2);
  const uint32_t harmless = command.dwords[0] & ~(3u << 14) & ~(1u << 21);
  if (writes && command.length() < 4) {  // dwords 1 to 3: address, data
    notes.push_back(Refused(command, Rule::kBadLength));
    return;
  }
  if (writes) {
    AuditPostSync(command, 1, index_mode, ggtt, {command.position, 1, harmless}, notes);
  }
  if (notify) notes.push_back(Event(command, EventKind::kNotify, 0));
}

// --- registers ---

hw::RegisterVerdict Judge(const Command& command, hw::RegisterPath path, uint32_t reg,
                          std::optional<uint32_t> value) {
  hw::RegisterRequest request;
  request.platform = command.platform;
  request.engine = command.segment.engine;
  request.path = path;
  request.privileged = command.segment.privileged;
  request.offset = reg;
  request.value_known = value.has_value();
  request.value = value.value_or(0);
  if (command.policy.nonprivilege_slots) {
    request.slots =
        &command.policy.nonprivilege_slots->at(static_cast<size_t>(command.segment.engine));
  }
  return hw::JudgeRegister(request);
}

Rule RegisterRule(const hw::RegisterVerdict& verdict) {
  if (verdict.outcome == hw::RegisterOutcome::kNoOp) return Rule::kRegisterPrivilege;
  if (verdict.reason == hw::RegisterReason::kValueRefused) return Rule::kRegisterValue;
  if (verdict.reason == hw::RegisterReason::kValueUnknown) return Rule::kRegisterValue;
  return Rule::kRegisterRefused;
}

// What a verdict means for the command; `patch` takes the access out of it. True: allowed.
bool NoteVerdict(const Command& command, const hw::RegisterVerdict& verdict, uint32_t detail,
                 scanner::Patch patch, Notes& notes) {
  const uint32_t reg = command.dwords[detail];
  if (verdict.outcome == hw::RegisterOutcome::kAllow) {
    if (verdict.effect == hw::RegisterEffect::kPageTableRoot) {
      notes.push_back(Event(command, EventKind::kPageTableRoot, reg));
    }
    if (verdict.effect == hw::RegisterEffect::kNonPrivilegeSlot) {
      notes.push_back(Event(command, EventKind::kNonPrivilegeSlot, reg));
    }
    return true;
  }
  // What hardware or the virtual device steps over as a matter of course is no finding; a user
  // batch that reaches for a privileged register is.
  const bool silent = verdict.outcome == hw::RegisterOutcome::kNoOp &&
                      verdict.reason != hw::RegisterReason::kNoPrivilege;
  Note note = Finding(command, RegisterRule(verdict), detail, patch);
  note.refusal.reg = reg;
  if (silent) note.kind = Note::Kind::kDrop;
  notes.push_back(note);
  return false;
}

void AuditLoadRegisterImm(const Command& command, Notes& notes) {
  const bool image = command.segment.kind == BufferKind::kContextImage;
  const auto path = image ? hw::RegisterPath::kContextImage : hw::RegisterPath::kLri;
  // A pair that may not be becomes a write of NOPID, which nothing reads.
  const uint32_t nopid = hw::EngineMmioBase(command.segment.engine) + 0x94;
  for (uint32_t pair = 0; pair < command.length() / 2; ++pair) {
    const uint32_t at = 1 + 2 * pair;
    const auto verdict = Judge(command, path, command.dwords[at], command.dwords[at + 1]);
    NoteVerdict(command, verdict, at, {command.position + at, 1, nopid}, notes);
  }
}

bool AuditRegister(const Command& command, hw::RegisterPath path, uint32_t detail, Notes& notes) {
  const auto verdict = Judge(command, path, command.dwords[detail], std::nullopt);
  return NoteVerdict(command, verdict, detail, WholeCommand(command), notes);
}

void AuditPipeControl(const Command& command, Notes& notes) {
  const bool writes_memory = (command.dwords[1] >> 14 & 3) != 0;  // post-sync operation
  const bool writes_register = command.bit(1, 23);
  const bool index_mode = command.bit(1, 21);
  const bool ggtt = command.bit(1, 24);
  const bool notify = command.bit(1, 8);
  const uint32_t harmless =
      command.dwords[1] & ~(3u << 14) & ~(1u << 21) & ~(1u << 23) & ~(1u << 24);
  const scanner::Patch patch{command.position + 1, 1, harmless};
  bool ok = true;
  if (writes_register) {
    const auto verdict =
        Judge(command, hw::RegisterPath::kPipeControl, command.dwords[2], command.dwords[4]);
    ok = NoteVerdict(command, verdict, 2, patch, notes);
  }
  if (ok && writes_memory) AuditPostSync(command, 2, index_mode, ggtt, patch, notes);
  if (notify) notes.push_back(Event(command, EventKind::kNotify, 0));
}

// --- control ---

void AuditBatchStart(const Command& command, Notes& notes) {
  const bool ppgtt = command.bit(0, 8);
  const bool predicated = command.bit(0, 15);
  const bool add_offset = command.bit(0, 16);
  const bool second_level = command.bit(0, 22);
  const uint64_t address = Qword(command, 1) & kAddressBits & ~uint64_t{3};
  const BufferKind kind = command.segment.kind;
  const bool from_ring = kind == BufferKind::kRing;
  const bool from_upper_batch =
      kind == BufferKind::kFirstLevelBatch || kind == BufferKind::kPerContextBatch;

  if (add_offset) {
    notes.push_back(Refused(command, Rule::kBatchOffset, 0, address));
  } else if (!(from_ring && !second_level) && !from_upper_batch) {
    notes.push_back(Refused(command, Rule::kBatchNesting, 0, address));
  } else if (!ppgtt && IsUser(command)) {
    notes.push_back(Refused(command, Rule::kGgttBatchFromUser, 0, address));
  } else if (!ppgtt && !command.policy.OwnsGgtt(address, 4)) {
    notes.push_back(Refused(command, Rule::kBatchRange, 1, address));
  } else {
    Note note;
    note.kind = Note::Kind::kLeave;
    note.end = from_ring || second_level ? SegmentEnd::kCall : SegmentEnd::kChain;
    note.target = {Gma(address), ppgtt ? hw::AddressSpace::kPpgtt : hw::AddressSpace::kGgtt,
                   second_level, predicated};
    notes.push_back(note);
  }
}

void AuditBatchEnd(Notes& notes) {
  Note note;
  note.kind = Note::Kind::kLeave;
  note.end = SegmentEnd::kBatchEnd;
  notes.push_back(note);
}

void AuditEffect(const Command& command, Notes& notes) {
  const uint32_t header = command.dwords[0];
  switch (command.row.effect) {
    case Effect::kNone:
    case Effect::kNop:
    case Effect::kPredicate:
    case Effect::kDisplay:
    case Effect::kMath:
    case Effect::kPower:
    case Effect::kReportHead: break;
    case Effect::kUserInterrupt:
      notes.push_back(Event(command, EventKind::kUserInterrupt, 0));
      break;
    case Effect::kWaitForEvent:
      notes.push_back(Event(command, EventKind::kDisplayWait, header));
      break;
    case Effect::kArbitration:
      notes.push_back(Event(command, EventKind::kArbitration, header & 1));
      break;
    case Effect::kSemaphoreSignal:
      notes.push_back(Event(command, EventKind::kSemaphoreSignal, command.dwords[1]));
      break;
    case Effect::kBatchStart: AuditBatchStart(command, notes); break;
    case Effect::kBatchEnd: AuditBatchEnd(notes); break;
    case Effect::kDisplayFlip: AuditDisplayFlip(command, notes); break;
    case Effect::kSemaphoreWait: AuditSemaphoreWait(command, notes); break;
    case Effect::kSetContext:
    case Effect::kUpdateGtt:
    case Effect::kForbidden: notes.push_back(Refused(command, Rule::kForbiddenCommand)); break;
    case Effect::kStoreDataImm: AuditStoreDataImm(command, notes); break;
    case Effect::kStoreDataIndex: AuditStoreDataIndex(command, notes); break;
    case Effect::kLoadRegisterImm: AuditLoadRegisterImm(command, notes); break;
    case Effect::kLoadRegisterMem:
      if (AuditRegister(command, hw::RegisterPath::kLrm, 1, notes)) AuditFields(command, notes);
      break;
    case Effect::kStoreRegisterMem:
      if (AuditRegister(command, hw::RegisterPath::kSrm, 1, notes)) AuditFields(command, notes);
      break;
    case Effect::kLoadRegisterReg:
      if (AuditRegister(command, hw::RegisterPath::kLrrSource, 1, notes)) {
        AuditRegister(command, hw::RegisterPath::kLrrDestination, 2, notes);
      }
      break;
    case Effect::kFlushDw: AuditFlushDw(command, notes); break;
    case Effect::kPipeControl: AuditPipeControl(command, notes); break;
    case Effect::kConditionalBatchEnd:
    case Effect::kClflush:
    case Effect::kReportPerfCount:
    case Effect::kMemory:
    case Effect::kCopyMemMem: AuditFields(command, notes); break;
    case Effect::kAtomic: AuditAtomic(command, notes); break;
  }
}

}  // namespace

Notes AuditCommand(const Command& command) {
  Notes notes;
  const BufferKind kind = command.segment.kind;
  const bool no_batch = kind == BufferKind::kRing || kind == BufferKind::kIndirectContext;
  if (command.row.privilege == hw::Privilege::kPrivileged && IsUser(command)) {
    notes.push_back(Refused(command, Rule::kPrivilegedCommand));
  } else if (command.row.batch_only && no_batch) {
    notes.push_back(Refused(command, Rule::kBatchCommandInRing));
  } else {
    AuditEffect(command, notes);
  }
  return notes;
}

}  // namespace gvt::oracle
