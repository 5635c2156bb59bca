// May this stream, or this trapped access, touch this register? One answer for every way in.
//
// A register can be reached by MMIO, by five commands, by a PIPE_CONTROL write and by the restore
// of a context image. One function decides them all, so that a rule that holds on one path holds on
// each: PIPE_CONTROL cannot write what MI_LOAD_REGISTER_IMM may not.
//
// The verdict is one of three. kAllow: do it. kNoOp: hardware would step over it (a non-privileged
// batch that writes a privileged register), so the batch goes on and the write does not happen.
// kRefuse: nothing that a sound guest does; the caller's policy ladder decides what follows.
//
// Thread rule: pure functions on constant tables. Cost: one table lookup, no loop, except twelve
// compares for a non-privileged write that misses the table.
//
// Source: PRM SKL vol 7 "User Mode Privileged Commands" and "Non-Privileged Registers", linux v6.1
// gvt/cmd_parser.c, gvt/handlers.c.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "hw/platform.h"

namespace gvt::hw {

enum class RegisterPath : uint8_t {
  kMmioRead,        // trapped by the device model, from the guest's CPU
  kMmioWrite,       // likewise
  kLri,             // MI_LOAD_REGISTER_IMM: value known
  kLrm,             // MI_LOAD_REGISTER_MEM: value unknown
  kSrm,             // MI_STORE_REGISTER_MEM: read
  kLrrSource,       // MI_LOAD_REGISTER_REG: read
  kLrrDestination,  // MI_LOAD_REGISTER_REG: value unknown
  kPipeControl,     // write after PIPE_CONTROL or MI_FLUSH_DW: value known
  kContextImage,    // LRI of a register state context, run at restore: value known
};
inline constexpr unsigned kRegisterPathCount = 9;

constexpr bool IsRead(RegisterPath path) {
  return path == RegisterPath::kMmioRead || path == RegisterPath::kSrm ||
         path == RegisterPath::kLrrSource;
}
constexpr bool IsMmio(RegisterPath path) {
  return path == RegisterPath::kMmioRead || path == RegisterPath::kMmioWrite;
}

enum class RegisterOutcome : uint8_t {
  kAllow,   // do it
  kNoOp,    // step over it, as hardware does
  kRefuse,  // a guest fault
};

// Why not kAllow.
enum class RegisterReason : uint8_t {
  kNone,
  kNoPrivilege,        // kNoOp: a non-privileged batch may not write it
  kHostOwned,          // kNoOp: power, observation and display masks belong to the host
  kDroppedByHardware,  // kNoOp: as kNoPrivilege, but known from stock drivers, who expect no more
  kReservedBits,       // bits 31:23 or 1:0 of the register dword are set
  kOutOfRange,         // beyond the 2 MiB of registers
  kNotCommandAccessible,  // no stream may write it
  kNotReadable,           // no stream of this privilege may read it
  kEngineForeign,         // a register of another engine's block
  kPageTableRoot,         // a PDP register, anywhere but LRI in a ring or a context image
  kBatchOffset,           // BB_OFFSET: would move batch starts after they were audited
  kValueUnknown,          // LRM or LRR to a register whose value is checked
  kValueRefused,          // the value sets a bit, or names a register, that is not the guest's
  kPathRefused,           // a context image may load it, a command may not write it
};
inline constexpr unsigned kRegisterReasonCount = 14;

// What the caller has to know about an access that is allowed.
enum class RegisterEffect : uint8_t {
  kNone,
  kPageTableRoot,     // loads a root of the page tables: the value is a guest address
  kNonPrivilegeSlot,  // changes FORCE_TO_NONPRIV: later verdicts depend on it
};

inline constexpr unsigned kNonPrivilegeSlotCount = 12;

// FORCE_TO_NONPRIV of one engine, values as the guest wrote them: bits 25:2 name a register. A slot
// that names the engine's NOPID register is unused.
// Source: linux v6.1 gt/intel_engine_regs.h RING_FORCE_TO_NONPRIV.
using NonPrivilegeSlots = std::array<uint32_t, kNonPrivilegeSlotCount>;

// What stock i915 puts there. Source: linux v6.1 gt/intel_workarounds.c.
const NonPrivilegeSlots& StockNonPrivilegeSlots(Platform platform, Engine engine);

struct RegisterRequest {
  Platform platform = Platform::kSkl;
  Engine engine = Engine::kRcs;  // whose stream it is; ignored for MMIO
  RegisterPath path = RegisterPath::kLri;
  bool privileged = false;  // a ring or GGTT batch, not a PPGTT batch; ignored for MMIO
  uint32_t offset = 0;      // the command's dword, unmasked; for MMIO the offset in BAR 0
  bool value_known = false;
  uint32_t value = 0;                        // what is written, if value_known
  const NonPrivilegeSlots* slots = nullptr;  // of `engine`; nullptr = StockNonPrivilegeSlots
};

struct RegisterVerdict {
  RegisterOutcome outcome = RegisterOutcome::kAllow;
  RegisterReason reason = RegisterReason::kNone;
  RegisterEffect effect = RegisterEffect::kNone;

  constexpr bool allowed() const { return outcome == RegisterOutcome::kAllow; }
  // Stepped over as a matter of course: nothing to report.
  constexpr bool is_silent_no_op() const {
    return outcome == RegisterOutcome::kNoOp && reason != RegisterReason::kNoPrivilege;
  }
  friend constexpr bool operator==(const RegisterVerdict&, const RegisterVerdict&) = default;
};

// The verdict on one dword access. Any request is a legal argument. A write whose path carries its
// value (kLri, kPipeControl, kContextImage, kMmioWrite) but has value_known false is judged like
// LRM.
RegisterVerdict JudgeRegister(const RegisterRequest& request) noexcept;

// Lower-case words for reports: "lri", "not command accessible", ...
std::string_view RegisterPathName(RegisterPath path);
std::string_view RegisterReasonName(RegisterReason reason);

}  // namespace gvt::hw
