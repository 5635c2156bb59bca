// Where control is: in the ring, in a batch, in a batch that a batch called, or still in the
// batches that run at a context's restore.
//
// Hardware has three instruction pointers: ring, first level, second level. This is them, with the
// rules by which commands move them. Pure bookkeeping: no memory, no registers.
#pragma once

#include <cstdint>
#include <optional>

#include "base/address.h"
#include "gpu/segment_port.h"
#include "gpu/soft/context_frame.h"
#include "hw/context_image.h"

namespace gvt::gpu::soft {

class ControlFlow {
 public:
  // A context begins to run. Before it goes on at `position` it runs `indirect` and `per_context`.
  // Requires: ring.size_bytes is a multiple of 4096; head and tail lie inside.
  void Begin(const ContextPosition& position, const hw::ContextRing& ring,
             const std::optional<hw::ContextIndirect>& indirect,
             const std::optional<Gma>& per_context);
  // Requires: tail < size of the ring.
  void SetTail(uint32_t tail) { ring_.tail = tail; }

  SegmentKind kind() const { return kind_; }
  bool in_batch() const {
    return kind_ != SegmentKind::kRing && kind_ != SegmentKind::kIndirectContext;
  }
  // Nothing is left to run.
  bool drained() const { return kind_ == SegmentKind::kRing && head_ == ring_.tail; }
  // Graphics address of the next command, and its space.
  Gma here() const;
  hw::AddressSpace space() const;
  bool in_indirect_context() const { return kind_ == SegmentKind::kIndirectContext; }
  // Leaves an indirect context that is done; comes before drained() and entry().
  void Settle();
  // What to ask the segment port for. Only if not drained().
  SegmentEntry entry() const;

  // Control goes `dwords` on in the same buffer; at the end of the ring it wraps.
  void Advance(uint32_t dwords);
  // Is there a level for a batch that is started from here?
  bool CanStart(bool second_level) const;
  // Control enters a batch; here() is where it may come back. Requires CanStart().
  void Start(bool second_level, hw::AddressSpace space, Gma address);
  // Control leaves the batch that it is in.
  void End();

  // What a later Begin() needs to go on from here, all but the predicate mode.
  ContextPosition position() const;
  uint32_t ring_head() const { return head_; }
  const hw::ContextRing& ring() const { return ring_; }

 private:
  struct Batch {
    hw::AddressSpace space = hw::AddressSpace::kPpgtt;
    Gma address;
  };

  void Resume();

  SegmentKind kind_ = SegmentKind::kRing;
  hw::ContextRing ring_;
  uint32_t head_ = 0;
  Batch current_;                                           // in_batch() or indirect context
  Batch outer_;                                             // second level: where it returns to
  SegmentKind outer_kind_ = SegmentKind::kFirstLevelBatch;  // likewise
  uint32_t indirect_left_ = 0;                              // dwords
  std::optional<Gma> per_context_;
  bool restoring_ = false;  // resume_ has not been gone to yet
  ContextPosition resume_;
};

}  // namespace gvt::gpu::soft
