// The dispatch over a command's effect, and the commands that decide: waits, conditions,
// predicates.
//
// Invariants: 1. an operand is read only inside the command's own dwords, whose number its row has
// allowed. 2. What a non-privileged batch may not do is a no-op here, whatever an audit before us
// said (architecture decision D6). 3. A command that returns kWait has had no effect.
//
// Source: PRM SKL vol 2a (operands), vol 2c (predicate registers).
#include "gpu/soft/executor.h"

#include "base/bits.h"
#include "gpu/soft/alu.h"
#include "gpu/soft/atomic.h"

namespace gvt::gpu::soft {
namespace {

constexpr unsigned kGgttBit = 22;

// MI_SET_PREDICATE header[3:0]: commands behind it are no-ops while MI_PREDICATE_RESULT_2 is clear,
// while it is set, always.
enum PredicateMode : uint32_t { kNever = 0, kOnClear = 1, kOnSet = 2, kAlways = 15 };

// MI_SEMAPHORE_WAIT header[14:12]: memory against the dword of the command.
bool SemaphoreHolds(uint32_t operation, uint32_t memory, uint32_t operand) {
  switch (operation) {
    case 0: return memory > operand;
    case 1: return memory >= operand;
    case 2: return memory < operand;
    case 3: return memory <= operand;
    case 4: return memory == operand;
    case 5: return memory != operand;
    default: return true;  // reserved
  }
}

}  // namespace

void Executor::SetContext(Gma lrca, bool four_level, const std::array<uint64_t, 4>& pdp) {
  lrca_ = lrca;
  four_level_ = four_level;
  pdp_ = pdp;
  memory_.port().BindPageTables(four_level_, pdp_);
}

bool Executor::AddressOf(const Command& command, uint32_t dword, unsigned ggtt_bit,
                         DataAddress* to) const {
  const bool ggtt = Bit(command.header(), ggtt_bit);
  to->space = ggtt ? hw::AddressSpace::kGgtt : hw::AddressSpace::kPpgtt;
  to->value = Join64(command.dwords[dword], command.dwords[dword + 1]) & ~uint64_t{3};
  return !ggtt || command.privileged;
}

Outcome Executor::Execute(const Command& command) {
  switch (command.effect) {
    case hw::Effect::kNone: return Blit(command);
    case hw::Effect::kUserInterrupt: interrupts_.Raise(EngineInterrupt::kUser); break;
    case hw::Effect::kBatchStart: return BatchStart(command);
    case hw::Effect::kBatchEnd: return Outcome::kBatchEnd;
    case hw::Effect::kConditionalBatchEnd: return ConditionalEnd(command);
    case hw::Effect::kSemaphoreWait: return SemaphoreWait(command);
    case hw::Effect::kPredicate: Predicate(command); break;
    case hw::Effect::kMath: RunAlu(command.dwords.subspan(1), registers_); break;
    case hw::Effect::kStoreDataImm: StoreDataImm(command); break;
    case hw::Effect::kStoreDataIndex: StoreDataIndex(command); break;
    case hw::Effect::kReportHead: ReportHead(); break;
    case hw::Effect::kLoadRegisterImm: LoadRegisterImm(command); break;
    case hw::Effect::kLoadRegisterMem: LoadRegisterMem(command); break;
    case hw::Effect::kStoreRegisterMem: StoreRegisterMem(command); break;
    case hw::Effect::kLoadRegisterReg: LoadRegisterReg(command); break;
    case hw::Effect::kFlushDw: FlushDw(command); break;
    case hw::Effect::kPipeControl: PipeControl(command); break;
    case hw::Effect::kReportPerfCount: ReportPerfCount(command); break;
    case hw::Effect::kCopyMemMem: CopyMemMem(command); break;
    case hw::Effect::kAtomic:
      if (command.privileged || !Bit(command.header(), kGgttBit)) {
        ExecuteAtomic(command.dwords, registers_, memory_);
      }
      break;
    default: break;
  }
  return Outcome::kNext;
}

// Of the commands that are nothing but work of their unit, only blits are executed.
Outcome Executor::Blit(const Command& command) {
  const uint32_t software_control = registers_.Own(kBcsSoftwareControl);
  const bool done = blitter_.RunPart(command.dwords, software_control, memory_);
  return done ? Outcome::kNext : Outcome::kPart;
}

bool Executor::ModeSkips() const {
  const bool result = Bit(registers_.Own(kPredicateResult2), 0);
  switch (predicate_mode_) {
    case kOnClear: return !result;
    case kOnSet: return result;
    case kAlways: return true;
    default: return false;
  }
}

// A predicated start is taken iff MI_PREDICATE_RESULT_1 is set. Source: linux v6.1 i915_perf.c
// alloc_noa_wait, which loops by it.
Outcome Executor::BatchStart(const Command& command) {
  constexpr unsigned kPredicateBit = 15;
  constexpr unsigned kPpgttBit = 8;
  if (!command.privileged && !Bit(command.header(), kPpgttBit)) return Outcome::kNext;
  const bool predicated = Bit(command.header(), kPredicateBit);
  if (predicated && !Bit(registers_.Own(kPredicateResult1), 0)) return Outcome::kNext;
  return Outcome::kBatchStart;
}

// The batch goes on while memory is greater than the dword of the command. Mask mode: a mask
// and the data, side by side. Source: PRM SKL vol 2a; intel media-driver mhw_mi_hwcmd_g9_X.h.
Outcome Executor::ConditionalEnd(const Command& command) {
  constexpr unsigned kCompareBit = 21;
  constexpr unsigned kMaskModeBit = 19;
  DataAddress from;
  if (!Bit(command.header(), kCompareBit)) return Outcome::kNext;
  if (!AddressOf(command, 2, kGgttBit, &from)) return Outcome::kNext;
  uint32_t value = memory_.Load32(from);
  if (Bit(command.header(), kMaskModeBit)) value &= memory_.Load32(from.Plus(4));
  return value > command.dwords[1] ? Outcome::kNext : Outcome::kBatchEnd;
}

// In signal mode hardware looks again when it is signalled; looking again anyway sees no less.
Outcome Executor::SemaphoreWait(const Command& command) {
  DataAddress from;
  if (!AddressOf(command, 2, kGgttBit, &from)) return Outcome::kNext;
  const uint32_t value = memory_.Load32(from);
  const uint32_t operation = Bits(command.header(), 14, 12);
  if (memory_.fault().pending) return Outcome::kNext;
  return SemaphoreHolds(operation, value, command.dwords[1]) ? Outcome::kNext : Outcome::kWait;
}

// MI_SET_PREDICATE is told from MI_PREDICATE by its opcode, header[28:23].
void Executor::Predicate(const Command& command) {
  constexpr uint32_t kSetPredicateOpcode = 0x01;
  const uint32_t header = command.header();
  if (Bits(header, 28, 23) == kSetPredicateOpcode) {
    predicate_mode_ = Bits(header, 3, 0);
    return;
  }
  bool result = false;
  switch (Bits(header, 1, 0)) {
    case 0: result = true; break;
    case 1: break;
    case 2: result = registers_.Own64(kPredicateSrc0) == registers_.Own64(kPredicateSrc1); break;
    default:
      result = registers_.Own64(kPredicateSrc0) - registers_.Own64(kPredicateSrc1) ==
               registers_.Own64(kPredicateData);
      break;
  }
  const bool before = Bit(registers_.Own(kPredicateResult), 0);
  switch (Bits(header, 4, 3)) {
    case 0: break;
    case 1: result = before && result; break;
    case 2: result = before || result; break;
    default: result = before != result; break;
  }
  constexpr uint32_t kLoad = 2;
  constexpr uint32_t kLoadInverted = 3;
  const uint32_t load = Bits(header, 7, 6);
  if (load == kLoad) registers_.SetOwn(kPredicateResult, result ? 1 : 0);
  if (load == kLoadInverted) registers_.SetOwn(kPredicateResult, result ? 0 : 1);
}

}  // namespace gvt::gpu::soft
