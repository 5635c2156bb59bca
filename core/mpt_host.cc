// GVT-g's host interface on the C contract: include/gvtcore/mpt.h onto gvtcore.h and host.h.
//
// A vGPU of a table is an ordinary vGPU whose host operations end in the table. Its guest memory is
// what the hypervisor's side lends, and beside that what read_gpa and write_gpa reach.
//
// Invariants:
// 1. A call with a handle holds the vGPU's reader gate: set_handle returns when nobody uses the
//    former one.
// 2. Without a handle nothing of the table that takes one is called.
// 3. detach_vgpu comes last: the vGPU and its engines are gone.
//
// Source: linux v5.13 gvt/mpt.h (what is checked before a member is called), gvt/vgpu.c (order of
// creation), gvt/mmio.c (guest addresses to offsets).
#include <atomic>
#include <cerrno>
#include <memory>
#include <mutex>
#include <new>
#include <utility>
#include <vector>

#include "base/zeroed_array.h"
#include "core/direct_access.h"
#include "core/mpt_calls.h"
#include "core/mpt_vgpu.h"
#include "gvtcore/mpt.h"
#include "hostif/reader_gate.h"

struct gvtcore_mpt_host {
  gvtcore_mpt_host(gvtcore_t* of, const gvtcore_mpt_t& table, struct device* device)
      : core(of), calls(table), dev(device) {}

  gvtcore_t* const core;
  const gvt::core::MptCalls calls;
  struct device* const dev;
};

namespace {

using gvt::hostif::ReaderGate;

constexpr size_t kMaxMadePieces = 64;  // of memory that a vGPU was lent by the core
constexpr uint64_t kAllMemoryBytes = uint64_t{1} << 52;  // what a guest address can reach, and more

// Where a region is, for accesses by guest address.
struct Place {
  // atomic: written by set_trap_area, which comes one at a time; size 0 while it moves.
  std::atomic<uint64_t> address{0};
  std::atomic<uint64_t> size{0};

  // The offset of [gpa, gpa + bytes) in the region; false: it is not inside.
  bool Holds(uint64_t gpa, uint64_t bytes, uint64_t* offset) const {
    const uint64_t length = size.load(std::memory_order_acquire);
    const uint64_t start = address.load(std::memory_order_relaxed);
    *offset = gpa - start;  // of an address below it: one that no region has
    return *offset < length && bytes <= length - *offset;
  }
};

// What the hypervisor's side knows as its vGPU.
struct MptVgpu {
  explicit MptVgpu(gvtcore_mpt_host& of) : host(of) {}

  // Runs `call` with the handle; `without` is the answer where there is none.
  template <typename Call>
  int WithHandle(int without, Call call) {
    const ReaderGate::Ticket ticket = gate.Enter();
    const unsigned long now = handle.load();
    const int code = now != 0 ? call(now) : without;
    ReaderGate::Leave(ticket);
    return code;
  }

