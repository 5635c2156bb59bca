// What a device is, apart from its guest's memory: what is taken along when a vGPU moves.
//
// Values are as the device holds them. A snapshot may come from a file: the device that is given
// one trusts no number in it, but bounds and order of runs are the reader's to check.
#pragma once

#include <array>
#include <cstdint>

#include "vgpu/interrupt_unit.h"
#include "vgpu/value_runs.h"

namespace gvt::vgpu {

// Of the configuration space, the bytes that a write can change are among the first so many.
inline constexpr uint32_t kSnapshotConfigBytes = 256;

struct DeviceSnapshot {
  std::array<uint8_t, kSnapshotConfigBytes> config{};
  ValueRuns registers;  // by dword of BAR0
  ValueRuns ggtt;       // by entry
  InterruptSnapshot interrupts;
  uint64_t time_ns = 0;  // of the device's clock; at most kMaxSnapshotTimeNs
  bool pv_seen = false;
  bool failsafe = false;
};

// Far from where adding slices to it could wrap.
inline constexpr uint64_t kMaxSnapshotTimeNs = uint64_t{1} << 62;

}  // namespace gvt::vgpu
