// A PCI device as VFIO shows it: nine regions, five interrupt indices of which two exist.
//
// | index | region  |     | index | interrupt                                   |
// |-------|---------|-----|-------|---------------------------------------------|
// | 0     | BAR0    |     | 0     | INTx: none, the device has no pin           |
// | 2     | BAR2    |     | 1     | MSI: one vector                             |
// | 4     | BAR4    |     | 2, 3  | MSI-X, error: a legacy PCI device has none  |
// | 7     | config  |     | 4     | request to give the device back             |
//
// Every region is trapped: an access of the guest is a read or write of the device file. The
// aperture too, for what lies behind it changes with every GGTT entry.
//
// Source: linux/vfio.h.
#include "hostif/vfio_preload/vfio_device.h"

#include <linux/vfio.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>

#include "gvtcore/mpt.h"
#include "hostif/vfio_preload/ioctl_argument.h"

namespace gvt::hostif::vfio_preload {
namespace {

constexpr uint64_t kRegionMask = (uint64_t{1} << kRegionShift) - 1;
constexpr uint32_t kRegions = VFIO_PCI_NUM_REGIONS;
constexpr uint64_t kAllMemory = ~uint64_t{0} << 12;
// As many as hardware has, for they cost a host nothing. A guest of few may have all of them in use
// at once, where i915 then asks a display that it has not set up (linux v6.1
// gt/intel_ggtt_fencing.c fence_find): its kernel oopses.
constexpr uint32_t kFences = 32;

int ErrnoOf(int64_t code) {
  switch (code) {
    case GVTCORE_ENOMEM: return -ENOMEM;
    case GVTCORE_ENOSPC: return -ENOSPC;
    case GVTCORE_EBUSY: return -EEXIST;
    case GVTCORE_ENOENT: return -ENOENT;
    case GVTCORE_ENOTSUP: return -ENOTSUP;
    default: return code < 0 ? -EINVAL : 0;
  }
}

uint64_t NowNs() {
  return static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(
                                   std::chrono::steady_clock::now().time_since_epoch())
                                   .count());
}

}  // namespace

std::unique_ptr<VfioDevice> VfioDevice::Create(const DeviceSettings& settings, std::string* error) {
  std::unique_ptr<VfioDevice> device(new VfioDevice);
  device->settings_ = settings;
  gvtcore_vgpu_config_t config = {};
  config.size = sizeof config;
  config.pci_device_id = settings.pci_device_id;
  config.fence_count = kFences;
  if (!settings.type.empty() && gvtcore_mpt_type(settings.type.c_str(), &config) != 0) {
    *error = settings.type + ": not a type of GVT-g's, or no room for so many of it";
    return nullptr;
  }
  config.flags = settings.scan ? 0 : GVTCORE_VGPU_NO_SCAN;
  if (settings.weight != 0) config.weight = settings.weight;
  config.cap_percent = settings.cap_percent;
  config.latency_us = settings.latency_us;
  config.trace_path = settings.trace_path.empty() ? nullptr : settings.trace_path.c_str();
  gvtcore_host_ops_t ops = {};
  ops.size = sizeof ops;
  ops.raise_msi = &VfioDevice::RaiseMsi;
  ops.log = &VfioDevice::Log;
  gvtcore_config_t core = {};
  core.size = sizeof core;
  core.lease_path = settings.share_path.empty() ? nullptr : settings.share_path.c_str();
  int code = gvtcore_create_with(&core, &device->core_);
  if (code == 0) {
    code = gvtcore_vgpu_create(device->core_, &config, &ops, device.get(), &device->vgpu_);
  }
  if (code != 0) {
    *error = gvtcore_error_text(code);
    return nullptr;
  }
  return device;
}

VfioDevice::~VfioDevice() {
  gvtcore_vgpu_destroy(vgpu_);
  gvtcore_destroy(core_);
}

void VfioDevice::RaiseMsi(void* self, uint32_t /*vector*/) {
  static_cast<VfioDevice*>(self)->msi_.Signal();
}

void VfioDevice::Log(void* /*self*/, gvtcore_log_level_t level, const char* text) {
  if (level <= GVTCORE_LOG_WARNING) std::fprintf(stderr, "gvtcore: %s\n", text);
}

