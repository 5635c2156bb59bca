// Where a streamer gets the commands that it runs: audited private copies, one a segment entry
// (architecture decision D1).
#pragma once

#include <cstdint>
#include <span>

#include "base/address.h"
#include "hw/platform.h"

namespace gvt::gpu {

enum class SegmentKind : uint8_t {
  kRing,
  kFirstLevelBatch,
  kSecondLevelBatch,
  kIndirectContext,
  kPerContextBatch,
};

struct SegmentEntry {
  SegmentKind kind = SegmentKind::kRing;
  hw::AddressSpace space = hw::AddressSpace::kGgtt;
  bool privileged = true;
  Gma address;
  // kRing and kIndirectContext: how many dwords there are at most (to the tail, or to the end of
  // the ring buffer). Others: 0.
  uint32_t limit_dwords = 0;
};

enum class SegmentFault : uint8_t {
  kNone,      // the copy ends where control leaves: batch start, batch end, end of buffer
  kReenter,   // the copy ends where the segment wrote into its own rest: enter again behind it
  kRefused,   // the command behind the copy is refused: command error
  kUnmapped,  // no page at the address
};

struct AuditedSegment {
  std::span<const uint32_t> dwords;  // audited and patched; valid until the next Enter()
  SegmentFault fault = SegmentFault::kNone;
  uint32_t fault_header = 0;  // kRefused: header of that command
};

class SegmentPort {
 public:
  virtual ~SegmentPort() = default;
  // One fresh private copy of the segment that begins at entry.address, audited. Reads memory once.
  virtual AuditedSegment Enter(const SegmentEntry& entry) = 0;
};

}  // namespace gvt::gpu
