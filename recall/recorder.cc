// Invariants:
// 1. Of a command whose checks hold again, in a segment of the same engine, kind, space and
//    privilege and under the same policy, the audit looks at nothing else, but for its effect if it
//    has one here.
// 2. Whatever is not plainly so is an effect of kind kAudit, or unfit.
#include "recall/recorder.h"

#include <algorithm>

#include "base/mutant.h"
#include "scanner/quick_audit.h"
#include "scanner/register_request.h"
#include "scanner/shortcuts.h"

namespace gvt::recall {
namespace {

namespace flush = scanner::flush_bits;
using hw::RegisterPath;
using scanner::OpcodeEntry;
using scanner::Shortcut;

// Flags of a PIPE_CONTROL whose effect is more than a flush, or a write into the guest's own
// memory.
constexpr uint32_t kSpecialFlush = flush::kNotify | flush::kIndex | flush::kRegister | flush::kGgtt;
// Sequences that have become so long end; longer commands are not recorded.
constexpr uint32_t kLongSequence = kMaxDwords / 2;
// A register list with more checks is an effect.
constexpr uint32_t kMostListed = 64;

}  // namespace

Recorder::Recorder(hw::Platform platform, const scanner::Policy& policy,
                   const scanner::Segment& segment, uint32_t base, SequenceMemory* memory)
    : platform_(platform),
      policy_(policy),
      segment_(segment),
      table_(scanner::OpcodeTableFor(hw::GenerationOf(platform), segment.engine)),
      audited_(scanner::FlagsToAudit(segment)),
      base_(base),
      memory_(*memory),
      draft_(memory->Begin()) {}

void Recorder::Begin(const Sequence& known, uint32_t check) {
  const Place place = known.places[check];
  const auto* const first =
      std::lower_bound(known.places, known.places + check, place.dword,
                       [](const Place& before, uint32_t dword) { return before.dword < dword; });
  const auto checks = static_cast<uint16_t>(first - known.places);
  std::copy_n(known.dwords, checks, draft_.dwords);
  std::copy_n(known.values, checks, draft_.values);
  std::copy_n(known.places, checks, draft_.places);
  uint16_t effects = 0;
  for (; effects < known.effect_count; ++effects) {
    if (known.effects[effects].place.dword >= place.dword) break;
    draft_.effects[effects] = known.effects[effects];
  }
  sequence_.check_count = checks;
  sequence_.effect_count = effects;
  sequence_.commands = place.commands;
  sequence_.length = place.dword;
}

// Dword `dword` of the command at hand decides.
bool Recorder::AddCheck(uint32_t dword) {
  const uint16_t check = sequence_.check_count++;
  draft_.dwords[check] = static_cast<uint16_t>(sequence_.length + dword);
  draft_.values[check] = command_[dword];
  draft_.places[check] = place_;
  return true;
}

// Nothing but its header decides on a plain command, and stores do not delay the next header.
void Recorder::AddPlain() {
  const OpcodeEntry* const entries = table_.entries();
  const uint32_t* const dwords = segment_.dwords.data() + base_;
  const auto left = static_cast<uint32_t>(segment_.dwords.size()) - base_;
  const uint32_t end = std::min(left, kLongSequence);
  uint32_t position = sequence_.length;
  uint32_t commands = sequence_.commands;
  uint32_t check = sequence_.check_count;
  uint32_t header = sequence_.last_header;
  while (position < end) {
    const uint32_t next = dwords[position];
    const OpcodeEntry& entry = entries[next >> 16];
    const uint32_t length = entry.LengthOf(next);
    if ((entry.flags & audited_) != 0 || !entry.LengthIsPlain(length) || length > end - position) {
      break;
    }
    draft_.dwords[check] = static_cast<uint16_t>(position);
    draft_.values[check] = header = next;
    draft_.places[check] = {static_cast<uint16_t>(position), static_cast<uint16_t>(commands)};
    ++check;
    ++commands;
    position += length;
    const bool landmark = (entry.flags & scanner::kLandmark) != 0 && commands >= kMinCommands;
    if (landmark || commands >= kMaxCommands || check + kMostListed > kMaxChecks) {
      is_whole_ = true;
      break;
    }
  }
  sequence_.length = position;
  sequence_.commands = static_cast<uint16_t>(commands);
  sequence_.check_count = static_cast<uint16_t>(check);
  sequence_.last_header = header;
}

Recorded Recorder::Add() {
  AddPlain();
  if (is_whole_) return Recorded::kPlain;
  const uint32_t at = base_ + sequence_.length;
  const auto count = static_cast<uint32_t>(segment_.dwords.size());
  if (at >= count) return Recorded::kCut;
  command_ = segment_.dwords.data() + at;
  const uint32_t header = command_[0];
  const OpcodeEntry& entry = table_.entries()[header >> 16];
  length_ = entry.LengthOf(header);
  const unsigned findings = entry.flags & audited_;
  const bool fits = LengthIsAllowed(header, entry) && length_ <= kMaxDwords - kLongSequence &&
                    (findings | scanner::kAuditEffect) == scanner::kAuditEffect;
  if (!fits) return Recorded::kUnfit;
  if (length_ > count - at) return Recorded::kCut;
  place_ = Place{static_cast<uint16_t>(sequence_.length), sequence_.commands};
  AddCheck(0);
  Recorded recorded = Recorded::kPlain;
  if (findings != 0 && entry.shortcut == Shortcut::kBatchEnd) {
    recorded = Recorded::kBatchEnd;
    sequence_.ends_batch = true;
  } else if (findings != 0) {
    Effect effect;
    effect.place = place_;
    effect.length = static_cast<uint16_t>(length_);
    effect.shortcut = entry.shortcut;
    if (!TellEffect(entry, &effect)) {
      draft_.effects[sequence_.effect_count++] = effect;
      recorded = Recorded::kEffect;
    }
  }
  sequence_.last_header = header;
  sequence_.length += length_;
  ++sequence_.commands;
  const bool landmark = (entry.flags & scanner::kLandmark) != 0;
  is_whole_ = sequence_.ends_batch || (landmark && sequence_.commands >= kMinCommands) ||
              sequence_.commands >= kMaxCommands || sequence_.length >= kLongSequence ||
              sequence_.check_count + kMostListed > kMaxChecks;
  return recorded;
}

// Whether the command at hand exists and may have the length that it states.
bool Recorder::LengthIsAllowed(uint32_t header, const OpcodeEntry& entry) const {
  if (entry.LengthIsPlain(length_)) return true;
  const hw::CommandRow* const row = table_.RowOf(header);
  return row != nullptr && row->length.Allows(length_);
}

bool Recorder::TellEffect(const OpcodeEntry& entry, Effect* effect) {
  switch (entry.shortcut) {
    case Shortcut::kPipeControl: {
      if (length_ <= scanner::kPipeControlOperand + 1) return false;
      const uint32_t flags = command_[1];
      if (!Planted(Mutant::kTraceFlagsIgnored)) AddCheck(1);
      if ((flags & kSpecialFlush & ~flush::kGgtt) != 0) return false;
      if ((flags & flush::kPostSyncMask) == 0) return true;
      if ((flags & flush::kGgtt) != 0) return false;
      return TellStore(scanner::kPipeControlOperand, scanner::kPostSyncBytes, effect);
    }
    case Shortcut::kFlushDw: return (command_[0] & (flush::kNotify | flush::kPostSyncMask)) == 0;
    case Shortcut::kLoadRegisterImm:
    case Shortcut::kLoadRegisterMem:
    case Shortcut::kLoadRegisterReg:
    case Shortcut::kStoreRegisterMem: return TellRegisters(entry.shortcut, effect);
    case Shortcut::kCopyMemMem:
      return (command_[0] & scanner::kCopyGgttBits) == 0 && TellStore(1, 4, effect);
    default: return false;
  }
}

// A store to the PPGTT, the low half of whose address is in dword `operand` of the command.
bool Recorder::TellStore(uint32_t operand, uint8_t bytes, Effect* effect) const {
  if (segment_.space != hw::AddressSpace::kPpgtt) return true;
  if (Planted(Mutant::kTraceAddressIgnored)) return true;
  effect->kind = EffectKind::kStore;
  effect->operand = static_cast<uint8_t>(operand);
  effect->bytes = bytes;
  return false;
}

// Whether the register that dword `dword` names may be accessed whatever the value, and no more.
bool Recorder::IsPlain(RegisterPath path, uint32_t dword) const {
  return hw::JudgeRegister(scanner::RegisterRequestOf(platform_, policy_, segment_, path,
                                                      command_[dword], false, 0)) ==
         hw::RegisterVerdict{};
}

bool Recorder::TellRegisters(Shortcut shortcut, Effect* effect) {
  const bool ggtt = (command_[0] & scanner::kMiGgttBit) != 0;
  const bool compared = !Planted(Mutant::kTraceOperandsIgnored);
  switch (shortcut) {
    case Shortcut::kLoadRegisterImm: return TellImmediates();
    case Shortcut::kLoadRegisterReg:
      if (!IsPlain(RegisterPath::kLrrSource, 1) || !IsPlain(RegisterPath::kLrrDestination, 2)) {
        return false;
      }
      return !compared || (AddCheck(1) && AddCheck(2));
    case Shortcut::kLoadRegisterMem:
      return !ggtt && IsPlain(RegisterPath::kLrm, 1) && (!compared || AddCheck(1));
    default:
      return !ggtt && IsPlain(RegisterPath::kSrm, 1) && (!compared || AddCheck(1)) &&
             TellStore(2, 4, effect);
  }
}

// Registers, and values where those matter.
bool Recorder::TellImmediates() {
  if (length_ > kMostListed) return false;
  const bool image = segment_.kind == scanner::BufferKind::kContextImage;
  const RegisterPath path = image ? RegisterPath::kContextImage : RegisterPath::kLri;
  const uint16_t before = sequence_.check_count;
  for (uint32_t i = 1; i + 1 < length_; i += 2) {
    if (!Planted(Mutant::kTraceOperandsIgnored)) AddCheck(i);
    if (IsPlain(path, i)) continue;
    const hw::RegisterVerdict verdict = hw::JudgeRegister(scanner::RegisterRequestOf(
        platform_, policy_, segment_, path, command_[i], true, command_[i + 1]));
    if (verdict != hw::RegisterVerdict{}) {
      sequence_.check_count = before;
      return false;
    }
    if (!Planted(Mutant::kTraceOperandsIgnored)) AddCheck(i + 1);
  }
  return true;
}

}  // namespace gvt::recall
