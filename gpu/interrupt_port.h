// Interrupts that a command stream raises, at the moment when it does (architecture decision D3).
#pragma once

#include <cstdint>

namespace gvt::gpu {

// Bit positions in an engine's half of a GT interrupt register. Source: linux v6.1 i915_reg.h,
// GT_*_INTERRUPT.
enum class EngineInterrupt : uint8_t {
  kUser = 0,
  kCommandError = 3,
  kNotify = 4,
  kContextSwitch = 8,
  kSemaphoreWait = 11,
};

class InterruptPort {
 public:
  virtual ~InterruptPort() = default;
  // All stores made through the memory port before are visible to the guest first.
  virtual void Raise(EngineInterrupt interrupt) = 0;
};

}  // namespace gvt::gpu
