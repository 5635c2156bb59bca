// The rules, in the order in which they are asked.
//
// A stream names a register by a dword of which bits 22:2 count. What does not fit is refused
// before anything is looked up. Then three questions, each answered by the compile-time map
// (register_policy_map.h): may this stream read it, may a privileged stream write it, may a
// non-privileged batch write it.
//
// Invariants:
//  1. A non-privileged batch never writes a page-table root, a ring or execution-list register,
//     BB_OFFSET, FORCE_TO_NONPRIV or another engine's register, whatever FORCE_TO_NONPRIV holds: a
//     slot counts only if it names a register of the whitelist.
//  2. The path changes a verdict in four cases only: PDP registers (LRI and context image alone),
//     BB_OFFSET (context image alone), registers that only a context image holds, unknown values.
//  3. MMIO is trapped and emulated: all of it is allowed, except values that no path may write.
//
// Known difference from hardware: a context image of one video engine may name registers of the
// other, because Mesa's AUB writer makes such images. Both are the guest's.
//
// Source: linux v6.1 gvt/cmd_parser.c, gvt/handlers.c (ring_mode_mmio_write,
// csfe_chicken1_mmio_write, force_nonpriv_write), gt/intel_workarounds.c (whitelists), i915_reg.h,
// gt/intel_engine_regs.h.

#include "hw/register_policy.h"

#include "base/bits.h"
#include "hw/batch_registers.h"
#include "hw/register_policy_map.h"

