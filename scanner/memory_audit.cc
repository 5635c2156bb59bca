// Graphics addresses named by commands.
//
// A PPGTT address needs no audit: the shadow page tables hold nothing but the guest's own pages. A
// GGTT address must lie wholly inside the vGPU's aperture part or wholly inside its hidden part,
// and may not come from a non-privileged batch at all. Index mode means the context's own page 0,
// and nothing else: its offset is bounded by that page.
//
// Source: PRM SKL vol 2a (operand layouts), vol 7 (privilege); linux v6.1 gvt/cmd_parser.c
// cmd_address_audit.
#include <cstddef>

#include "base/bits.h"
#include "base/mutant.h"
#include "scanner/command_audit.h"
#include "scanner/limits.h"
#include "scanner/shortcuts.h"

namespace gvt::scanner {
namespace {

constexpr uint32_t kPerfReportBytes = 256;  // Source: PRM SKL vol 2a MI_REPORT_PERF_COUNT
constexpr uint32_t kUrbBlockBytes = 64;     // one 512-bit URB row

uint64_t FieldAddress(const uint32_t* dwords, uint32_t length, uint32_t index,
                      const hw::AddressField& field) {
  const uint32_t high = index + 1 < length ? dwords[index + 1] : 0;
  const uint64_t value = Join64(dwords[index], high);
  const uint64_t mask = LowMask64(field.high + 1u) & ~LowMask64(field.low);
  return MaskGma(value & mask).value;
}

bool SelectsGgtt(const uint32_t* dwords, uint32_t length, const hw::AddressField& field) {
  switch (field.rule) {
    case hw::SpaceRule::kContext: return false;
    case hw::SpaceRule::kGgtt: return true;
    case hw::SpaceRule::kGgttIfSet:
      return field.select_dword < length && Bit(dwords[field.select_dword], field.select_bit);
    case hw::SpaceRule::kPpgttIfSet:
      return field.select_dword < length && !Bit(dwords[field.select_dword], field.select_bit);
  }
  return true;
}

}  // namespace

// Bytes that one address field of the command at hand reaches.
uint32_t CommandAudit::AccessSize() const {
  switch (row_->effect) {
    case hw::Effect::kAtomic: return 4u << Bits(Dword(0), 20, 19);  // dword, qword, octword
    case hw::Effect::kConditionalBatchEnd: return 8;
    case hw::Effect::kReportPerfCount: return kPerfReportBytes;
    case hw::Effect::kClflush:
    case hw::Effect::kDisplayFlip: return static_cast<uint32_t>(kPageSize);
    case hw::Effect::kMemory: return kUrbBlockBytes;
    default: return 4;
  }
}

bool CommandAudit::AddressIsOwn(const MemoryAccess& access) const {
  if (!access.ggtt) return true;
  if (IsUser()) return Planted(Mutant::kUserGgttAllowed);
  return policy_.OwnsGgtt(access.address,
                          Planted(Mutant::kGgttEndUnchecked) ? 1 : access.size_bytes);
}

CommandAudit::Step CommandAudit::AuditAddress(const MemoryAccess& access, const Immediate* value) {
  if (!AddressIsOwn(access)) return RefuseCommand(AddressRule(), access.detail, access.address);
  if (access.write) NoteStore(access, value);
  return Step::kGoOn;
}

// All address fields of the command's row that select the GGTT, or that write.
CommandAudit::Step CommandAudit::AuditMemory() {
  const auto stores_before = static_cast<std::ptrdiff_t>(report_.stores.size());
  const uint32_t size_bytes = AccessSize();
  for (const hw::AddressField& field : row_->addresses) {
    if (!field.used) break;
    const bool writes = field.access != hw::Access::kRead;
    const bool ggtt = SelectsGgtt(dwords_, length_, field);
    if (!ggtt && !writes) continue;
    const uint32_t last =
        field.count == 0 ? length_ : field.dword + uint32_t{field.count} * field.stride;
    const uint32_t step = field.stride == 0 ? length_ : field.stride;
    for (uint32_t i = field.dword; i < length_ && (i == field.dword || i < last); i += step) {
      MemoryAccess access;
      access.address = FieldAddress(dwords_, length_, i, field);
      access.size_bytes = size_bytes;
      access.detail = i;
      access.ggtt = ggtt;
      access.write = writes;
      const Step result = AuditAddress(access, nullptr);
      if (result == Step::kGoOn) continue;
      // A command that is refused for one of its addresses stores nothing at the others.
      report_.stores.erase(report_.stores.begin() + stores_before, report_.stores.end());
      return result;
    }
  }
  if (row_->effect == hw::Effect::kSemaphoreWait) {
    AddEvent(EventKind::kSemaphoreWait, Bit(Dword(0), 22) ? 1 : 0);
  }
  return Step::kGoOn;
}

CommandAudit::Step CommandAudit::AuditStoreDataImm() {
  constexpr unsigned kGgttBit = 22;
  constexpr unsigned kQwordBit = 21;
  const bool qword = length_ >= 5;
  // A qword store that states room for a dword only: the streamer would take its upper half from
  // the next command.
  if (Bit(Dword(0), kQwordBit) && !qword) return RefuseCommand(Rule::kBadLength, 0);
  MemoryAccess access;
  access.address = MaskGma(Join64(Dword(1), Dword(2)) & ~uint64_t{3}).value;
  access.size_bytes = (length_ - 3) * 4;
  // "Core mode" adds one operand size to the address; audit both places. Source: gvt/cmd_parser.c,
  // cmd_handler_mi_store_data_imm.
  if (Bit(Dword(1), 0)) access.size_bytes *= 2;
  access.detail = 1;
  access.ggtt = Bit(Dword(0), kGgttBit);
  access.write = true;
  const Immediate value{Join64(Dword(3), qword ? Dword(4) : 0), qword ? uint8_t{8} : uint8_t{4}};
  return AuditAddress(access, &value);
}

CommandAudit::Step CommandAudit::AuditAtomic() {
  constexpr unsigned kInlineBit = 18;
  constexpr uint32_t kInlineDwords = 11;
  // Operands are announced that the command has no room for: the next commands would be taken for
  // them.
  if (Bit(Dword(0), kInlineBit) && length_ < kInlineDwords) {
    return RefuseCommand(Rule::kBadLength, 0);
  }
  return AuditMemory();
}

CommandAudit::Step CommandAudit::AuditStoreDataIndex() {
  const uint32_t bytes = (length_ - 2) * 4;
  const uint64_t offset = Dword(1) & ~3u;
  if (offset + bytes > kPageSize) return RefuseCommand(Rule::kIndexRange, 1, offset);
  AddEvent(EventKind::kStatusPageWrite, static_cast<uint32_t>(offset));
  return Step::kGoOn;
}

// The post-sync write of PIPE_CONTROL or MI_FLUSH_DW whose address is in dwords `detail` and detail
// + 1; `without_write` is the command without it.
CommandAudit::Step CommandAudit::AuditPostSync(uint32_t detail, bool indexed, bool ggtt,
                                               Patch without_write) {
  Refusal finding;
  finding.detail = detail;
  const uint64_t operand = Join64(Dword(detail), Dword(detail + 1)) & ~uint64_t{7};
  if (indexed) {
    finding.address = operand;
    finding.rule = IsUser() ? Rule::kIndexFromUser : Rule::kIndexRange;
    const bool inside = operand <= kPageSize - kPostSyncBytes || Planted(Mutant::kIndexUnbounded);
    if (IsUser() || !inside) return Refuse(finding, without_write);
    AddEvent(EventKind::kStatusPageWrite, static_cast<uint32_t>(operand));
    return Step::kGoOn;
  }
  MemoryAccess access;
  access.address = MaskGma(operand).value;
  access.size_bytes = kPostSyncBytes;
  access.detail = detail;
  access.ggtt = ggtt;
  access.write = true;
  if (!AddressIsOwn(access)) {
    finding.address = access.address;
    finding.rule = AddressRule();
    return Refuse(finding, without_write);
  }
  NoteStore(access, nullptr);
  return Step::kGoOn;
}

CommandAudit::Step CommandAudit::AuditFlushDw() {
  using namespace flush_bits;
  const uint32_t header = Dword(0);
  // A write without room for its operands: they would come from the next command.
  if ((header & kPostSyncMask) != 0 && !FlushDwHasOperands(length_)) {
    return RefuseCommand(Rule::kBadLength, 0);
  }
  const bool audited = !(Planted(Mutant::kFlushDwLongUnaudited) && length_ == 5);
  if ((header & kPostSyncMask) != 0 && audited) {
    const Patch without_write{position_, 1, header & ~(kPostSyncMask | kIndex)};
    const Step step = AuditPostSync(1, (header & kIndex) != 0, Bit(Dword(1), 2), without_write);
    if (step == Step::kStop) return step;
  }
  if ((header & kNotify) != 0) AddEvent(EventKind::kNotify, 0);
  return Step::kGoOn;
}

CommandAudit::Step CommandAudit::AuditPipeControl() {
  using namespace flush_bits;
  constexpr uint32_t kPostSyncImmediate = 1u << 14;
  const uint32_t flags = Dword(1);
  const Patch without_write{position_ + 1, 1,
                            flags & ~(kPostSyncMask | kIndex | kRegister | kGgtt)};
  Step step = Step::kGoOn;
  if ((flags & kRegister) != 0 && !Planted(Mutant::kPipeControlRegister)) {
    step = AuditPipeControlRegister(without_write);
  }
  const bool audited =
      !Planted(Mutant::kPostSyncKindIgnored) || (flags & kPostSyncMask) == kPostSyncImmediate;
  if (step == Step::kGoOn && (flags & kPostSyncMask) != 0 && audited) {
    step = AuditPostSync(2, (flags & kIndex) != 0, (flags & kGgtt) != 0, without_write);
  }
  if (step == Step::kStop) return step;
  if ((flags & kNotify) != 0) AddEvent(EventKind::kNotify, 0);
  return Step::kGoOn;
}

// Immediates are kept wherever they go; of other stores only those that may hit the rest of this
// very segment.
void CommandAudit::NoteStore(const MemoryAccess& access, const Immediate* value) {
  Store store;
  store.next_dword = position_ + length_;
  store.space = access.ggtt ? hw::AddressSpace::kGgtt : hw::AddressSpace::kPpgtt;
  if (value == nullptr) {
    const bool reaches = store.space == segment_.space &&
                         ReachesRest(segment_, store.next_dword, access.address, access.size_bytes);
    if (!reaches) return;
  }
  store.commands = report_.commands + 1;
  store.refusals = report_.refusal_count;
  store.value_bytes = value != nullptr ? value->bytes : uint8_t{0};
  store.size_bytes = static_cast<uint16_t>(access.size_bytes);
  store.address = Gma(access.address);
  store.value = value != nullptr ? value->value : 0;
  report_.stores.push_back(store);
}

}  // namespace gvt::scanner
