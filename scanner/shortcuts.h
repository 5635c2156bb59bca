// Flushes have an effect in general but hardly any as they stand: most PIPE_CONTROLs and
// MI_FLUSH_DWs only flush, or write a fence value to the guest's own memory. What they leave where
// the full audit (scanner/command_audit.h) would accept them; whatever is not plainly so is that
// audit's.
#pragma once

#include <cstdint>

#include "base/address.h"
#include "base/bits.h"
#include "base/range.h"
#include "scanner/limits.h"
#include "scanner/opcode_table.h"
#include "scanner/segment.h"

namespace gvt::scanner {

// Bits of dword 1 of PIPE_CONTROL and dword 0 of MI_FLUSH_DW, which agree as far as both have them.
// Source: PRM SKL vol 2a.
namespace flush_bits {
inline constexpr uint32_t kNotify = 1u << 8;
inline constexpr uint32_t kPostSyncMask = 3u << 14;
inline constexpr uint32_t kIndex = 1u << 21;
inline constexpr uint32_t kRegister = 1u << 23;  // PIPE_CONTROL
inline constexpr uint32_t kGgtt = 1u << 24;      // PIPE_CONTROL; in dword 1 bit 2 of MI_FLUSH_DW
}  // namespace flush_bits

inline constexpr uint32_t kPostSyncBytes = 8;

// Whether a store of `bytes` at `address` of the segment's own space may reach what is behind
// `next_dword` of it, hence code that is still to run.
inline bool ReachesRest(const Segment& segment, uint32_t next_dword, uint64_t address,
                        uint32_t bytes) {
  const uint64_t rest = segment.start.value + uint64_t{next_dword} * 4;
  return Range::Sized(rest, uint64_t{kMaxSegmentDwords} * 4).Overlaps(address, bytes);
}

// Flags of an entry that matter in a segment.
inline unsigned FlagsToAudit(const Segment& segment) {
  constexpr unsigned kInBatch = kAuditEffect;
  constexpr unsigned kOutside = kAuditEffect | kAuditRing;
  static constexpr unsigned kOfKind[kBufferKindCount] = {kOutside, kInBatch, kInBatch,
                                                         kOutside, kInBatch, kInBatch};
  const unsigned user = segment.privileged ? 0 : kAuditUser;
  return kOfKind[static_cast<size_t>(segment.kind)] | user;
}

enum class Look : uint8_t {
  kAudit,     // not as simple as that
  kStepOver,  // leaves nothing
  kNotify,    // leaves one EventKind::kNotify
  kStore,     // PIPE_CONTROL; leaves one Store, as its post-sync write may reach the rest
};

// Where the two dwords with the address of a post-sync write point.
inline Gma PostSyncAddress(uint32_t low, uint32_t high) {
  return MaskGma(Join64(low, high) & ~uint64_t{kPostSyncBytes - 1});
}

// What is left of a flush by its flags: `ggtt` where a post-sync write goes, `operand` the two
// dwords with its address.
inline Look LookAtFlush(uint32_t flags, bool ggtt, const uint32_t* operand, const Segment& segment,
                        uint32_t next_dword) {
  using namespace flush_bits;
  if ((flags & kRegister) != 0) return Look::kAudit;
  const Look look = (flags & kNotify) != 0 ? Look::kNotify : Look::kStepOver;
  if ((flags & kPostSyncMask) == 0) return look;
  if ((flags & kIndex) != 0 || ggtt) return Look::kAudit;
  if (segment.space == hw::AddressSpace::kGgtt) return look;
  const uint64_t address = PostSyncAddress(operand[0], operand[1]).value;
  if (!ReachesRest(segment, next_dword, address, kPostSyncBytes)) return look;
  return look == Look::kStepOver ? Look::kStore : Look::kAudit;
}

// Where a PIPE_CONTROL has the address of its post-sync write.
inline constexpr uint32_t kPipeControlOperand = 2;

// `command` is the first dword of a PIPE_CONTROL of allowed length, all of it in the copy;
// `next_dword` is behind it.
inline Look LookAtPipeControl(const uint32_t* command, const Segment& segment,
                              uint32_t next_dword) {
  const bool ggtt = (command[1] & flush_bits::kGgtt) != 0;
  return LookAtFlush(command[1], ggtt, command + kPipeControlOperand, segment, next_dword);
}

// Where a MI_FLUSH_DW has it, and the bit of that dword that selects the GGTT.
inline constexpr uint32_t kFlushDwOperand = 1;
inline constexpr uint32_t kGgttOfFlushDw = 1u << 2;

// Whether a MI_FLUSH_DW states room for the address and data of its post-sync write.
inline bool FlushDwHasOperands(uint32_t length_dwords) {
  return length_dwords >= 4;
}

// The same for MI_FLUSH_DW, whose header holds the flags; bit 23 belongs to its opcode.
inline Look LookAtFlushDw(const uint32_t* command, const Segment& segment, uint32_t next_dword) {
  constexpr uint32_t kLengthMask = 0x3f;
  const bool writes = (command[0] & flush_bits::kPostSyncMask) != 0;
  if (writes && !FlushDwHasOperands((command[0] & kLengthMask) + 2)) return Look::kAudit;
  const uint32_t flags = command[0] & ~flush_bits::kRegister;
  const bool ggtt = (command[1] & kGgttOfFlushDw) != 0;
  const Look look = LookAtFlush(flags, ggtt, command + kFlushDwOperand, segment, next_dword);
  return look == Look::kStore ? Look::kAudit : look;
}

}  // namespace gvt::scanner
