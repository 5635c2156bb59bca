// Registers as an engine's streamer sees them. Every access that reaches this port was already
// judged by hw/register_policy.h.
#pragma once

#include <cstdint>

#include "gpu/saved_registers.h"

namespace gvt::gpu {

class RegisterPort {
 public:
  virtual ~RegisterPort() = default;
  // `offset`: byte offset in BAR0, dword aligned. Masked registers take mask and value as hardware
  // does.
  virtual uint32_t Read(uint32_t offset) = 0;
  virtual void Write(uint32_t offset, uint32_t value) = 0;
  // Where a register is that Read and Write do nothing but load and store, and that TakeWritten
  // never tells of: who wants it often may go there himself, by std::atomic_ref, with acquire and
  // release. nullptr: it is reached by the port alone. It stays as long as the port.
  virtual uint32_t* PlaceOf(uint32_t /*offset*/) { return nullptr; }

  // Which of the engine's saved registers may have been written since the last call, by whomever
  // and whichever way, but for Restore. A port that keeps no account says all.
  virtual SavedRegisterSet TakeWritten() { return SavedRegisterSet::All(); }
  // A Write that TakeWritten does not tell of.
  virtual void Restore(uint32_t offset, uint32_t value) { Write(offset, value); }
};

}  // namespace gvt::gpu
