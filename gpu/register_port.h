// Registers as an engine's streamer sees them. Every access that reaches this port was already
// judged by hw/register_policy.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace gvt::gpu {

class RegisterPort {
 public:
  virtual ~RegisterPort() = default;
  // `offset`: byte offset in BAR0, dword aligned. Masked registers take mask and value as hardware
  // does.
  virtual uint32_t Read(uint32_t offset) = 0;
  virtual void Write(uint32_t offset, uint32_t value) = 0;

  // The same for many, one after the other. Both spans are as long.
  virtual void ReadAll(std::span<const uint32_t> offsets, std::span<uint32_t> values) {
    for (size_t i = 0; i < offsets.size(); ++i) values[i] = Read(offsets[i]);
  }
  virtual void WriteAll(std::span<const uint32_t> offsets, std::span<const uint32_t> values) {
    for (size_t i = 0; i < offsets.size(); ++i) Write(offsets[i], values[i]);
  }
};

}  // namespace gvt::gpu
