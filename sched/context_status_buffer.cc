// The write pointer lives in its register: a driver sets it there after a reset (to 5, so that the
// next entry is entry 0), and hardware comes out of reset with 7, "none yet".
//
// A status page that the guest has not mapped loses the entries; the registers still have them.
//
// Source: linux v6.1 gt/intel_execlists_submission.c process_csb, reset_csb_pointers;
// gvt/execlist.c emulate_csb_update; gt/intel_engine_regs.h (offsets), gt/intel_engine.h
// (I915_HWS_CSB_BUF0_INDEX, I915_HWS_CSB_WRITE_INDEX).
#include "sched/context_status_buffer.h"

#include <array>
#include <span>

#include "base/bits.h"

namespace gvt::sched {
namespace {

constexpr uint32_t kSlots = 6;
constexpr uint32_t kStatusPage = 0x80;  // RING_HWS_PGA
constexpr uint32_t kSlotRegisters = 0x370;
constexpr uint32_t kPointerRegister = 0x3a0;
constexpr uint32_t kPointerMask = 7;

constexpr uint32_t kSlotsInPage = 0x40;
constexpr uint32_t kPointerInPage = 0x7c;

template <typename T>
std::span<const std::byte> BytesOf(const T& value) {
  return std::as_bytes(std::span(&value, 1));
}

}  // namespace

uint32_t ContextStatusBuffer::NextSlot() const {
  const uint32_t last = registers_.Get(kPointerRegister) & kPointerMask;
  return last + 1 < kSlots ? last + 1 : 0;
}

void ContextStatusBuffer::Add(uint32_t status, uint32_t context_id) {
  const uint32_t slot = NextSlot();
  const uint32_t at = kSlotRegisters + 8 * slot;
  registers_.Set(at, status);
  registers_.Set(at + 4, context_id);
  const Gma page(registers_.Get(kStatusPage) & ~kPageOffsetMask);
  const uint64_t entry = Join64(status, context_id);
  const std::array<PagePiece, 2> pieces{
      {{kSlotsInPage + 8 * slot, BytesOf(entry)}, {kPointerInPage, BytesOf(slot)}}};
  memory_.WriteInPage(hw::AddressSpace::kGgtt, page, pieces);
  registers_.Set(kPointerRegister, slot);
}

}  // namespace gvt::sched