namespace gvt::hw {
namespace {

using internal::DwordPolicy;
using internal::ValueCheck;

// The register dword of a command: bits 22:2 are the offset. Source: PRM SKL vol 2a
// "MI_LOAD_REGISTER_IMM".
constexpr uint32_t kReservedOffsetBits = 0xff800003;

constexpr RegisterVerdict kAllowed{};

constexpr RegisterVerdict Refuse(RegisterReason reason) {
  return {RegisterOutcome::kRefuse, reason, RegisterEffect::kNone};
}
constexpr RegisterVerdict NoOp(RegisterReason reason) {
  return {RegisterOutcome::kNoOp, reason, RegisterEffect::kNone};
}

// FORCE_TO_NONPRIV values. Coffee Lake knows an access kind and a range; earlier parts only an
// address. Source: linux v6.1 gt/intel_engine_regs.h RING_FORCE_TO_NONPRIV_*.
constexpr uint32_t kSlotAddressMask = 0x03fffffc;
constexpr unsigned kSlotReadOnly = 1;
constexpr unsigned kSlotWriteOnly = 2;
constexpr unsigned kSlotNoAccess = 3;

constexpr uint32_t kNopidOffset = 0x94;
constexpr uint32_t kContextTimestampOffset = 0x3a8;

constexpr NonPrivilegeSlots Slots(Engine engine, std::array<uint32_t, 5> used) {
  NonPrivilegeSlots slots{};
  for (unsigned i = 0; i < slots.size(); ++i) {
    const bool taken = i < used.size() && used[i] != 0;
    slots[i] = taken ? used[i] : EngineMmioBase(engine) + kNopidOffset;
  }
  return slots;
}

// CTX_PREEMPT, COMMON_SLICE_CHICKEN2, CS_CHICKEN1, HDC_CHICKEN1, and what the platform adds:
// L3SQCREG4 where OpenCL needs it, PS_INVOCATION_COUNT with a range of four, read-only, on Coffee
// Lake. Source: linux v6.1 gt/intel_workarounds.c *_whitelist_build.
constexpr NonPrivilegeSlots StockSlots(Platform platform, Engine engine) {
  if (engine != Engine::kRcs || platform == Platform::kBdw) return Slots(engine, {});
  uint32_t extra = 0;
  if (platform == Platform::kSkl || platform == Platform::kKbl) extra = 0xb118;
  if (platform == Platform::kCfl) extra = 0x2348 | kSlotReadOnly << 28 | 1;
  return Slots(engine, {0x2248, 0x2580, 0x7014, 0x7304, extra});
}

constexpr auto kStockSlots = [] {
  std::array<std::array<NonPrivilegeSlots, kEngineCount>, kPlatformCount> all{};
  for (unsigned p = 0; p < kPlatformCount; ++p) {
    for (unsigned e = 0; e < kEngineCount; ++e) {
      all[p][e] = StockSlots(static_cast<Platform>(p), static_cast<Engine>(e));
    }
  }
  return all;
}();

constexpr bool SlotCovers(Platform platform, uint32_t slot, uint32_t offset, bool read) {
  const uint32_t first = slot & kSlotAddressMask;
  if (platform != Platform::kCfl) return first == offset;
  const unsigned access = Bits(slot, 29u, 28u);
  if (access == kSlotNoAccess || access == (read ? kSlotWriteOnly : kSlotReadOnly)) return false;
  const uint32_t bytes = 4u << (2 * (slot & 3));  // 1, 4, 16 or 64 dwords
  return offset >= first && offset - first < bytes;
}

bool IsForeign(const RegisterRequest& request) {
  if (request.offset >> 12 == EngineMmioBase(request.engine) >> 12) return false;
  const int owner = internal::BlockOwner(request.offset);
  if (owner < 0 || owner == static_cast<int>(request.engine)) return false;
  const uint8_t pair = EngineBit(request.engine) | EngineBit(static_cast<Engine>(owner));
  return !(request.path == RegisterPath::kContextImage && pair == internal::kVideo);
}

// Slots open no register beyond the GT's part of the map: the display is the host's, whatever a
// guest's kernel says.
constexpr uint32_t kGtBytes = 0x40000;

bool IsMadeNonPrivileged(const RegisterRequest& request, const DwordPolicy& dword, bool read) {
  if (!dword.may_be_slot || request.offset >= kGtBytes || IsForeign(request)) return false;
  const NonPrivilegeSlots& slots = request.slots != nullptr
                                       ? *request.slots
                                       : StockNonPrivilegeSlots(request.platform, request.engine);
  for (const uint32_t slot : slots) {
    if (SlotCovers(request.platform, slot, request.offset, read)) return true;
  }
  return false;
}

// True if a write of `value` to a masked-write register sets one of `bits`.
constexpr bool Sets(uint32_t value, uint32_t bits) {
  return (value & (value >> 16) & bits) != 0;
}
constexpr bool Clears(uint32_t value, uint32_t bits) {
  return (~value & (value >> 16) & bits) != 0;
}

// GFX_MODE: bit 0 takes the privilege check away, bit 1 does on Coffee Lake. A stream has business
// with no more than bits 11 (replay mode) and 13 (explicit TLB invalidate); leaving execution lists
// (bit 15) would lose the rings.
bool GfxModeIsRefused(const RegisterRequest& request) {
  if (IsMmio(request.path)) {
    return Sets(request.value, request.platform == Platform::kCfl ? 0x3 : 0x1);
  }
  constexpr uint32_t kStreamBits = 1u << 11 | 1u << 13;
  constexpr uint32_t kExecutionLists = 1u << 15;
  return Sets(request.value, 0xffff & ~kStreamBits & ~kExecutionLists) ||
         Clears(request.value, kExecutionLists);
}

// A slot may name a register of the whitelist, the engine's own NOPID, or its context timestamp,
// which every batch may read.
bool SlotValueIsRefused(const RegisterRequest& request) {
  const uint32_t named = request.value & kSlotAddressMask;
  const uint32_t base = AlignDown(request.offset, 0x1000u);
  if (named == base + kNopidOffset || named == base + kContextTimestampOffset) return false;
  return named >= kMmioBytes ||
         !internal::kPolicyMaps[static_cast<unsigned>(request.platform)][named].may_be_slot;
}

bool ValueIsRefused(const RegisterRequest& request, ValueCheck check) {
  switch (check) {
    case ValueCheck::kGfxMode: return GfxModeIsRefused(request);
    case ValueCheck::kCsfeChicken: return Sets(request.value, 1u << 3 | 1u << 4);
    case ValueCheck::kMiMode: return !IsMmio(request.path) && Sets(request.value, 1u << 8);
    case ValueCheck::kTrtte: return (request.value & 1) != 0;
    case ValueCheck::kNonprivSlot: return SlotValueIsRefused(request);
    case ValueCheck::kNone:
    case ValueCheck::kPageTableRoot:
    case ValueCheck::kBatchOffset: return false;
  }
  return false;
}

RegisterVerdict JudgeValue(const RegisterRequest& request, ValueCheck check) {
  if (check == ValueCheck::kNone) return kAllowed;
  const bool carries_value =
      request.path != RegisterPath::kLrm && request.path != RegisterPath::kLrrDestination;
  if (!carries_value || !request.value_known) return Refuse(RegisterReason::kValueUnknown);
  if (ValueIsRefused(request, check)) return Refuse(RegisterReason::kValueRefused);
  RegisterVerdict verdict;
  if (check == ValueCheck::kNonprivSlot) verdict.effect = RegisterEffect::kNonPrivilegeSlot;
  return verdict;
}

RegisterVerdict JudgeMmio(const RegisterRequest& request, const DwordPolicy& dword) {
  if (request.path == RegisterPath::kMmioRead) return kAllowed;
  const ValueCheck check = dword.check;
  const bool trapped_is_enough = check == ValueCheck::kMiMode ||
                                 check == ValueCheck::kPageTableRoot ||
                                 check == ValueCheck::kBatchOffset;
  return trapped_is_enough ? kAllowed : JudgeValue(request, check);
}

RegisterVerdict JudgeRead(const RegisterRequest& request, const DwordPolicy& dword) {
  if ((dword.user_read & EngineBit(request.engine)) != 0) return kAllowed;
  if (IsForeign(request)) return Refuse(RegisterReason::kEngineForeign);
  // A PDP register tells a process where its page tables lie.
  if (dword.command && (request.privileged || dword.check != ValueCheck::kPageTableRoot)) {
    return kAllowed;
  }
  if (request.privileged && (dword.context || dword.kernel_write != 0)) return kAllowed;
  if (IsMadeNonPrivileged(request, dword, true)) return kAllowed;
  return Refuse(RegisterReason::kNotReadable);
}

RegisterVerdict JudgeUserWrite(const RegisterRequest& request, const DwordPolicy& dword) {
  if ((dword.user_write & EngineBit(request.engine)) != 0) return kAllowed;
  if (dword.check == ValueCheck::kBatchOffset && !IsForeign(request)) {
    return Refuse(RegisterReason::kBatchOffset);
  }
  if (IsMadeNonPrivileged(request, dword, false)) return kAllowed;
  const bool in_vain = (dword.user_dropped & EngineBit(request.engine)) != 0;
  return NoOp(in_vain ? RegisterReason::kDroppedByHardware : RegisterReason::kNoPrivilege);
}

RegisterVerdict JudgeKernelWrite(const RegisterRequest& request, const DwordPolicy& dword) {
  const bool image = request.path == RegisterPath::kContextImage;
  const uint8_t engine = EngineBit(request.engine);
  if (IsForeign(request)) return Refuse(RegisterReason::kEngineForeign);
  if (dword.check == ValueCheck::kPageTableRoot) {
    if (!image && request.path != RegisterPath::kLri) return Refuse(RegisterReason::kPageTableRoot);
    return {RegisterOutcome::kAllow, RegisterReason::kNone, RegisterEffect::kPageTableRoot};
  }
  if (dword.check == ValueCheck::kBatchOffset) {
    return image ? kAllowed : Refuse(RegisterReason::kBatchOffset);
  }
  if ((dword.host_ignores & engine) != 0) return NoOp(RegisterReason::kHostOwned);
  const bool listed = dword.command || ((dword.user_write | dword.kernel_write) & engine) != 0;
  const bool allowed = listed || (image && dword.context);
  if (!allowed && !IsMadeNonPrivileged(request, dword, false)) {
    return Refuse(dword.context ? RegisterReason::kPathRefused
                                : RegisterReason::kNotCommandAccessible);
  }
  return JudgeValue(request, dword.check);
}

}  // namespace

const NonPrivilegeSlots& StockNonPrivilegeSlots(Platform platform, Engine engine) {
  return kStockSlots[static_cast<unsigned>(platform)][static_cast<unsigned>(engine)];
}

RegisterVerdict JudgeRegister(const RegisterRequest& request) noexcept {
  if ((request.offset & kReservedOffsetBits) != 0) return Refuse(RegisterReason::kReservedBits);
  if (request.offset >= kMmioBytes) return Refuse(RegisterReason::kOutOfRange);
  const DwordPolicy& dword =
      internal::kPolicyMaps[static_cast<unsigned>(request.platform)][request.offset];
  if (IsMmio(request.path)) return JudgeMmio(request, dword);
  if (IsRead(request.path)) return JudgeRead(request, dword);
  const bool privileged = request.privileged || request.path == RegisterPath::kContextImage;
  return privileged ? JudgeKernelWrite(request, dword) : JudgeUserWrite(request, dword);
}

bool EveryBatchMayAccess(Platform platform, Engine engine, RegisterPath path,
                         uint32_t offset) noexcept {
  if ((offset & kReservedOffsetBits) != 0 || offset >= kMmioBytes) return false;
  const DwordPolicy& dword = internal::kPolicyMaps[static_cast<unsigned>(platform)][offset];
  const uint8_t engines = IsRead(path) ? dword.user_read : dword.user_write;
  return (engines & EngineBit(engine)) != 0;
}

std::string_view RegisterPathName(RegisterPath path) {
  switch (path) {
    case RegisterPath::kMmioRead: return "mmio read";
    case RegisterPath::kMmioWrite: return "mmio write";
    case RegisterPath::kLri: return "lri";
    case RegisterPath::kLrm: return "lrm";
    case RegisterPath::kSrm: return "srm";
    case RegisterPath::kLrrSource: return "lrr source";
    case RegisterPath::kLrrDestination: return "lrr destination";
    case RegisterPath::kPipeControl: return "pipe control";
    case RegisterPath::kContextImage: return "context image";
  }
  return "unknown path";
}

std::string_view RegisterReasonName(RegisterReason reason) {
  switch (reason) {
    case RegisterReason::kNone: return "none";
    case RegisterReason::kNoPrivilege: return "no privilege";
    case RegisterReason::kHostOwned: return "owned by the host";
    case RegisterReason::kDroppedByHardware: return "dropped by hardware";
    case RegisterReason::kReservedBits: return "reserved bits set";
    case RegisterReason::kOutOfRange: return "out of range";
    case RegisterReason::kNotCommandAccessible: return "not command accessible";
    case RegisterReason::kNotReadable: return "not readable";
    case RegisterReason::kEngineForeign: return "register of another engine";
    case RegisterReason::kPageTableRoot: return "page table root";
    case RegisterReason::kBatchOffset: return "batch offset";
    case RegisterReason::kValueUnknown: return "value unknown";
    case RegisterReason::kValueRefused: return "value refused";
    case RegisterReason::kPathRefused: return "only in a context image";
  }
  return "unknown reason";
}

}  // namespace gvt::hw