int VfioDevice::Ioctl(unsigned long request, void* argument) {
  switch (request) {
    case VFIO_DEVICE_GET_INFO: return GetInfo(argument);
    case VFIO_DEVICE_GET_REGION_INFO: return GetRegionInfo(argument);
    case VFIO_DEVICE_GET_IRQ_INFO: return GetIrqInfo(argument);
    case VFIO_DEVICE_SET_IRQS: return SetIrqs(argument);
    case VFIO_DEVICE_RESET: return ErrnoOf(gvtcore_vgpu_reset(vgpu_));
    default: return -ENOTTY;
  }
}

int VfioDevice::GetInfo(void* argument) const {
  constexpr uint32_t kBytes = offsetof(vfio_device_info, num_irqs) + sizeof(uint32_t);
  vfio_device_info info = {};
  if (const int error = CopyIn(argument, &info, kBytes); error != 0) return error;
  info.flags = VFIO_DEVICE_FLAGS_PCI | VFIO_DEVICE_FLAGS_RESET;
  info.num_regions = kRegions;
  info.num_irqs = VFIO_PCI_NUM_IRQS;
  return CopyOut(argument, info, kBytes);
}

int VfioDevice::GetRegionInfo(void* argument) const {
  vfio_region_info info = {};
  if (const int error = CopyIn(argument, &info); error != 0) return error;
  if (info.index >= kRegions) return -EINVAL;
  const int64_t size = gvtcore_vgpu_region_size(vgpu_, info.index);
  info.argsz = sizeof info;
  info.cap_offset = 0;
  info.size = size > 0 ? static_cast<uint64_t>(size) : 0;
  info.flags = size > 0 ? VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE : 0;
  info.offset = uint64_t{info.index} << kRegionShift;
  return CopyOut(argument, info);
}

int VfioDevice::GetIrqInfo(void* argument) const {
  vfio_irq_info info = {};
  if (const int error = CopyIn(argument, &info); error != 0) return error;
  const uint32_t index = info.index;
  if (index >= VFIO_PCI_NUM_IRQS || index == VFIO_PCI_ERR_IRQ_INDEX) return -EINVAL;
  const bool exists = index == VFIO_PCI_MSI_IRQ_INDEX || index == VFIO_PCI_REQ_IRQ_INDEX;
  info.flags = VFIO_IRQ_INFO_EVENTFD | (exists ? VFIO_IRQ_INFO_NORESIZE : 0u);
  info.count = exists ? 1 : 0;
  return CopyOut(argument, info);
}

int VfioDevice::SetIrqs(const void* argument) {
  constexpr uint32_t kBytes = offsetof(vfio_irq_set, data);
  vfio_irq_set set = {};
  if (const int error = CopyIn(argument, &set, kBytes); error != 0) return error;
  const uint32_t known = VFIO_IRQ_SET_DATA_TYPE_MASK | VFIO_IRQ_SET_ACTION_TYPE_MASK;
  if (set.index >= VFIO_PCI_NUM_IRQS || (set.flags & ~known) != 0) return -EINVAL;
  const bool is_msi = set.index == VFIO_PCI_MSI_IRQ_INDEX;
  if (!is_msi && set.index != VFIO_PCI_REQ_IRQ_INDEX) return -EINVAL;
  if (set.start > 1 || set.count > 1 - set.start) return -EINVAL;
  const uint32_t data = set.flags & VFIO_IRQ_SET_DATA_TYPE_MASK;
  uint32_t size = 0;
  if (data == VFIO_IRQ_SET_DATA_BOOL) size = sizeof(uint8_t);
  if (data == VFIO_IRQ_SET_DATA_EVENTFD) size = sizeof(int32_t);
  if (size == 0 && data != VFIO_IRQ_SET_DATA_NONE) return -EINVAL;
  if (set.argsz - kBytes < uint64_t{set.count} * size) return -EINVAL;
  // Neither interrupt can be masked.
  if ((set.flags & VFIO_IRQ_SET_ACTION_TYPE_MASK) != VFIO_IRQ_SET_ACTION_TRIGGER) return -ENOTTY;

  EventLine& line = is_msi ? msi_ : request_;
  if (set.count == 0) {
    if (size == 0) line.Clear();
    return size == 0 ? 0 : -EINVAL;
  }
  const auto* bytes = static_cast<const uint8_t*>(argument) + kBytes;
  if (data == VFIO_IRQ_SET_DATA_EVENTFD) {
    int32_t fd = -1;
    std::memcpy(&fd, bytes, sizeof fd);
    if (fd >= 0) return line.Assign(fd);
    line.Clear();
    return 0;
  }
  if (size == 0 || bytes[0] != 0) line.Signal();  // a test of the line
  return 0;
}

