#include "gpu/soft/control_flow.h"

namespace gvt::gpu::soft {
namespace {

constexpr uint32_t kDwordBytes = sizeof(uint32_t);

}  // namespace

void ControlFlow::Begin(const ContextPosition& position, const hw::ContextRing& ring,
                        const std::optional<hw::ContextIndirect>& indirect,
                        const std::optional<Gma>& per_context) {
  ring_ = ring;
  head_ = position.ring_head;
  resume_ = position;
  per_context_ = per_context;
  restoring_ = true;
  kind_ = SegmentKind::kIndirectContext;  // if there is none, one of no dwords
  current_ = {hw::AddressSpace::kGgtt, indirect ? indirect->start : Gma()};
  indirect_left_ = indirect ? indirect->size_bytes / kDwordBytes : 0;
  Settle();
}

// From the batches of the restore to where the context was.
void ControlFlow::Resume() {
  restoring_ = false;
  kind_ = SegmentKind::kRing;
  if (!resume_.first.active) return;
  kind_ = SegmentKind::kFirstLevelBatch;
  current_ = {resume_.first.space, resume_.first.address};
  if (!resume_.second.active) return;
  outer_ = current_;
  outer_kind_ = kind_;
  kind_ = SegmentKind::kSecondLevelBatch;
  current_ = {resume_.second.space, resume_.second.address};
}

Gma ControlFlow::here() const {
  return kind_ == SegmentKind::kRing ? ring_.start + head_ : current_.address;
}

hw::AddressSpace ControlFlow::space() const {
  return kind_ == SegmentKind::kRing ? hw::AddressSpace::kGgtt : current_.space;
}

void ControlFlow::Settle() {
  if (kind_ != SegmentKind::kIndirectContext || indirect_left_ != 0) return;
  if (!per_context_) return Resume();
  kind_ = SegmentKind::kPerContextBatch;
  current_ = {hw::AddressSpace::kGgtt, *per_context_};
}

SegmentEntry ControlFlow::entry() const {
  SegmentEntry entry;
  entry.kind = kind_;
  entry.space = space();
  entry.privileged = entry.space == hw::AddressSpace::kGgtt;
  entry.address = here();
  if (kind_ == SegmentKind::kIndirectContext) entry.limit_dwords = indirect_left_;
  if (kind_ == SegmentKind::kRing) {
    const uint32_t end = ring_.tail >= head_ ? ring_.tail : ring_.size_bytes;
    entry.limit_dwords = (end - head_) / kDwordBytes;
  }
  return entry;
}

void ControlFlow::Advance(uint32_t dwords) {
  const uint64_t bytes = uint64_t{dwords} * kDwordBytes;
  if (kind_ == SegmentKind::kRing) {
    head_ = static_cast<uint32_t>((head_ + bytes) % ring_.size_bytes);
    return;
  }
  current_.address = MaskGma(current_.address.value + bytes);
  if (kind_ == SegmentKind::kIndirectContext) {
    indirect_left_ -= dwords < indirect_left_ ? dwords : indirect_left_;
  }
}

bool ControlFlow::CanStart(bool second_level) const {
  switch (kind_) {
    case SegmentKind::kRing: return !second_level;
    case SegmentKind::kFirstLevelBatch:
    case SegmentKind::kPerContextBatch: return true;
    case SegmentKind::kSecondLevelBatch:
    case SegmentKind::kIndirectContext: return false;
  }
  return false;
}

void ControlFlow::Start(bool second_level, hw::AddressSpace space, Gma address) {
  if (kind_ == SegmentKind::kRing) {
    kind_ = SegmentKind::kFirstLevelBatch;
  } else if (second_level) {
    outer_ = current_;
    outer_kind_ = kind_;
    kind_ = SegmentKind::kSecondLevelBatch;
  }
  current_ = {space, address};
}

void ControlFlow::End() {
  switch (kind_) {
    case SegmentKind::kFirstLevelBatch: kind_ = SegmentKind::kRing; break;
    case SegmentKind::kPerContextBatch: Resume(); break;
    case SegmentKind::kSecondLevelBatch:
      kind_ = outer_kind_;
      current_ = outer_;
      break;
    case SegmentKind::kRing:
    case SegmentKind::kIndirectContext: break;
  }
}

ContextPosition ControlFlow::position() const {
  if (restoring_) return resume_;
  ContextPosition position;
  position.ring_head = head_;
  if (kind_ == SegmentKind::kRing) return position;
  const BatchState innermost{true, current_.space, current_.address};
  position.first = innermost;
  if (kind_ == SegmentKind::kSecondLevelBatch) {
    position.first = {true, outer_.space, outer_.address};
    position.second = innermost;
  }
  return position;
}

}  // namespace gvt::gpu::soft
