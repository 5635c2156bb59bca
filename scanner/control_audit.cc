// Batch starts and ends: where control may go.
//
// Hardware has three places for an instruction pointer: ring, first level, second level. A start in
// the ring enters a first-level batch and comes back at its end; a start in a batch replaces the
// batch (chain) or, with the second-level bit, calls one level down. There is no fourth place, so
// that a start below that, or a second-level start in the ring, is refused.
//
// Source: PRM SKL vol 2a MI_BATCH_BUFFER_START; linux v6.1 gvt/cmd_parser.c
// cmd_handler_mi_batch_buffer_start.
#include "base/bits.h"
#include "base/mutant.h"
#include "scanner/command_audit.h"

namespace gvt::scanner {

CommandAudit::Step CommandAudit::EndSegment(SegmentEnd end) {
  report_.end = end;
  report_.position = position_ + length_;
  ++report_.commands;
  return Step::kStop;
}

CommandAudit::Step CommandAudit::AuditBatchStart() {
  constexpr unsigned kPpgttBit = 8;
  constexpr unsigned kPredicateBit = 15;
  constexpr unsigned kAddOffsetBit = 16;
  constexpr unsigned kSecondLevelBit = 22;

  const uint32_t header = Dword(0);
  const Gma address = MaskGma(Join64(Dword(1), Dword(2)) & ~uint64_t{3});
  const bool second_level = Bit(header, kSecondLevelBit);
  const bool ggtt = !Bit(header, kPpgttBit);

  if (Bit(header, kAddOffsetBit)) return RefuseCommand(Rule::kBatchOffset, 0, address.value);
  const bool has_level =
      segment_.kind == BufferKind::kRing
          ? !second_level
          : IsBatch(segment_.kind) && (segment_.kind != BufferKind::kSecondLevelBatch ||
                                       Planted(Mutant::kNestingUnchecked));
  if (!has_level) return RefuseCommand(Rule::kBatchNesting, 0, address.value);
  if (ggtt && IsUser()) return RefuseCommand(Rule::kGgttBatchFromUser, 0, address.value);
  if (ggtt && !policy_.OwnsGgtt(address.value, sizeof(uint32_t))) {
    return RefuseCommand(Rule::kBatchRange, 1, address.value);
  }

  report_.target.address = address;
  report_.target.space = ggtt ? hw::AddressSpace::kGgtt : hw::AddressSpace::kPpgtt;
  report_.target.second_level = second_level;
  report_.target.predicated = Bit(header, kPredicateBit);
  const bool returns = second_level || segment_.kind == BufferKind::kRing;
  return EndSegment(returns ? SegmentEnd::kCall : SegmentEnd::kChain);
}

}  // namespace gvt::scanner
