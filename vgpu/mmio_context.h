// What the behaviour of a register may look at and change.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#include "gpu/engine_clock.h"
#include "hw/platform.h"
#include "sched/virtual_execlist.h"
#include "vgpu/device.h"
#include "vgpu/interrupt_unit.h"
#include "vgpu/register_file.h"
#include "vgpu/written_registers.h"

namespace gvt::vgpu {

// What the device knows about its guest. Sticky until a function-level reset.
struct GuestState {
  // atomic: flags and counters, each by itself; nothing else is published through them
  std::atomic<bool> pv_seen{false};   // the guest has read PVINFO: it knows that it is a guest
  std::atomic<bool> failsafe{false};  // registers store and do nothing else
  std::atomic<uint64_t> refused_writes{0};
  std::atomic<uint64_t> engine_resets{0};
};

struct MmioContext {
  const hw::Platform platform;
  const DeviceConfig& config;
  DeviceHost& host;
  RegisterFile& file;
  WrittenRegisters& written;
  InterruptUnit& interrupts;
  gpu::EngineClock& clock;
  GuestState& guest;
  // One for each engine that is bound; nullptr: no such engine, it is always idle.
  std::array<sched::VirtualExeclist*, hw::kEngineCount> execlists{};

  // The guest has lost its GPU, because it `did` that; said once.
  void EnterFailsafe(const char* did) {
    if (guest.failsafe.exchange(true, std::memory_order_relaxed)) return;
    Log(host.log(), {EventKind::kFailsafe}, LogLevel::kError,
        "failsafe: the guest %s; its registers only store now", did);
  }
  sched::VirtualExeclist* ExeclistOf(hw::Engine engine) const {
    return execlists[static_cast<unsigned>(engine)];
  }
};

}  // namespace gvt::vgpu
