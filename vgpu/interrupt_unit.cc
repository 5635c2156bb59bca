// The registers live in the register file; this unit alone changes IIR and the summary.
//
// The line is "master enabled and some summary bit"; the message goes out when it rises. A guest
// clears the master enable first and sets it last, so whatever arrives in between rises then, and
// nothing is told twice.
//
// An identity bit holds two events: one that comes while the bit is set is kept, and sets it again
// when it is cleared. A guest that reads IIR, acts on it and clears it at last loses nothing that
// came in between.
//
// What it alone changes it changes under its lock, by loads and stores.
//
// Invariants: 1. the summary bits are what IIR and IER say, whenever lock_ is free; 2. each rise of
// the line makes one message; 3. no callback runs under lock_.
//
// Thread rule: any thread. The lock is the device's own, held for some ten loads and stores.
// Source: see the header; per-engine mask: linux v6.1 gt/gen8_engine_cs.c (it is written already
// shifted to the engine's half).
#include "vgpu/interrupt_unit.h"

#include "base/bits.h"
#include "hw/engine_interrupts.h"

namespace gvt::vgpu {
namespace {

constexpr uint32_t kMasterEnable = 1u << 31;
constexpr uint32_t kImr = 4;
constexpr uint32_t kIir = 8;
constexpr uint32_t kIer = 12;
constexpr uint32_t kRingImr = 0xa8;

constexpr InterruptGroup kGroups[kInterruptGroups] = {
    {0x44300, 1u << 0, 1u << 1},   {0x44310, 1u << 2, 1u << 3},   {0x44320, 1u << 4, 1u << 4},
    {0x44330, 1u << 6, 0},         {0x44400, 1u << 16, 1u << 16}, {0x44410, 1u << 17, 1u << 17},
    {0x44420, 1u << 18, 1u << 18}, {0x44440, 1u << 20, 1u << 20}, {0x44460, 1u << 22, 1u << 22},
    {0x444e0, 1u << 30, 1u << 30}, {0xc4000, 1u << 23, 1u << 23},
};

}  // namespace

const InterruptGroup* FindInterruptGroup(uint32_t offset) {
  for (const InterruptGroup& group : kGroups) {
    if ((offset & ~0xfu) == group.offset) return &group;
  }
  return nullptr;
}

void InterruptUnit::Raise(hw::Engine engine, gpu::EngineInterrupt interrupt) {
  const hw::EngineInterruptBits wire = hw::InterruptBitsOf(engine);
  const uint32_t bit = 1u << (static_cast<unsigned>(interrupt) + wire.shift);
  // Only what user batches raise at will is gated per engine; a lost context switch would be a
  // hang.
  const uint32_t ring_mask = file_.Load(hw::EngineMmioBase(engine) + kRingImr);
  if (interrupt == gpu::EngineInterrupt::kUser && (ring_mask & bit) != 0) return;
  bool message = false;
  {
    const std::lock_guard guard(lock_);
    if ((file_.Load(wire.group + kImr) & bit) != 0) return;
    const uint32_t identity = wire.group + kIir;
    const InterruptGroup* group = FindInterruptGroup(wire.group);
    QueuedOf(*group) |= file_.Load(identity) & bit;
    file_.Store(identity, file_.Load(identity) | bit);
    message = UpdateLocked(group);
  }
  if (message) sink_.RaiseMessage();
}

void InterruptUnit::Write(uint32_t offset, uint32_t value) {
  bool message = false;
  {
    const std::lock_guard guard(lock_);
    const InterruptGroup* group = nullptr;
    if (offset == kMasterInterrupt) {
      const uint32_t summary = file_.Load(kMasterInterrupt) & ~kMasterEnable;
      file_.Store(kMasterInterrupt, summary | (value & kMasterEnable));
    } else if (group = FindInterruptGroup(offset); group != nullptr) {
      switch (offset - group->offset) {
        case kIir:
          file_.Store(offset, file_.Load(offset) & ~(value & ~QueuedOf(*group)));
          QueuedOf(*group) &= ~value;
          break;
        case kImr:
        case kIer: file_.Store(offset, value); break;
        default: return;  // ISR shows wires, it is not written
      }
    } else {
      return;
    }
    message = UpdateLocked(group);
  }
  if (message) sink_.RaiseMessage();
}

uint32_t& InterruptUnit::QueuedOf(const InterruptGroup& group) {
  return queued_[static_cast<size_t>(&group - kGroups)];
}

// Brings the summary up to date after a change of `changed` (nullptr: of the master enable alone);
// true if the line rose.
bool InterruptUnit::UpdateLocked(const InterruptGroup* changed) {
  uint32_t master = file_.Load(kMasterInterrupt);
  if (changed != nullptr) {
    const uint32_t pending =
        file_.Load(changed->offset + kIir) & file_.Load(changed->offset + kIer);
    master &= ~(changed->low_summary | changed->high_summary);
    if ((pending & 0xffff) != 0) master |= changed->low_summary;
    if ((pending >> 16) != 0) master |= changed->high_summary;
    file_.Store(kMasterInterrupt, master);
  }
  const bool was = line_;
  line_ = (master & kMasterEnable) != 0 && (master & ~kMasterEnable) != 0;
  return line_ && !was;
}

void InterruptUnit::MessagesEnabled() {
  bool message = false;
  {
    const std::lock_guard guard(lock_);
    message = line_;
  }
  if (message) sink_.RaiseMessage();
}

void InterruptUnit::Reset() {
  const std::lock_guard guard(lock_);
  line_ = false;
  queued_.fill(0);
}

InterruptSnapshot InterruptUnit::Save() const {
  const std::lock_guard guard(lock_);
  return {line_, queued_};
}

void InterruptUnit::Restore(const InterruptSnapshot& snapshot) {
  const std::lock_guard guard(lock_);
  line_ = snapshot.line;
  queued_ = snapshot.queued;
}

}  // namespace gvt::vgpu
