// The rules, each as narrow as what it tells: which of the two refuses, why, and which command.
#include "bench/gvtg/rules.h"

#include <algorithm>
#include <array>
#include <cerrno>

#include "base/bits.h"
#include "hw/context_image.h"

namespace gvt::bench {
namespace {

using hw::Effect;
using scanner::Rule;

constexpr unsigned kPostSyncHigh = 15;
constexpr unsigned kPostSyncLow = 14;

// GVT-g accepts the command, ours refuses it for that rule.
bool OnlyOursRefuses(const Difference& both, Rule rule) {
  return both.RefusedFor(rule) && !both.gvtg_refuses() && !both.gvtg_is_loop;
}

// GVT-g refuses the command with that error, ours accepts it as it is.
bool OnlyGvtgRefuses(const Difference& both, int error) {
  return !both.ours_refuses() && both.ours->patches.empty() && both.gvtg.error == error &&
         both.gvtg.length_dwords != 0;
}

bool TouchesRegisters(const Difference& both) {
  return both.Is(Effect::kLoadRegisterImm) || both.Is(Effect::kLoadRegisterMem) ||
         both.Is(Effect::kStoreRegisterMem) || both.Is(Effect::kLoadRegisterReg) ||
         both.Is(Effect::kPipeControl);
}

// --- GVT-g refuses ---

bool CommandUnknownToGvtg(const Difference& both) {
  return !both.ours_refuses() && both.gvtg_refuses() && both.gvtg.length_dwords == 0;
}

bool CommandAlwaysRefused(const Difference& both) {
  return OnlyGvtgRefuses(both, -EBADRQC) &&
         (both.Is(Effect::kSemaphoreWait) || both.Is(Effect::kReportPerfCount) ||
          both.Is(Effect::kCopyMemMem) || both.Is(Effect::kStoreDataIndex) ||
          both.Is(Effect::kClflush) || both.Is(Effect::kConditionalBatchEnd));
}

bool RegisterList(const Difference& both) {
  return OnlyGvtgRefuses(both, -EBADRQC) && TouchesRegisters(both);
}

bool RegisterMoves(const Difference& both) {
  return OnlyGvtgRefuses(both, -EPERM) && TouchesRegisters(both);
}

bool RegisterOwnedByHost(const Difference& both) {
  return !both.ours_refuses() && !both.ours->patches.empty() && both.gvtg_refuses() &&
         TouchesRegisters(both);
}

bool PageTableRoot(const Difference& both) {
  return OnlyGvtgRefuses(both, -EINVAL) && both.Is(Effect::kLoadRegisterImm);
}

bool FlipPlaneCode(const Difference& both) {
  return OnlyGvtgRefuses(both, -EBADRQC) && both.Is(Effect::kDisplayFlip);
}

bool FlipLength(const Difference& both) {
  return OnlyGvtgRefuses(both, -EFAULT) && both.Is(Effect::kDisplayFlip);
}

bool AtomicWithoutInlineData(const Difference& both) {
  return OnlyGvtgRefuses(both, -EFAULT) && both.Is(Effect::kAtomic) && !Bit(both.header(), 18);
}

bool StoreTwoDwords(const Difference& both) {
  return OnlyGvtgRefuses(both, -EFAULT) && both.Is(Effect::kStoreDataImm) && both.length == 5 &&
         !Bit(both.header(), 21);
}

bool FlushShort(const Difference& both) {
  return OnlyGvtgRefuses(both, -EFAULT) && both.Is(Effect::kFlushDw) && both.length < 4;
}

// --- ours refuses ---

bool CommandUnknownToUs(const Difference& both) {
  return OnlyOursRefuses(both, Rule::kUnknownCommand);
}

bool AnyLength(const Difference& both) {
  return OnlyOursRefuses(both, Rule::kBadLength);
}

bool PrivilegedCommandFromUser(const Difference& both) {
  return OnlyOursRefuses(both, Rule::kPrivilegedCommand);
}

bool GgttFromUser(const Difference& both) {
  return OnlyOursRefuses(both, Rule::kGgttFromUser);
}

bool GgttBatchFromUser(const Difference& both) {
  return OnlyOursRefuses(both, Rule::kGgttBatchFromUser);
}

bool IndexFromUser(const Difference& both) {
  return OnlyOursRefuses(both, Rule::kIndexFromUser);
}

bool RegisterFromUser(const Difference& both) {
  return OnlyOursRefuses(both, Rule::kRegisterPrivilege);
}

bool BatchOffset(const Difference& both) {
  return OnlyOursRefuses(both, Rule::kBatchOffset);
}

bool BatchOffsetRegister(const Difference& both) {
  return OnlyOursRefuses(both, Rule::kRegisterRefused) && (both.refusal().reg & 0xfff) == 0x158;
}

// The block of 4 KiB that belongs to an engine, not the one whose stream it is.
bool RegisterOfAnotherEngine(const Difference& both) {
  const auto block = [](uint32_t address) { return address >> 12; };
  if (!OnlyOursRefuses(both, Rule::kRegisterRefused)) return false;
  for (unsigned engine = 0; engine < hw::kEngineCount; ++engine) {
    const auto owner = static_cast<hw::Engine>(engine);
    if (owner == both.engine) continue;
    if (block(both.refusal().reg) == block(hw::EngineMmioBase(owner))) return true;
  }
  return false;
}

bool RegisterOfDefaultContext(const Difference& both) {
  if (!OnlyOursRefuses(both, Rule::kRegisterRefused)) return false;
  const auto layout = hw::ContextLayoutOf(hw::GenerationOf(both.platform), both.engine);
  const uint32_t base = hw::EngineMmioBase(both.engine);
  return std::any_of(
      layout.registers.begin(), layout.registers.end(),
      [&](const hw::ContextRegister& reg) { return both.refusal().reg == base + reg.offset; });
}

bool PageTableRootUnseen(const Difference& both) {
  const uint32_t offset = both.ours_refuses() ? both.refusal().reg & 0xfff : 0;
  return OnlyOursRefuses(both, Rule::kRegisterRefused) && both.Is(Effect::kPipeControl) &&
         offset >= 0x270 && offset < 0x290;
}

bool RegisterValue(const Difference& both) {
  return OnlyOursRefuses(both, Rule::kRegisterValue);
}

bool RegisterReservedBits(const Difference& both) {
  return OnlyOursRefuses(both, Rule::kRegisterRefused) && (both.refusal().reg & 0xff800003) != 0;
}

bool ForbiddenCommand(const Difference& both) {
  return OnlyOursRefuses(both, Rule::kForbiddenCommand);
}

bool BatchEndInRing(const Difference& both) {
  return OnlyOursRefuses(both, Rule::kBatchCommandInRing) && both.Is(Effect::kBatchEnd);
}

bool PostSyncNotAudited(const Difference& both) {
  return OnlyOursRefuses(both, Rule::kGgttRange) && both.Is(Effect::kPipeControl) &&
         Bits(both.dwords[1], kPostSyncHigh, kPostSyncLow) >= 2;
}

bool FlushQwordNotAudited(const Difference& both) {
  return OnlyOursRefuses(both, Rule::kGgttRange) && both.Is(Effect::kFlushDw) && both.length == 5;
}

bool IndexNotAudited(const Difference& both) {
  return OnlyOursRefuses(both, Rule::kIndexRange);
}

bool RingOvershoot(const Difference& both) {
  return both.gvtg_is_loop && !both.gvtg_refuses() &&
         (both.RefusedFor(Rule::kTruncatedCommand) || both.RefusedFor(Rule::kBadLength));
}

// --- both accept ---

bool BothAccept(const Difference& both) {
  return !both.ours_refuses() && !both.gvtg_refuses();
}

bool MfxWaitLength(const Difference& both) {
  return BothAccept(both) && both.row->name == "MFX_WAIT" &&
         both.length + 1 == both.gvtg.length_dwords;
}

bool FlushEventLost(const Difference& both) {
  return BothAccept(both) && both.Is(Effect::kFlushDw) && !both.gvtg.notify &&
         both.length == both.gvtg.length_dwords;
}

constexpr std::array kRules = {
    DifferenceRule{"command-unknown-to-gvtg", CommandUnknownToGvtg},
    DifferenceRule{"command-always-refused", CommandAlwaysRefused},
    DifferenceRule{"register-list", RegisterList},
    DifferenceRule{"register-moves", RegisterMoves},
    DifferenceRule{"register-owned-by-host", RegisterOwnedByHost},
    DifferenceRule{"page-table-root", PageTableRoot},
    DifferenceRule{"flip-plane-code", FlipPlaneCode},
    DifferenceRule{"flip-length", FlipLength},
    DifferenceRule{"atomic-without-inline-data", AtomicWithoutInlineData},
    DifferenceRule{"store-two-dwords", StoreTwoDwords},
    DifferenceRule{"flush-short", FlushShort},
    DifferenceRule{"command-unknown-to-us", CommandUnknownToUs},
    DifferenceRule{"any-length", AnyLength},
    DifferenceRule{"privileged-command-from-user", PrivilegedCommandFromUser},
    DifferenceRule{"ggtt-from-user", GgttFromUser},
    DifferenceRule{"ggtt-batch-from-user", GgttBatchFromUser},
    DifferenceRule{"index-from-user", IndexFromUser},
    DifferenceRule{"register-from-user", RegisterFromUser},
    DifferenceRule{"batch-offset", BatchOffset},
    DifferenceRule{"batch-offset-register", BatchOffsetRegister},
    DifferenceRule{"register-of-another-engine", RegisterOfAnotherEngine},
    DifferenceRule{"page-table-root-unseen", PageTableRootUnseen},
    DifferenceRule{"register-of-default-context", RegisterOfDefaultContext},
    DifferenceRule{"register-value", RegisterValue},
    DifferenceRule{"register-reserved-bits", RegisterReservedBits},
    DifferenceRule{"forbidden-command", ForbiddenCommand},
    DifferenceRule{"batch-end-in-ring", BatchEndInRing},
    DifferenceRule{"post-sync-not-audited", PostSyncNotAudited},
    DifferenceRule{"flush-qword-not-audited", FlushQwordNotAudited},
    DifferenceRule{"index-not-audited", IndexNotAudited},
    DifferenceRule{"ring-overshoot", RingOvershoot},
    DifferenceRule{"mfx-wait-length", MfxWaitLength},
    DifferenceRule{"flush-event-lost", FlushEventLost},
};

}  // namespace

std::span<const DifferenceRule> DifferenceRules() {
  return kRules;
}

const DifferenceRule* Explain(const Difference& difference) {
  for (const DifferenceRule& rule : kRules) {
    if (rule.explains(difference)) return &rule;
  }
  return nullptr;
}

}  // namespace gvt::bench