template <typename Move>
int64_t VfioDevice::Access(uint64_t offset, size_t bytes,
                           std::atomic<uint64_t> AccessCounters::*counter, Move move) {
  const uint64_t region = offset >> kRegionShift;
  if (region >= kRegions) return -EINVAL;
  AccessCounters& counters = counters_[region];
  (counters.*counter).fetch_add(1, std::memory_order_relaxed);
  const uint64_t begin = settings_.measure ? NowNs() : 0;
  const int64_t moved = move(static_cast<uint32_t>(region), offset & kRegionMask, bytes);
  if (settings_.measure) {
    const uint64_t took = NowNs() - begin;
    if (took > counters.longest_ns.load(std::memory_order_relaxed)) {
      counters.longest_ns.store(took, std::memory_order_relaxed);
    }
  }
  return moved < 0 ? -EINVAL : moved;
}

int64_t VfioDevice::Read(uint64_t offset, void* data, size_t bytes) {
  if (bytes == 0) return 0;
  return Access(offset, bytes, &AccessCounters::reads,
                [&](uint32_t region, uint64_t at, size_t count) {
                  return gvtcore_vgpu_read(vgpu_, region, at, data, count);
                });
}

int64_t VfioDevice::Write(uint64_t offset, const void* data, size_t bytes) {
  if (bytes == 0) return 0;
  return Access(offset, bytes, &AccessCounters::writes,
                [&](uint32_t region, uint64_t at, size_t count) {
                  return gvtcore_vgpu_write(vgpu_, region, at, data, count);
                });
}

int VfioDevice::AddMemory(const DmaMapping& mapping) {
  // A VMM's address is a number here and a pointer for the core.
  void* address = reinterpret_cast<void*>(static_cast<uintptr_t>(mapping.vaddr));
  return ErrnoOf(gvtcore_vgpu_memory_add(vgpu_, mapping.iova, mapping.size_bytes, address,
                                         mapping.writable ? 0 : GVTCORE_MEMORY_READ_ONLY));
}

void VfioDevice::RemoveMemory(uint64_t iova, uint64_t size_bytes) {
  gvtcore_vgpu_memory_remove(vgpu_, iova, size_bytes);
}

void VfioDevice::Close() {
  gvtcore_vgpu_reset(vgpu_);
  gvtcore_vgpu_memory_remove(vgpu_, 0, kAllMemory);
  msi_.Clear();
  request_.Clear();
}

void VfioDevice::SetScan(bool on) {
  gvtcore_vgpu_set_scan(vgpu_, on ? 1 : 0);
}

std::string VfioDevice::Statistics() const {
  gvtcore_vgpu_statistics_t all = {};
  all.size = sizeof all;
  gvtcore_vgpu_statistics(vgpu_, &all);
  std::string text = "{";
  const auto add = [&text](const char* key, uint64_t value) {
    if (text.back() != '{') text += ", ";
    text += '"' + std::string(key) + "\": " + std::to_string(value);
  };
  add("submissions", all.submissions);
  add("segments", all.segments);
  add("batches", all.batches);
  add("commands", all.commands);
  add("scanned_bytes", all.scanned_bytes);
  add("refusals", all.refusals);
  add("interrupts", all.interrupts);
  add("engine_resets", all.engine_resets);
  add("stalls", all.stalls);
  text += ", \"engine_busy_ns\": {";
  constexpr const char* kEngines[] = {"rcs", "bcs", "vcs", "vcs2", "vecs"};
  for (size_t i = 0; i < std::size(kEngines); ++i) add(kEngines[i], all.engine_busy_ns[i]);
  text += "}, \"refusals_by_rule\": {";
  for (uint32_t rule = 0; gvtcore_rule_name(rule) != nullptr; ++rule) {
    if (all.refusals_by_rule[rule] != 0) add(gvtcore_rule_name(rule), all.refusals_by_rule[rule]);
  }
  text += "}, \"accesses\": {";
  constexpr std::pair<const char*, size_t> kNamed[] = {
      {"bar0", 0}, {"bar2", 2}, {"bar4", 4}, {"config", 7}};
  for (const auto& [name, index] : kNamed) {
    const AccessCounters& counters = counters_[index];
    text += (index == 0 ? "\"" : ", \"") + std::string(name) + "\": {";
    add("reads", counters.reads.load(std::memory_order_relaxed));
    add("writes", counters.writes.load(std::memory_order_relaxed));
    add("longest_ns", counters.longest_ns.load(std::memory_order_relaxed));
    text += "}";
  }
  return text + "}}\n";
}

}  // namespace gvt::hostif::vfio_preload
