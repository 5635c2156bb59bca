// An array that is mostly zeros or repeats, as runs of equal values.
#pragma once

#include <cstdint>
#include <vector>

namespace gvt::vgpu {

// `count` neighbours in an array that hold the same.
struct ValueRun {
  uint32_t first = 0;
  uint32_t count = 0;
  uint64_t value = 0;

  friend bool operator==(const ValueRun&, const ValueRun&) = default;
};

// Ascending, without overlap; what no run names is zero.
using ValueRuns = std::vector<ValueRun>;

// Adds the next value, at an index above all before it. Zeros are left out.
void AppendValue(ValueRuns* runs, uint32_t index, uint64_t value);

}  // namespace gvt::vgpu
