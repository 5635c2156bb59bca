// From what a host asks for to what a vGPU is made with.
#pragma once

#include <cstdint>
#include <optional>

#include "gvtcore/gvtcore.h"
#include "scanner/policy.h"
#include "sched/share.h"
#include "sched/stall_watch.h"
#include "vgpu/device.h"

namespace gvt::core {

struct VgpuSettings {
  vgpu::DeviceConfig device;
  scanner::Policy policy;
  hw::Platform platform = hw::Platform::kSkl;
  sched::Share share;
  // What events are dated by; outlives the vGPU. nullptr: steady time.
  gpu::EngineClock* event_clock = nullptr;
  uint64_t stall_limit_ns = sched::kStallLimitNs;
  bool scan = true;
};

// Fills in defaults and checks every member; nullopt: one is out of range.
std::optional<VgpuSettings> SettingsOf(const gvtcore_vgpu_config_t& config);

}  // namespace gvt::core
