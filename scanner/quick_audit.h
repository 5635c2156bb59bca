// The audit of the commands with an effect that real streams hold most, where they are plainly
// sound: a few instructions each.
//
// Nothing is decided here. A command is taken care of if the full audit (scanner/command_audit.h)
// would accept it without a finding or a patch, and then the report holds what that audit would
// have left; whatever is not plainly so goes there, and leaves nothing before it does.
// tests/scanner/shortcuts_test.cc holds the two together.
#pragma once

#include <cstdint>

#include "base/address.h"
#include "base/bits.h"
#include "base/range.h"
#include "hw/batch_registers.h"
#include "hw/platform.h"
#include "hw/register_policy.h"
#include "scanner/limits.h"
#include "scanner/opcode_table.h"
#include "scanner/policy.h"
#include "scanner/register_request.h"
#include "scanner/report.h"
#include "scanner/segment.h"
#include "scanner/shortcuts.h"

namespace gvt::scanner {

// Bit of the header that selects the GGTT for the memory operand of MI commands; in MI_COPY_MEM_MEM
// for its source, bit 21 for its destination. Source: PRM SKL vol 2a.
inline constexpr uint32_t kMiGgttBit = 1u << 22;
inline constexpr uint32_t kCopyGgttBits = 1u << 22 | 1u << 21;

enum class Quick : uint8_t {
  kAudit,     // not as simple as that; the report is as it was
  kStepOver,  // accepted; the report holds all but the new position and count
  kEnd,       // accepted, and ends the segment; the report is complete
};

// A store in the segment that wrote into what was scanned behind it, up to dword `reach`; nullptr:
// none, as almost always. The report must be cut there (architecture decision D1).
inline const Store* FindSelfModification(const Segment& segment, const ScanReport& report,
                                         uint32_t reach) {
  const uint64_t end = segment.start.value + uint64_t{reach} * 4;
  for (const Store& store : report.stores) {
    const uint64_t rest = segment.start.value + uint64_t{store.next_dword} * 4;
    if (store.space != segment.space || rest >= end) continue;
    if (Range{rest, end}.Overlaps(store.address.value, store.size_bytes)) return &store;
  }
  return nullptr;
}

// One command: of allowed length, all of it in the copy, in a segment where nothing but its effect
// matters. Lives for that command.
class QuickAudit {
 public:
  // `position` to `behind`: the command; `commands`: scanned before it.
  QuickAudit(hw::Platform platform, const Policy& policy, const Segment& segment, uint32_t position,
             uint32_t behind, uint32_t commands, ScanReport* report)
      : platform_(platform),
        policy_(policy),
        segment_(segment),
        command_(segment.dwords.data() + position),
        position_(position),
        behind_(behind),
        commands_(commands),
        report_(*report) {}

  // In order of frequency; a table of jumps measured no better.
  Quick Run(Shortcut shortcut) const {
    if (shortcut == Shortcut::kNone) return Quick::kAudit;
    if (shortcut == Shortcut::kBatchEnd) return EndBatch();
    if (shortcut == Shortcut::kPipeControl) {
      return Flush(LookAtPipeControl(command_, segment_, behind_));
    }
    if (shortcut == Shortcut::kFlushDw) return Flush(LookAtFlushDw(command_, segment_, behind_));
    if (shortcut == Shortcut::kStoreDataImm) return StoreDataImm();
    if (shortcut == Shortcut::kLoadRegisterImm) return LoadRegisterImm();
    if (shortcut == Shortcut::kStoreRegisterMem) return StoreRegisterMem();
    if (shortcut == Shortcut::kCopyMemMem) return CopyMemMem();
    if (shortcut == Shortcut::kBatchStart) return StartBatch();
    return shortcut == Shortcut::kLoadRegisterMem ? LoadRegisterMem() : LoadRegisterReg();
  }

  // Notes a store of the command to the PPGTT. `value_bytes` 0: the value is not known.
  Quick AddStore(Gma address, uint16_t size_bytes, uint8_t value_bytes, uint64_t value) const {
    if (report_.stores.size() + 1 >= kMaxStoresPerSegment) return Quick::kAudit;
    Store store;
    store.next_dword = behind_;
    store.commands = commands_ + 1;
    store.refusals = report_.refusal_count;
    store.value_bytes = value_bytes;
    store.size_bytes = size_bytes;
    store.address = address;
    store.value = value;
    report_.stores.push_back(store);
    return Quick::kStepOver;
  }

 private:
  Quick End(SegmentEnd end) const {
    report_.end = end;
    report_.position = behind_;
    report_.commands = commands_ + 1;
    return Quick::kEnd;
  }

  Quick EndBatch() const {
    const bool sound =
        report_.stores.empty() || FindSelfModification(segment_, report_, behind_) == nullptr;
    return sound ? End(SegmentEnd::kBatchEnd) : Quick::kAudit;
  }

  // A batch in the PPGTT, from a place that has a level for it.
  Quick StartBatch() const {
    constexpr uint32_t kPpgttBit = 1u << 8;
    constexpr uint32_t kPredicateBit = 1u << 15;
    constexpr uint32_t kAddOffsetBit = 1u << 16;
    constexpr uint32_t kSecondLevelBit = 1u << 22;
    const uint32_t header = command_[0];
    const bool second_level = (header & kSecondLevelBit) != 0;
    const bool ring = segment_.kind == BufferKind::kRing;
    const bool has_level =
        ring ? !second_level
             : IsBatch(segment_.kind) && segment_.kind != BufferKind::kSecondLevelBatch;
    if ((header & (kPpgttBit | kAddOffsetBit)) != kPpgttBit || !has_level) return Quick::kAudit;
    if (!ring && FindSelfModification(segment_, report_, behind_) != nullptr) return Quick::kAudit;
    report_.target.address = MaskGma(Join64(command_[1], command_[2]) & ~uint64_t{3});
    report_.target.space = hw::AddressSpace::kPpgtt;
    report_.target.second_level = second_level;
    report_.target.predicated = (header & kPredicateBit) != 0;
    return End(ring || second_level ? SegmentEnd::kCall : SegmentEnd::kChain);
  }

