// Registers as an engine's streamer sees them. Every access that reaches this port was already
// judged by hw/register_policy.h.
#pragma once

#include <cstdint>
#include <span>

#include "gpu/saved_registers.h"

namespace gvt::gpu {

struct RegisterValue {
  uint32_t offset = 0;  // byte offset in BAR0, dword aligned
  uint32_t value = 0;
};

class RegisterPort {
 public:
  virtual ~RegisterPort() = default;
  // `offset`: byte offset in BAR0, dword aligned. Masked registers take mask and value as hardware
  // does.
  virtual uint32_t Read(uint32_t offset) = 0;
  virtual void Write(uint32_t offset, uint32_t value) = 0;
  // The same for many, one after the other.
  virtual void WriteAll(std::span<const RegisterValue> all) {
    for (const RegisterValue& one : all) Write(one.offset, one.value);
  }

  // Which of the engine's saved registers may have been written since the last call, by whomever
  // and whichever way, but for Restore. A port that keeps no account says all.
  virtual SavedRegisterSet TakeWritten() { return SavedRegisterSet::All(); }
  // A Write that TakeWritten does not tell of.
  virtual void Restore(uint32_t offset, uint32_t value) { Write(offset, value); }
};

}  // namespace gvt::gpu
