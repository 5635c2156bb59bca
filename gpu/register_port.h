// Registers as an engine's streamer sees them. Every access that reaches this port was already
// judged by hw/register_policy.h.
#pragma once

#include <cstdint>

namespace gvt::gpu {

class RegisterPort {
 public:
  virtual ~RegisterPort() = default;
  // `offset`: byte offset in BAR0, dword aligned. Masked registers take mask and value as hardware
  // does.
  virtual uint32_t Read(uint32_t offset) = 0;
  virtual void Write(uint32_t offset, uint32_t value) = 0;
};

}  // namespace gvt::gpu
