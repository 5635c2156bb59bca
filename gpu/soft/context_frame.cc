// Context restore and save.
//
// A context that is switched out inside a batch resumes there, and nothing but its image says
// where: BB_ADDR and BB_STATE hold the next command of the first-level batch, or where the second
// level returns to; SBB_ADDR and SBB_STATE the next command of the second level. Bit 0 of an
// address says that it is valid. RING_HEAD is behind the batch start by then.
//
// Invariant: save writes no dword that the guest may write while the context runs.
//
// Source: linux v6.1 gt/intel_lrc.c, gt/intel_engine_regs.h (RING_BB_PPGTT); PRM SKL vol 7
// "Register State Context", vol 2c "BB_ADDR", "BB_STATE".
#include "gpu/soft/context_frame.h"

#include <algorithm>
#include <span>
#include <tuple>

#include "base/bits.h"

namespace gvt::gpu::soft {
namespace {

// Values beside hw/context_image.h's. The second level's follow BB_STATE.
constexpr size_t kSecondAddrUdw = 19;
constexpr size_t kSecondAddr = 21;
constexpr size_t kSecondState = 23;

constexpr uint32_t kBatchValid = 1u << 0;
constexpr uint32_t kBatchPpgtt = 1u << 5;
// The mode of MI_SET_PREDICATE has no place of its own in the layout; it rides in BB_STATE.
constexpr unsigned kPredicateModeLow = 24;
constexpr unsigned kPredicateModeHigh = 27;
// Where hardware keeps the state of its blitter nobody says; here it is the end of the page.
constexpr size_t kBlitterBegin = hw::kContextDwords - std::tuple_size_v<BlitSetup> - 1;

constexpr uint32_t kRingTailMask = 0x001ffff8;
constexpr uint32_t kRingHeadMask = 0x001ffffc;

BatchState BatchAt(uint32_t upper, uint32_t lower, uint32_t state) {
  BatchState batch;
  batch.active = (lower & kBatchValid) != 0;
  batch.space = (state & kBatchPpgtt) != 0 ? hw::AddressSpace::kPpgtt : hw::AddressSpace::kGgtt;
  batch.address = MaskGma(Join64(lower & ~3u, upper));
  return batch;
}

}  // namespace

// What is kept behind the registers is not part of their list.
ContextFrame::ContextFrame(hw::Platform platform, hw::Engine engine, MemoryPort& memory)
    : generation_(hw::GenerationOf(platform)),
      engine_(engine),
      memory_(memory),
      registers_(platform, engine,
                 engine == hw::Engine::kBcs ? kBlitterBegin : hw::kContextDwords) {}

bool ContextFrame::Load(hw::ContextDescriptor descriptor) {
  descriptor_ = descriptor;
  at_ ^= 1;
  registers_.Begin();
  const size_t end = registers_.end_dword();
  if (!Read(0, end)) return false;
  const bool in_form = registers_.IsListInForm(image(), former());
  const size_t rest = in_form && engine_ == hw::Engine::kBcs ? kBlitterBegin : end;
  const bool wants_rest = !in_form || engine_ == hw::Engine::kBcs;
  return !wants_rest || Read(rest, image().size());
}

bool ContextFrame::Read(size_t first, size_t end) {
  return memory_.Read(hw::AddressSpace::kGgtt, state() + first * sizeof(uint32_t),
                      std::as_writable_bytes(std::span(image()).subspan(first, end - first)));
}

std::optional<hw::ContextIndirect> ContextFrame::indirect() const {
  return hw::ReadContextIndirect(generation_, engine_, image());
}

std::optional<Gma> ContextFrame::per_context_batch() const {
  return hw::ReadContextPerCtxBatch(generation_, engine_, image());
}

ContextPosition ContextFrame::Position() const {
  ContextPosition position;
  position.ring_head = ring().head;
  if (restore_inhibited()) return position;
  const uint32_t state = image()[hw::kContextBbState];
  position.first = BatchAt(image()[hw::kContextBbAddrUdw], image()[hw::kContextBbAddr], state);
  position.second = BatchAt(image()[kSecondAddrUdw], image()[kSecondAddr], image()[kSecondState]);
  position.second.active = position.second.active && position.first.active;
  position.predicate_mode = Bits(state, kPredicateModeHigh, kPredicateModeLow);
  if (engine_ == hw::Engine::kBcs) {
    BlitterState& blitter = position.blitter;
    std::copy_n(image().begin() + kBlitterBegin, blitter.setup.size(), blitter.setup.begin());
    blitter.rows_done = image()[kBlitterBegin + blitter.setup.size()];
  }
  return position;
}

std::optional<uint32_t> ContextFrame::FreshTail() const {
  uint32_t tail = 0;
  const Gma at = state() + hw::kContextRingTail * sizeof(uint32_t);
  if (!memory_.Load32(hw::AddressSpace::kGgtt, at, &tail)) return std::nullopt;
  return tail & kRingTailMask;
}

void ContextFrame::SaveBatch(const BatchState& batch, size_t upper, size_t lower, size_t state) {
  image()[upper] = batch.active ? High32(batch.address.value) : 0;
  image()[lower] = batch.active ? Low32(batch.address.value) | kBatchValid : 0;
  image()[state] = batch.active && batch.space == hw::AddressSpace::kPpgtt ? kBatchPpgtt : 0;
}

PagePiece ContextFrame::Piece(size_t first, size_t end) const {
  return {static_cast<uint32_t>(first * sizeof(uint32_t)),
          std::as_bytes(std::span(image()).subspan(first, end - first))};
}

// False: it is there already.
bool ContextFrame::SaveBlitter(const BlitterState& blitter) {
  std::array<uint32_t, hw::kContextDwords - kBlitterBegin> state;
  *std::copy(blitter.setup.begin(), blitter.setup.end(), state.begin()) = blitter.rows_done;
  if (std::equal(state.begin(), state.end(), image().begin() + kBlitterBegin)) return false;
  std::copy(state.begin(), state.end(), image().begin() + kBlitterBegin);
  return true;
}

void ContextFrame::Save(const ContextPosition& position, uint32_t timestamp, bool list_is_live,
                        JudgedRegisters& registers) {
  image()[hw::kContextControl] &= ~hw::kContextRestoreInhibit;
  image()[hw::kContextRingHead] = position.ring_head & kRingHeadMask;
  SaveBatch(position.first, hw::kContextBbAddrUdw, hw::kContextBbAddr, hw::kContextBbState);
  SaveBatch(position.second, kSecondAddrUdw, kSecondAddr, kSecondState);
  image()[hw::kContextBbState] |= position.predicate_mode << kPredicateModeLow;
  image()[hw::kContextTimestamp] = timestamp;
  const ContextRegisters::Part part = registers_.Save(list_is_live, &image(), registers);

  // On either side of RING_TAIL, which is the guest's at any time. Nothing is written of the
  // blitter if nothing was drawn.
  const bool has_drawn = engine_ == hw::Engine::kBcs && SaveBlitter(position.blitter);
  const std::array<PagePiece, 4> pieces{{Piece(hw::kContextControl, hw::kContextRingHead + 1),
                                         Piece(hw::kContextBbAddrUdw, hw::kContextTimestamp + 1),
                                         Piece(part.begin, part.end),
                                         Piece(kBlitterBegin, image().size())}};
  memory_.WriteInPage(hw::AddressSpace::kGgtt, state(), std::span(pieces).first(has_drawn ? 4 : 3));
}

}  // namespace gvt::gpu::soft
