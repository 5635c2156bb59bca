// A segment: the unit of audit. From the dword where control enters to the next batch start or end
// (architecture decision D1).
#pragma once

#include <cstdint>
#include <span>

#include "base/address.h"
#include "hw/platform.h"

namespace gvt::scanner {

enum class BufferKind : uint8_t {
  kRing,              // part of the ring between head and tail
  kFirstLevelBatch,   // started from the ring, or chained to
  kSecondLevelBatch,  // called from a first-level batch
  kIndirectContext,   // run at context restore; GGTT, ends at its stated size
  kPerContextBatch,   // run after it; GGTT, ends with MI_BATCH_BUFFER_END
  kContextImage,      // register state that hardware loads at context restore
};
inline constexpr size_t kBufferKindCount = 6;

// "ring", "batch", "second-level batch", ...
const char* BufferKindName(BufferKind kind);

constexpr bool IsBatch(BufferKind kind) {
  return kind == BufferKind::kFirstLevelBatch || kind == BufferKind::kSecondLevelBatch ||
         kind == BufferKind::kPerContextBatch;
}

// A private copy of (the beginning of) a segment. Nobody but the scanner's caller may change
// `dwords` while it is scanned.
struct Segment {
  hw::Engine engine = hw::Engine::kRcs;
  BufferKind kind = BufferKind::kFirstLevelBatch;
  hw::AddressSpace space = hw::AddressSpace::kPpgtt;  // where `start` is looked up
  bool privileged = false;                            // ring, GGTT batch, context image
  Gma start;                                          // address of dwords[0]; 4-byte aligned
  std::span<const uint32_t> dwords;
  bool complete = true;  // false: more dwords can be had behind these
};

}  // namespace gvt::scanner
