// The virtual PCI function: configuration space, registers, GGTT window, aperture, interrupts,
// reset.
//
// Accesses come region-relative from any thread. Registers live in one file (hw/registers.inc says
// how each behaves); whichever way an access comes, hw/register_policy.h has judged it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "base/log.h"
#include "base/optional_mutex.h"
#include "gpu/engine_clock.h"
#include "gpu/interrupt_port.h"
#include "gpu/register_port.h"
#include "hostif/guest_memory.h"
#include "hw/platform.h"
#include "sched/ggtt_port.h"
#include "sched/virtual_execlist.h"
#include "vgpu/pci_config.h"

namespace gvt::vgpu {

// vgpu/snapshot.h
struct DeviceSnapshot;

enum class Region : uint8_t { kBar0 = 0, kBar2 = 2, kBar4 = 4, kConfig = 7 };

struct DeviceConfig {
  uint16_t pci_device_id = 0x1912;
  uint64_t aperture_bytes = uint64_t{256} << 20;
  uint64_t low_gm_base = 0;
  uint64_t low_gm_bytes = uint64_t{256} << 20;
  uint64_t high_gm_base = uint64_t{256} << 20;
  uint64_t high_gm_bytes = (uint64_t{4} << 30) - (uint64_t{256} << 20);
  uint32_t fence_count = 4;
  uint32_t vgpu_id = 1;
  // Time that the guest sees; outlives the device. nullptr: steady time since the device was made.
  gpu::EngineClock* clock = nullptr;
  Threads threads = Threads::kMany;  // that use the device at a time
};

// What the device asks of its host and of the scheduler.
class DeviceHost {
 public:
  virtual ~DeviceHost() = default;
  // `message`: what the guest's MSI capability says.
  virtual void RaiseMsi(const MsiMessage& message) = 0;
  // A region is now at `where`, or (`on` false) no longer. In order, one at a time.
  virtual void SetTrapArea(Region /*region*/, const DecodedRange& /*where*/, bool /*on*/) {}
  virtual void WakeEngine(hw::Engine engine) = 0;  // an ELSP write completed a submission
  // The guest asked for the engine's cached translations to be forgotten before its next access.
  virtual void InvalidateTlb(hw::Engine /*engine*/) {}
  // Where the device says what it refused; null: nowhere.
  virtual LogSink* log() { return nullptr; }
};

// Counters since the device was made.
struct DeviceStatistics {
  uint64_t messages = 0;        // interrupts raised
  uint64_t engine_resets = 0;   // by GDRST; a reset of the whole GT counts once
  uint64_t refused_writes = 0;  // register values that are not the guest's to write
};

class Device {
 public:
  // References outlive the device. Call BindEngine for every engine before the first access.
  Device(const DeviceConfig& config, hostif::GuestMemory& memory, DeviceHost& host);
  ~Device();
  Device(const Device&) = delete;
  Device& operator=(const Device&) = delete;

  void BindEngine(sched::VirtualExeclist* execlist);

  // Guest accesses; offset + size inside the region (the caller checked), size > 0. Never fail:
  // what no device would answer reads as all ones and drops writes. Return the size.
  size_t Read(Region region, uint64_t offset, std::span<std::byte> out);
  size_t Write(Region region, uint64_t offset, std::span<const std::byte> data);
  // 0: no such region.
  uint64_t RegionSize(Region region) const {
    const auto index = static_cast<size_t>(region);
    return index < region_sizes_.size() ? region_sizes_[index] : 0;
  }

  // Function-level reset.
  void Reset();
  // All that the guest can tell, but for its memory and its engines' work. Nothing of the device is
  // in use meanwhile, neither by processors nor by engines.
  DeviceSnapshot Save() const;
  // The device is that one now. What says how it was made (windows, fences) stays as it is.
  void Restore(const DeviceSnapshot& snapshot);
  // Before the end: no region is anywhere any more.
  void Leave();

  // The engines' side.
  gpu::RegisterPort& registers(hw::Engine engine);
  gpu::InterruptPort& interrupts(hw::Engine engine);
  const sched::GgttPort& ggtt() const;
  // The one clock of the device, for its streamers.
  gpu::EngineClock& clock();

  // The guest does not know how to live with a vGPU, or said that it failed: registers only store,
  // until the next Reset().
  bool failsafe() const;
  DeviceStatistics statistics() const;

 private:
  class State;
  std::unique_ptr<State> state_;
  std::array<uint64_t, 8> region_sizes_{};  // by Region
};

}  // namespace gvt::vgpu
