// Interrupts of the device: groups of ISR, IMR, IIR and IER, the master register that sums them up,
// and the message that the sum raises.
//
// | group     | at       | summary bits in the master register |
// |-----------|----------|-------------------------------------|
// | GT 0      | 0x44300  | 0 RCS (low half), 1 BCS (high half) |
// | GT 1      | 0x44310  | 2 VCS, 3 VCS2                       |
// | GT 2      | 0x44320  | 4 power management                  |
// | GT 3      | 0x44330  | 6 VECS                              |
// | pipe A..C | 0x44400  | 16, 17, 18                          |
// | port      | 0x44440  | 20                                  |
// | misc      | 0x44460  | 22                                  |
// | PCU       | 0x444e0  | 30                                  |
// | PCH       | 0xc4000  | 23                                  |
//
// Source: PRM SKL vol 2c "Interrupt Control Registers", linux v6.1 i915_reg.h, i915_irq.c.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <mutex>

#include "base/optional_mutex.h"
#include "gpu/interrupt_port.h"
#include "hw/platform.h"
#include "vgpu/register_file.h"

namespace gvt::vgpu {

inline constexpr uint32_t kMasterInterrupt = 0x44200;

// Where the message goes. Called without a lock held, from any thread.
class MessageSink {
 public:
  virtual ~MessageSink() = default;
  virtual void RaiseMessage() = 0;
};

struct InterruptGroup {
  uint32_t offset;  // of ISR; IMR, IIR and IER follow
  uint32_t low_summary;
  uint32_t high_summary;
};

inline constexpr size_t kInterruptGroups = 11;

// The group whose four registers hold `offset`; nullptr if there is none.
const InterruptGroup* FindInterruptGroup(uint32_t offset);

// What of the unit is in no register.
struct InterruptSnapshot {
  bool line = false;
  std::array<uint32_t, kInterruptGroups> queued{};  // events behind a bit of IIR that is set
};

class InterruptUnit {
 public:
  // Both outlive the unit.
  InterruptUnit(RegisterFile& file, MessageSink& sink, Threads threads = Threads::kMany)
      : file_(file), sink_(sink), lock_(threads) {}

  // An engine has something to tell. Thread rule: any thread.
  void Raise(hw::Engine engine, gpu::EngineInterrupt interrupt);
  // Guest writes. `offset`: one of a group's registers, or the master register; others do nothing.
  void Write(uint32_t offset, uint32_t value);
  // The guest has just enabled messages: one that is due goes out now.
  void MessagesEnabled();
  // Forgets that a message went out; the registers were reset by the caller.
  void Reset();
  // What the registers do not say; they are taken along by themselves.
  InterruptSnapshot Save() const;
  void Restore(const InterruptSnapshot& snapshot);

 private:
  bool UpdateLocked(const InterruptGroup* changed);
  uint32_t& QueuedOf(const InterruptGroup& group);

  RegisterFile& file_;
  MessageSink& sink_;
  mutable OptionalMutex lock_;  // guards the read-modify-write of IIR, and what follows
  bool line_ = false;
  std::array<uint32_t, kInterruptGroups> queued_{};  // events behind a bit of IIR that is set
};

}  // namespace gvt::vgpu
