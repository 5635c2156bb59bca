// The kit's side of a host: operations that write down what they are told.
#include <algorithm>
#include <cerrno>
#include <utility>

#include "hostif/conformance/line.h"

namespace gvt::hostif::conformance {
namespace {

int RefuseConfig(void*, unsigned int, void*, unsigned int) {
  return -EINVAL;
}

int RefuseMmio(void*, uint64_t, void*, unsigned int) {
  return -EINVAL;
}

int HandleWrite(void* vgpu, uint64_t gpa, void* data, unsigned int bytes) {
  if (vgpu == nullptr) return -EINVAL;
  static_cast<VgpuStandIn*>(vgpu)->Tell(gpa, {static_cast<const std::byte*>(data), bytes});
  return 0;
}

int SetHandle(void* vgpu, unsigned long handle) {
  if (vgpu == nullptr) return -EINVAL;
  static_cast<VgpuStandIn*>(vgpu)->SetHandle(handle);
  return 0;
}

constexpr gvtcore_mpt_ops_t kKitOps = {
    .size = sizeof(gvtcore_mpt_ops_t),
    .emulate_cfg_read = &RefuseConfig,
    .emulate_cfg_write = &RefuseConfig,
    .emulate_mmio_read = &RefuseMmio,
    .emulate_mmio_write = &RefuseMmio,
    .vgpu_create = [](void*, const char*) -> void* { return nullptr; },
    .vgpu_destroy = [](void*) {},
    .vgpu_release = [](void*) {},
    .vgpu_reset = [](void*) {},
    .vgpu_activate = [](void*) {},
    .vgpu_deactivate = [](void*) {},
    .vgpu_query_plane = [](void*, void*) { return -ENODEV; },
    .vgpu_get_dmabuf = [](void*, unsigned int) { return -ENODEV; },
    .write_protect_handler = &HandleWrite,
    .emulate_hotplug = [](void*, bool) {},
    .set_handle = &SetHandle,
    .vgpu_save = [](void*, void*, size_t) -> int64_t { return -EOPNOTSUPP; },
    .vgpu_restore = [](void*, const void*, size_t) { return -EOPNOTSUPP; },
};

}  // namespace

const gvtcore_mpt_ops_t& KitOps() {
  return kKitOps;
}

void VgpuStandIn::SetHandle(unsigned long handle) {
  const std::lock_guard lock(lock_);
  handle_ = handle;
}

unsigned long VgpuStandIn::handle() const {
  const std::lock_guard lock(lock_);
  return handle_;
}

void VgpuStandIn::Tell(uint64_t gpa, std::span<const std::byte> data) {
  const std::lock_guard lock(lock_);
  told_.push_back({gpa, {data.begin(), data.end()}});
}

std::vector<ToldWrite> VgpuStandIn::TakeTold() {
  const std::lock_guard lock(lock_);
  return std::exchange(told_, {});
}

std::unique_ptr<Machine> Machine::Create(const gvtcore_module_t& module) {
  std::unique_ptr<Machine> machine(new Machine(module));
  unsigned long handle = 0;
  if (machine->calls_.Attach(&machine->vgpu_, &handle) != 0) return nullptr;
  machine->attached_ = true;
  if (handle != 0) machine->vgpu_.SetHandle(handle);
  if (module.vm_create(&machine->vgpu_, kMemoryBytes, &machine->vm_) != 0) {
    machine->vm_ = nullptr;
    return nullptr;
  }
  return machine->handle() != 0 ? std::move(machine) : nullptr;
}

void Machine::DestroyVm() {
  if (vm_ != nullptr) module_.vm_destroy(vm_);
  vm_ = nullptr;
}

Machine::~Machine() {
  DestroyVm();
  if (attached_) calls_.Detach(&vgpu_);
}

}  // namespace gvt::hostif::conformance