  gvtcore_mpt_host& host;
  gvtcore_vgpu_t* vgpu = nullptr;
  gvt::vgpu::Device* device = nullptr;   // of it; null: accesses go through the contract
  std::atomic<unsigned long> handle{0};  // atomic: read behind the gate, written by SetHandle
  ReaderGate gate;
  std::mutex handles;  // one SetHandle, AddMemory or RemoveMemory at a time
  bool lends = false;  // guarded by handles: memory was lent since there was no handle
  std::vector<gvt::ZeroedArray<std::byte>> made;  // guarded by handles: that the core made to lend
  Place bar0;
  Place bar2;
};

MptVgpu& Of(void* vgpu) {
  return *static_cast<MptVgpu*>(vgpu);
}

// Downward: host.h.

void InjectMsi(void* self, uint64_t address, uint32_t data) {
  MptVgpu& vgpu = Of(self);
  vgpu.WithHandle(0, [&](unsigned long handle) {
    return vgpu.host.calls.InjectMsi(handle, static_cast<uint32_t>(address),
                                     static_cast<uint16_t>(data));
  });
}

int ReadMemory(void* self, uint64_t gpa, void* data, size_t length) {
  MptVgpu& vgpu = Of(self);
  return vgpu.WithHandle(-ESRCH, [&](unsigned long handle) {
    return vgpu.host.calls.ReadGpa(handle, gpa, data, length);
  });
}

int WriteMemory(void* self, uint64_t gpa, const void* data, size_t length) {
  MptVgpu& vgpu = Of(self);
  return vgpu.WithHandle(-ESRCH, [&](unsigned long handle) {
    return vgpu.host.calls.WriteGpa(handle, gpa, data, length);
  });
}

void SetTrapArea(void* self, uint32_t region, uint64_t gpa, uint64_t length, int on) {
  MptVgpu& vgpu = Of(self);
  if (region != GVTCORE_REGION_BAR0 && region != GVTCORE_REGION_BAR2) return;
  Place& place = region == GVTCORE_REGION_BAR0 ? vgpu.bar0 : vgpu.bar2;
  place.size.store(0);
  place.address.store(gpa);
  if (on != 0) place.size.store(length, std::memory_order_release);
  // GVT-g traps BAR0 alone, and maps the other. Source: linux v5.13 gvt/cfg_space.c.
  if (region != GVTCORE_REGION_BAR0) return;
  vgpu.WithHandle(0, [&](unsigned long handle) {
    return vgpu.host.calls.SetTrapArea(handle, gpa, gpa + length - 1, on != 0);
  });
}

// Upward: gvtcore_mpt_ops_t.

int AccessConfig(void* self, unsigned int offset, void* data, unsigned int bytes, bool write) {
  if (self == nullptr || data == nullptr || bytes > 4) return -EINVAL;
  gvtcore_vgpu_t* vgpu = Of(self).vgpu;
  const int64_t done = write ? gvtcore_vgpu_write(vgpu, GVTCORE_REGION_CONFIG, offset, data, bytes)
                             : gvtcore_vgpu_read(vgpu, GVTCORE_REGION_CONFIG, offset, data, bytes);
  return done < 0 ? -EINVAL : 0;
}

int ReadConfig(void* vgpu, unsigned int offset, void* data, unsigned int bytes) {
  return AccessConfig(vgpu, offset, data, bytes, false);
}

int WriteConfig(void* vgpu, unsigned int offset, void* data, unsigned int bytes) {
  return AccessConfig(vgpu, offset, data, bytes, true);
}

int AccessMmio(void* self, uint64_t gpa, void* data, unsigned int bytes, bool write) {
  if (self == nullptr || bytes > 8) return -EINVAL;
  const MptVgpu& vgpu = Of(self);
  uint32_t region = GVTCORE_REGION_BAR0;
  uint64_t offset = 0;
  if (!vgpu.bar0.Holds(gpa, bytes, &offset)) {
    if (!vgpu.bar2.Holds(gpa, bytes, &offset)) return -EINVAL;
    region = GVTCORE_REGION_BAR2;
  }
  // What lies in a place lies in its region.
  if (vgpu.device != nullptr && bytes != 0 && data != nullptr) [[likely]] {
    const auto where = static_cast<gvt::vgpu::Region>(region);
    auto* const memory = static_cast<std::byte*>(data);
    if (write) {
      vgpu.device->Write(where, offset, {memory, bytes});
    } else {
      vgpu.device->Read(where, offset, {memory, bytes});
    }
    return 0;
  }
  const int64_t done = write ? gvtcore_vgpu_write(vgpu.vgpu, region, offset, data, bytes)
                             : gvtcore_vgpu_read(vgpu.vgpu, region, offset, data, bytes);
  return done < 0 ? -EINVAL : 0;
}

int ReadMmio(void* vgpu, uint64_t gpa, void* data, unsigned int bytes) {
  return AccessMmio(vgpu, gpa, data, bytes, false);
}

int WriteMmio(void* vgpu, uint64_t gpa, void* data, unsigned int bytes) {
  return AccessMmio(vgpu, gpa, data, bytes, true);
}

int ErrnoOf(int code) {
  switch (code) {
    case 0: return 0;
    case GVTCORE_EBUSY: return -EBUSY;
    case GVTCORE_ENOTSUP: return -EOPNOTSUPP;
    case GVTCORE_ENOSPC: return -ENOSPC;
    case GVTCORE_ENOENT: return -ENOENT;
    default: return -EINVAL;
  }
}

int SetHandle(void* self, unsigned long handle) {
  if (self == nullptr) return -EINVAL;
  MptVgpu& vgpu = Of(self);
  const std::lock_guard lock(vgpu.handles);
  vgpu.handle.store(handle);
  vgpu.gate.WaitForReaders();
  if (handle == 0 && vgpu.lends) {
    gvtcore_vgpu_memory_remove(vgpu.vgpu, 0, kAllMemoryBytes);
    vgpu.made.clear();
    vgpu.lends = false;
  }
  return 0;
}

int AddMemory(void* self, uint64_t gpa, uint64_t length, void* address, uint32_t flags) {
  if (self == nullptr) return -EINVAL;
  MptVgpu& vgpu = Of(self);
  const std::lock_guard lock(vgpu.handles);
  gvt::ZeroedArray<std::byte> made;
  if (address == nullptr) {
    if (vgpu.made.size() == kMaxMadePieces) return -ENOSPC;
    made = gvt::TryZeroedArray<std::byte>(length);
    if (made == nullptr) return length == 0 ? -EINVAL : -ENOMEM;
    address = made.get();
  }
  const int code = gvtcore_vgpu_memory_add(vgpu.vgpu, gpa, length, address, flags);
  if (code != 0) return ErrnoOf(code);
  vgpu.lends = true;
  if (made != nullptr) vgpu.made.push_back(std::move(made));
  return 0;
}

int RemoveMemory(void* self, uint64_t gpa, uint64_t length) {
  if (self == nullptr) return -EINVAL;
  const std::lock_guard lock(Of(self).handles);
  return ErrnoOf(gvtcore_vgpu_memory_remove(Of(self).vgpu, gpa, length));
}

void DestroyVgpu(void* self) {
  if (self == nullptr) return;
  const std::unique_ptr<MptVgpu> vgpu(&Of(self));
  gvtcore_vgpu_destroy(vgpu->vgpu);
  vgpu->host.calls.Detach(self);
}

void* CreateVgpu(void* gvt, const char* type) {
  if (gvt == nullptr) return nullptr;
  gvtcore_mpt_host& host = *static_cast<gvtcore_mpt_host*>(gvt);
  gvtcore_vgpu_config_t config = {};
  config.size = sizeof config;
  if (gvtcore_mpt_type(type, &config) != 0) return nullptr;
  std::unique_ptr<MptVgpu> vgpu(new (std::nothrow) MptVgpu(host));
  if (vgpu == nullptr) return nullptr;
  gvtcore_host_ops_t ops = {};
  ops.size = sizeof ops;
  ops.inject_msi = &InjectMsi;
  if (host.calls.moves_memory()) {
    ops.read_memory = &ReadMemory;
    ops.write_memory = &WriteMemory;
  }
  ops.set_trap_area = &SetTrapArea;
  if (gvtcore_vgpu_create(host.core, &config, &ops, vgpu.get(), &vgpu->vgpu) != 0) return nullptr;
  vgpu->device = gvt::core::DeviceOf(*vgpu->vgpu);
  gvtcore_vgpu_deactivate(vgpu->vgpu);
  unsigned long handle = 0;
  if (host.calls.Attach(vgpu.get(), &handle) != 0) {
    DestroyVgpu(vgpu.release());
    return nullptr;
  }
  if (handle != 0) vgpu->handle.store(handle);
  return vgpu.release();
}

void ActivateVgpu(void* self) {
  if (self != nullptr) gvtcore_vgpu_activate(Of(self).vgpu);
}

void DeactivateVgpu(void* self) {
  if (self != nullptr) gvtcore_vgpu_deactivate(Of(self).vgpu);
}

void ResetVgpu(void* self) {
  if (self != nullptr) gvtcore_vgpu_reset(Of(self).vgpu);
}

void ReleaseVgpu(void* self) {
  DeactivateVgpu(self);
  ResetVgpu(self);
}

int MoveMemory(void* self, uint64_t gpa, uint64_t length, void* address) {
  if (self == nullptr) return -EINVAL;
  const std::lock_guard lock(Of(self).handles);
  return ErrnoOf(gvtcore_vgpu_memory_move(Of(self).vgpu, gpa, length, address));
}

int TypeOf(void* gvt, uint32_t index, gvtcore_type_t* type) {
  if (gvt == nullptr) return -EINVAL;
  return ErrnoOf(gvtcore_type(static_cast<gvtcore_mpt_host*>(gvt)->core, index, type));
}

int64_t SaveVgpu(void* self, void* data, size_t room) {
  if (self == nullptr) return -EINVAL;
  const int64_t length = gvtcore_vgpu_save(Of(self).vgpu, data, room);
  return length < 0 ? ErrnoOf(static_cast<int>(length)) : length;
}

int RestoreVgpu(void* self, const void* state, size_t length) {
  if (self == nullptr) return -EINVAL;
  return ErrnoOf(gvtcore_vgpu_restore(Of(self).vgpu, state, length));
}

int QueryPlane(void* /*vgpu*/, void* /*info*/) {
  return -ENODEV;
}

int GetDmabuf(void* /*vgpu*/, unsigned int /*id*/) {
  return -ENODEV;
}

int HandleWriteProtect(void* /*vgpu*/, uint64_t /*gpa*/, void* /*data*/, unsigned int /*bytes*/) {
  return -ENXIO;
}

void EmulateHotplug(void* /*vgpu*/, bool /*connected*/) {}

constexpr gvtcore_mpt_ops_t kOps = {
    .size = sizeof(gvtcore_mpt_ops_t),
    .emulate_cfg_read = &ReadConfig,
    .emulate_cfg_write = &WriteConfig,
    .emulate_mmio_read = &ReadMmio,
    .emulate_mmio_write = &WriteMmio,
    .vgpu_create = &CreateVgpu,
    .vgpu_destroy = &DestroyVgpu,
    .vgpu_release = &ReleaseVgpu,
    .vgpu_reset = &ResetVgpu,
    .vgpu_activate = &ActivateVgpu,
    .vgpu_deactivate = &DeactivateVgpu,
    .vgpu_query_plane = &QueryPlane,
    .vgpu_get_dmabuf = &GetDmabuf,
    .write_protect_handler = &HandleWriteProtect,
    .emulate_hotplug = &EmulateHotplug,
    .set_handle = &SetHandle,
    .vgpu_save = &SaveVgpu,
    .vgpu_restore = &RestoreVgpu,
    .memory_add = &AddMemory,
    .memory_remove = &RemoveMemory,
    .memory_move = &MoveMemory,
    .vgpu_type = &TypeOf,
};

}  // namespace

gvtcore_vgpu_t* gvt::core::VgpuOf(void* vgpu) {
  return Of(vgpu).vgpu;
}

extern "C" {

int gvtcore_mpt_register(gvtcore_t* core, const gvtcore_mpt_t* table, struct device* dev,
                         gvtcore_mpt_host_t** out) {
  if (out == nullptr) return GVTCORE_EINVAL;
  *out = nullptr;
  if (core == nullptr || table == nullptr) return GVTCORE_EINVAL;
  if (!gvt::core::MptCalls::IsComplete(*table)) return GVTCORE_EINVAL;
  std::unique_ptr<gvtcore_mpt_host> host(new (std::nothrow) gvtcore_mpt_host(core, *table, dev));
  if (host == nullptr) return GVTCORE_ENOMEM;
  if (host->calls.HostInit(dev, host.get(), kOps) != 0) return GVTCORE_ENOTSUP;
  *out = host.release();
  return 0;
}

void gvtcore_mpt_unregister(gvtcore_mpt_host_t* host) {
  if (host == nullptr) return;
  host->calls.HostExit(host->dev, host);
  delete host;
}

}  // extern "C"
