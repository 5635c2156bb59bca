// Decoding of a register state context by position.
//
// Invariants: 1. a span is never read beyond its size; 2. no dword of the image decides where
// another one is looked for, so an image that names wrong registers still decodes to the values
// hardware would take from those places. Source: as in hw/context_image.h.

#include "hw/context_image.h"

#include "hw/context_layout.h"

namespace gvt::hw {
namespace {

// RING_CTL. Source: PRM SKL vol 2c "RING_BUFFER_CTL", linux v6.1 gt/intel_engine_regs.h.
constexpr uint32_t kRingPagesMask = 0x001ff000;  // size - 4 KiB
constexpr uint32_t kRingEnable = 1u << 0;
// RING_HEAD and RING_TAIL: bits 20:2 and 20:3. The upper bits of HEAD count wraps.
constexpr uint32_t kRingHeadMask = 0x001ffffc;
constexpr uint32_t kRingTailMask = 0x001ffff8;

// INDIRECT_CTX: address 31:6, size 5:0 in cache lines. BB_PER_CTX_PTR: address 31:12, valid bit 0.
constexpr uint32_t kIndirectSizeMask = 0x3f;
constexpr uint32_t kCacheLineBytes = 64;
constexpr uint32_t kPerCtxPointerOffset = 0x1c0;
constexpr uint32_t kIndirectCtxOffset = 0x1c4;
constexpr uint32_t kPerCtxValid = 1u << 0;
constexpr uint32_t kPerCtxAddressMask = 0xfffff000;

bool HasWorkaroundBatches(Generation generation, Engine engine) {
  return generation == Generation::kGen9 || engine == Engine::kRcs;
}

// The value at `index`, if the pair there loads the engine's register at `offset`. A restore
// executes the pairs, so that a value beside another register's offset is no pointer: some
// producers pad the unused pairs with other registers.
std::optional<uint32_t> PairValue(Engine engine, std::span<const uint32_t> state, size_t index,
                                  uint32_t offset) {
  if (state.size() <= index || state[index - 1] != EngineMmioBase(engine) + offset)
    return std::nullopt;
  return state[index];
}

}  // namespace

ContextLayout ContextLayoutOf(Generation generation, Engine engine) {
  return internal::LayoutOf(generation, engine);
}

uint32_t ContextPages(Generation generation, Engine engine) {
  if (engine != Engine::kRcs) return 2;
  return generation == Generation::kGen8 ? 20 : 22;
}

std::optional<ContextRing> ReadContextRing(std::span<const uint32_t> state) {
  if (state.size() <= kContextRingCtl) return std::nullopt;
  ContextRing ring;
  ring.start = Gma(AlignDown(state[kContextRingStart], static_cast<uint32_t>(kPageSize)));
  ring.size_bytes = (state[kContextRingCtl] & kRingPagesMask) + static_cast<uint32_t>(kPageSize);
  ring.head = state[kContextRingHead] & kRingHeadMask;
  ring.tail = state[kContextRingTail] & kRingTailMask;
  ring.enabled = (state[kContextRingCtl] & kRingEnable) != 0;
  return ring;
}

std::optional<std::array<uint64_t, 4>> ReadContextPdps(std::span<const uint32_t> state) {
  if (state.size() <= kContextPdp0Ldw) return std::nullopt;
  std::array<uint64_t, 4> pdps{};
  for (size_t i = 0; i < pdps.size(); ++i) {
    const size_t upper = kContextPdp0Udw - 4 * i;
    pdps[i] = Join64(state[upper + 2], state[upper]);
  }
  return pdps;
}

std::optional<ContextIndirect> ReadContextIndirect(Generation generation, Engine engine,
                                                   std::span<const uint32_t> state) {
  if (!HasWorkaroundBatches(generation, engine)) return std::nullopt;
  const auto value = PairValue(engine, state, kContextIndirectCtx, kIndirectCtxOffset);
  if (!value || (*value & kIndirectSizeMask) == 0) return std::nullopt;
  return ContextIndirect{Gma(*value & ~kIndirectSizeMask),
                         (*value & kIndirectSizeMask) * kCacheLineBytes};
}

std::optional<Gma> ReadContextPerCtxBatch(Generation generation, Engine engine,
                                          std::span<const uint32_t> state) {
  if (!HasWorkaroundBatches(generation, engine)) return std::nullopt;
  const auto value = PairValue(engine, state, kContextPerCtxPointer, kPerCtxPointerOffset);
  if (!value || (*value & kPerCtxValid) == 0) return std::nullopt;
  return Gma(*value & kPerCtxAddressMask);
}

bool IsRestoreInhibited(std::span<const uint32_t> state) {
  return state.size() > kContextControl && (state[kContextControl] & kContextRestoreInhibit) != 0;
}

}  // namespace gvt::hw
