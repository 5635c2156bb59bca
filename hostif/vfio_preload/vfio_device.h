// The device behind VFIO's device file: a vGPU of the core, asked in the kernel's words.
//
// Functions answer as the kernel does: 0 or a count, or a negative errno.
// Thread rule: any thread; Open and Close not concurrently with each other.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "gvtcore/gvtcore.h"
#include "hostif/vfio_preload/dma_map.h"
#include "hostif/vfio_preload/event_line.h"

namespace gvt::hostif::vfio_preload {

// Offset of a region in the device file: its number in the upper bits.
inline constexpr unsigned kRegionShift = 40;

struct DeviceSettings {
  uint16_t pci_device_id = 0;  // 0: the core's default
  std::string type;            // of GVT-g's, as V5_4:2; empty: a GGTT of its own, all of it
  bool scan = true;
  bool measure = false;    // keep the time of the longest access
  std::string trace_path;  // record a boundary trace there; empty: none
  std::string share_path;  // share engines with other processes by it; empty: with none
  // As gvtcore_vgpu_config_t has them.
  uint32_t weight = 0;
  uint32_t cap_percent = 0;
  uint32_t latency_us = 0;
};

// Accesses of a region since the device was made.
struct AccessCounters {
  // atomic: counters, relaxed
  std::atomic<uint64_t> reads{0};
  std::atomic<uint64_t> writes{0};
  std::atomic<uint64_t> longest_ns{0};  // only if DeviceSettings::measure
};

class VfioDevice {
 public:
  // Starts the core. nullptr: it refused; *error says why.
  static std::unique_ptr<VfioDevice> Create(const DeviceSettings& settings, std::string* error);
  ~VfioDevice();
  VfioDevice(const VfioDevice&) = delete;
  VfioDevice& operator=(const VfioDevice&) = delete;

  int Ioctl(unsigned long request, void* argument);
  // `offset` has the region in its upper bits.
  int64_t Read(uint64_t offset, void* data, size_t bytes);
  int64_t Write(uint64_t offset, const void* data, size_t bytes);

  // Memory of the guest that the device may use. RemoveMemory returns when it no longer does.
  int AddMemory(const DmaMapping& mapping);
  void RemoveMemory(uint64_t iova, uint64_t size_bytes);

  // Back to what Create() gave, without memory and interrupts.
  void Close();

  void SetScan(bool on);
  // As JSON, one object.
  std::string Statistics() const;

 private:
  VfioDevice() = default;

  static void RaiseMsi(void* self, uint32_t vector);
  static void Log(void* self, gvtcore_log_level_t level, const char* text);

  int GetInfo(void* argument) const;
  int GetRegionInfo(void* argument) const;
  int GetIrqInfo(void* argument) const;
  int SetIrqs(const void* argument);
  template <typename Move>
  int64_t Access(uint64_t offset, size_t bytes, std::atomic<uint64_t> AccessCounters::*counter,
                 Move move);

  DeviceSettings settings_;
  gvtcore_t* core_ = nullptr;
  gvtcore_vgpu_t* vgpu_ = nullptr;
  EventLine msi_;
  EventLine request_;  // a VMM's line for being asked to give the device back; never signalled
  std::array<AccessCounters, 9> counters_;
};

}  // namespace gvt::hostif::vfio_preload