  Quick Flush(Look look) const {
    if (look == Look::kStepOver) return Quick::kStepOver;
    if (look == Look::kNotify) return Notify();
    if (look != Look::kStore) return Quick::kAudit;
    const uint32_t* const operand = command_ + kPipeControlOperand;
    return AddStore(PostSyncAddress(operand[0], operand[1]), kPostSyncBytes, 0, 0);
  }

  Quick Notify() const {
    if (report_.events.size() + 1 >= kMaxEventsPerSegment) return Quick::kAudit;
    report_.events.push_back(Event{EventKind::kNotify, position_, 0});
    return Quick::kStepOver;
  }

  // A dword that is not known goes where dwords `index` and index + 1 say, in the PPGTT.
  Quick StoreDword(uint32_t index) const {
    constexpr uint32_t kBytes = 4;
    const Gma address = MaskGma(Join64(command_[index], command_[index + 1]) & ~uint64_t{3});
    const bool reaches = segment_.space == hw::AddressSpace::kPpgtt &&
                         ReachesRest(segment_, behind_, address.value, kBytes);
    return reaches ? AddStore(address, kBytes, 0, 0) : Quick::kStepOver;
  }

  hw::RegisterVerdict Judge(hw::RegisterPath path, uint32_t reg, bool value_known,
                            uint32_t value) const {
    if (!segment_.privileged && hw::EveryBatchMayAccess(platform_, segment_.engine, path, reg)) {
      return {};
    }
    return hw::JudgeRegister(
        RegisterRequestOf(platform_, policy_, segment_, path, reg, value_known, value));
  }

  // Whether the register may be read, or written whatever the value, without an effect to note.
  bool IsPlain(hw::RegisterPath path, uint32_t reg) const {
    return Judge(path, reg, false, 0) == hw::RegisterVerdict{};
  }

  Quick LoadRegisterImm() const {
    const bool image = segment_.kind == BufferKind::kContextImage;
    const hw::RegisterPath path = image ? hw::RegisterPath::kContextImage : hw::RegisterPath::kLri;
    const uint32_t length = behind_ - position_;
    const size_t events = report_.events.size();
    // Also if each of its registers leaves an event, the list is not full behind it.
    if (events + length / 2 >= kMaxEventsPerSegment) return Quick::kAudit;
    for (uint32_t i = 1; i + 1 < length; i += 2) {
      const hw::RegisterVerdict verdict = Judge(path, command_[i], true, command_[i + 1]);
      if (!verdict.allowed()) {
        report_.events.resize(events);
        return Quick::kAudit;
      }
      NoteEffect(verdict.effect, command_[i]);
    }
    return Quick::kStepOver;
  }

  void NoteEffect(hw::RegisterEffect effect, uint32_t reg) const {
    if (effect == hw::RegisterEffect::kNone) return;
    const bool root = effect == hw::RegisterEffect::kPageTableRoot;
    const EventKind kind = root ? EventKind::kPageTableRoot : EventKind::kNonPrivilegeSlot;
    report_.events.push_back(Event{kind, position_, reg});
  }

  Quick LoadRegisterMem() const {
    const bool plain =
        (command_[0] & kMiGgttBit) == 0 && IsPlain(hw::RegisterPath::kLrm, command_[1]);
    return plain ? Quick::kStepOver : Quick::kAudit;
  }

  Quick LoadRegisterReg() const {
    const bool plain = IsPlain(hw::RegisterPath::kLrrSource, command_[1]) &&
                       IsPlain(hw::RegisterPath::kLrrDestination, command_[2]);
    return plain ? Quick::kStepOver : Quick::kAudit;
  }

  Quick StoreRegisterMem() const {
    const bool plain =
        (command_[0] & kMiGgttBit) == 0 && IsPlain(hw::RegisterPath::kSrm, command_[1]);
    return plain ? StoreDword(2) : Quick::kAudit;
  }

  Quick StoreDataImm() const {
    constexpr uint32_t kQwordBit = 1u << 21;
    constexpr uint32_t kCoreModeBit = 1;  // dword 1
    const uint32_t bytes = (behind_ - position_ - 3) * 4;
    const bool qword = bytes == 8;
    const bool plain = (command_[0] & (kMiGgttBit | (qword ? 0 : kQwordBit))) == 0 &&
                       (command_[1] & kCoreModeBit) == 0;
    if (!plain) return Quick::kAudit;
    const Gma address = MaskGma(Join64(command_[1], command_[2]) & ~uint64_t{3});
    return AddStore(address, static_cast<uint16_t>(bytes), static_cast<uint8_t>(bytes),
                    Join64(command_[3], qword ? command_[4] : 0));
  }

  Quick CopyMemMem() const {
    return (command_[0] & kCopyGgttBits) == 0 ? StoreDword(1) : Quick::kAudit;
  }

  const hw::Platform platform_;
  const Policy& policy_;
  const Segment& segment_;
  const uint32_t* const command_;
  const uint32_t position_;
  const uint32_t behind_;
  const uint32_t commands_;
  ScanReport& report_;
};

}  // namespace gvt::scanner
