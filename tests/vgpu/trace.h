// Recorded accesses of a real guest's driver to a device: which region, which way, what value.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace gvt::vgpu {

struct TraceAccess {
  bool config = false;  // else BAR0
  bool write = false;
  uint32_t size_bytes = 0;
  uint32_t offset = 0;
  uint64_t value = 0;  // what was written, or what the recorded device answered
};

// tests/vgpu/data/NAME.trace.xz; empty if it cannot be read. A line is "b" or "c" (BAR0,
// configuration space), "r" or "w", the size; then offset and value in hexadecimal.
std::vector<TraceAccess> ReadTrace(const std::string& name);

}  // namespace gvt::vgpu
