// One vGPU put together: guest memory, device, and for each engine its memory ports, streamer and
// execlist.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <vector>

#include "core/event_log.h"
#include "core/host_log.h"
#include "core/state_file.h"
#include "core/vgpu_config.h"
#include "gpu/soft/soft_streamer.h"
#include "gvtcore/gvtcore.h"
#include "hostif/access_observer.h"
#include "hostif/guest_memory.h"
#include "hostif/outside_memory.h"
#include "scanner/scan_engine.h"
#include "sched/engine_memory.h"
#include "sched/engines.h"
#include "sched/slice_gate.h"
#include "shadow/shadow_tables.h"
#include "vgpu/device.h"

namespace gvt::core {

// What a vGPU calls in its host. The members of `ops` that the host does not have are null.
struct HostLink {
  gvtcore_host_ops_t ops{};
  void* host = nullptr;
};

// The guest memory that the host moves itself: read_memory and write_memory.
class HostMemory final : public hostif::OutsideMemory {
 public:
  // `link` outlives the object.
  explicit HostMemory(const HostLink& link) : link_(link) {}
  bool exists() const { return link_.ops.read_memory != nullptr; }
  bool Read(Gpa from, std::span<std::byte> out) override {
    return link_.ops.read_memory(link_.host, from.value, out.data(), out.size()) >= 0;
  }
  bool Write(Gpa to, std::span<const std::byte> data) override {
    return link_.ops.write_memory(link_.host, to.value, data.data(), data.size()) >= 0;
  }

 private:
  const HostLink& link_;
};

// Who watches what crosses the border; all may be null, and outlive the vGPU.
struct BoundaryHooks {
  hostif::AccessObserver* memory = nullptr;
  sched::SliceGate* slices = nullptr;
};

class Vgpu final : public vgpu::DeviceHost {
 public:
  // `engines` outlives the object.
  Vgpu(sched::Engines& engines, const VgpuSettings& settings, const HostLink& link,
       const BoundaryHooks& hooks = {});
  // When this returns, nothing of the vGPU runs any more.
  ~Vgpu() override;
  Vgpu(const Vgpu&) = delete;
  Vgpu& operator=(const Vgpu&) = delete;

  vgpu::Device& device() { return device_; }
  const vgpu::Device& device() const { return device_; }
  hostif::GuestMemory& memory() { return memory_; }
  // nullptr: there is no such engine.
  sched::VirtualExeclist* execlist(hw::Engine engine) const {
    EngineUnit* unit = UnitOf(engine);
    return unit == nullptr ? nullptr : &unit->execlist;
  }
  // Lets the engines in, or not; see gvtcore_vgpu_activate. Thread rule: any thread.
  void SetActive(bool active);
  // All of it but its memory, in the form of state_file.h; what its engines hold of contexts goes
  // into guest memory. They pause meanwhile. Thread rule: as gvtcore_vgpu_save.
  std::vector<std::byte> SaveState();
  // Takes a state over; if that cannot be (an error, as DecodeState's, which is logged), all is as
  // it was.
  std::optional<capture::FileError> RestoreState(std::span<const std::byte> state);
  // What happened; beside what the vGPU notes itself, what its host did. Thread rule: any thread.
  EventLog& events() { return events_; }
  const EventLog& events() const { return events_; }
  // From the next segment on. Thread rule: any thread.
  void SetScan(bool on);
  // Fills all members but `size`.
  void Fill(gvtcore_vgpu_statistics_t* statistics) const;

  // vgpu::DeviceHost
  void RaiseMsi(const vgpu::MsiMessage& message) override;
  void SetTrapArea(vgpu::Region region, const vgpu::DecodedRange& where, bool on) override;
  void WakeEngine(hw::Engine engine) override;
  void InvalidateTlb(hw::Engine engine) override;
  LogSink* log() override { return &log_; }

 private:
  struct EngineUnit {
    EngineUnit(Vgpu& owner, hw::Engine engine);

    sched::EngineMemory memory;
    gpu::SoftStreamer streamer;
    sched::VirtualExeclist execlist;
  };
  // Calls `work` while no engine is in the vGPU, nor comes in.
  template <typename Work>
  void WhilePaused(Work work);
  void LetEnginesIn(bool in);
  EngineUnit* UnitOf(hw::Engine engine) const { return units_[static_cast<size_t>(engine)].get(); }

  sched::Engines& engines_;
  const VgpuSettings settings_;
  const HostLink link_;
  const BoundaryHooks hooks_;
  EventLog events_;
  HostLog log_;
  HostMemory host_memory_;
  hostif::GuestMemory memory_;
  shadow::ShadowTables shadow_;
  vgpu::Device device_;
  const std::unique_ptr<const scanner::ScanEngine> scan_;
  std::array<std::unique_ptr<EngineUnit>, hw::kEngineCount> units_;  // null: no such engine
  std::mutex activity_;  // guards active_, and that it says what the engines know
  bool active_ = false;
};

}  // namespace gvt::core
