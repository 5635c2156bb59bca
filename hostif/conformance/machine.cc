// The kit's side of a host: operations that write down what they are told.
#include <algorithm>
#include <cerrno>
#include <map>
#include <shared_mutex>
#include <utility>

#include "hostif/conformance/line.h"
#include "hostif/table_results.h"

namespace gvt::hostif::conformance {
namespace {

constexpr uint64_t kAllMemoryBytes = uint64_t{1} << 52;

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

int AddMemory(void* vgpu, uint64_t gpa, uint64_t length, void* address, uint32_t flags) {
  if (vgpu == nullptr) return -EINVAL;
  return static_cast<VgpuStandIn*>(vgpu)->AddMemory(gpa, length, address, flags);
}

int RemoveMemory(void* vgpu, uint64_t gpa, uint64_t length) {
  if (vgpu == nullptr) return -EINVAL;
  return static_cast<VgpuStandIn*>(vgpu)->RemoveMemory(gpa, length);
}

int MoveMemory(void* vgpu, uint64_t gpa, uint64_t length, void* address) {
  if (vgpu == nullptr) return -EINVAL;
  return ErrnoOf(static_cast<VgpuStandIn*>(vgpu)->memory().Move(Gpa(gpa), length, address));
}

// Who has which handle, for calls that are given nothing else.
struct Known {
  std::shared_mutex lock;  // guards vgpus, and that they stay while they are used
  std::map<unsigned long, VgpuStandIn*> vgpus;
};

Known& KnownVgpus() {
  static Known known;
  return known;
}

template <typename Call>
int WithVgpu(unsigned long handle, Call call) {
  const std::shared_lock lock(KnownVgpus().lock);
  const auto at = KnownVgpus().vgpus.find(handle);
  return at != KnownVgpus().vgpus.end() ? call(*at->second) : -ESRCH;
}

int ReadLent(unsigned long handle, unsigned long gpa, void* data, unsigned long length) {
  return WithVgpu(handle,
                  [&](VgpuStandIn& vgpu) { return ReadGpa(vgpu.memory(), gpa, data, length); });
}

int WriteLent(unsigned long handle, unsigned long gpa, void* data, unsigned long length) {
  return WithVgpu(handle,
                  [&](VgpuStandIn& vgpu) { return WriteGpa(vgpu.memory(), gpa, data, length); });
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
    .memory_add = &AddMemory,
    .memory_remove = &RemoveMemory,
    .memory_move = &MoveMemory,
    .vgpu_type = [](void*, uint32_t, gvtcore_type_t*) { return -ENOENT; },
};

}  // namespace

const gvtcore_mpt_ops_t& KitOps() {
  return kKitOps;
}

int InitHost(const gvtcore_module_t& module, struct device* dev, void* gvt,
             const gvtcore_mpt_ops_t& ops) {
  if (module.ops != nullptr) *module.ops = &ops;
  return core::MptCalls(*module.table).HostInit(dev, gvt, ops);
}

gvtcore_mpt_t WithLentMemory(const gvtcore_mpt_t& table) {
  gvtcore_mpt_t filled = table;
  if (core::MptCalls::MovesMemory(table)) return filled;
  filled.read_gpa = &ReadLent;
  filled.write_gpa = &WriteLent;
  return filled;
}

VgpuStandIn::~VgpuStandIn() {
  SetHandle(0);
}

void VgpuStandIn::SetHandle(unsigned long handle) {
  const std::unique_lock known(KnownVgpus().lock);
  const std::lock_guard lock(lock_);
  const auto former = KnownVgpus().vgpus.find(handle_);
  if (former != KnownVgpus().vgpus.end() && former->second == this) {
    KnownVgpus().vgpus.erase(former);
  }
  if (handle != 0) KnownVgpus().vgpus[handle] = this;
  handle_ = handle;
  if (handle != 0) return;
  static_cast<void>(memory_.Remove(Gpa(0), kAllMemoryBytes));  // page-aligned: it cannot fail
  made_.clear();
}

int VgpuStandIn::AddMemory(uint64_t gpa, uint64_t length, void* address, uint32_t flags) {
  const std::lock_guard lock(lock_);
  ZeroedArray<std::byte> made;
  if (address == nullptr) {
    made = TryZeroedArray<std::byte>(length);
    if (made == nullptr) return -ENOMEM;
    address = made.get();
  }
  const bool read_only = (flags & GVTCORE_MEMORY_READ_ONLY) != 0;
  const int code = ErrnoOf(memory_.Add(Gpa(gpa), length, address, read_only));
  if (code == 0 && made != nullptr) made_.push_back(std::move(made));
  return code;
}

int VgpuStandIn::RemoveMemory(uint64_t gpa, uint64_t length) {
  return ErrnoOf(memory_.Remove(Gpa(gpa), length));
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
