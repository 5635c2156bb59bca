// A module's virtual machine with a real vGPU.
//
// The module keeps the operations that its host_init is given; so does this file, by standing
// between. One core at a time is being registered, under a lock. Handles are overheard on their way
// to the core: the kit moves guest memory by the table's own members.
#include "hostif/conformance/module_guest.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <utility>

#include "hostif/conformance/line.h"

namespace gvt::hostif::conformance {
namespace {

constexpr uint32_t kBar0 = 0x10;
constexpr uint32_t kBar2 = 0x18;

std::mutex registering;
ModuleCore* being_registered = nullptr;  // guarded by registering

// What was overheard, of all cores: shapes of C have no place for a pointer to one of ours.
struct Overheard {
  std::mutex lock;  // guards all members
  std::map<void*, unsigned long> handles;
  int (*set_handle)(void* vgpu, unsigned long handle) = nullptr;
  int (*attach)(void* vgpu, unsigned long* handle) = nullptr;
  int (*set_trap_area)(unsigned long handle, uint64_t start, uint64_t end, bool map) = nullptr;
  std::vector<TrapCall> trap_calls;
};

Overheard& Heard() {
  static Overheard heard;
  return heard;
}

}  // namespace

std::string MissingForGuest(const gvtcore_module_t& module) {
  const bool all = module.guest_read != nullptr && module.guest_write != nullptr &&
                   module.guest_interrupt != nullptr;
  return all ? "" : "no guest_read, guest_write or guest_interrupt";
}

ModuleCore::ModuleCore(const gvtcore_module_t& module) : module_(module), table_(*module.table) {
  table_.host_init = &ModuleCore::HostInit;
  if (table_.attach_vgpu != nullptr) table_.attach_vgpu = &ModuleCore::Attach;
  if (table_.set_trap_area != nullptr) table_.set_trap_area = &ModuleCore::SetTrapArea;
  const std::lock_guard lock(Heard().lock);
  Heard().attach = module.table->attach_vgpu;
  Heard().set_trap_area = module.table->set_trap_area;
  Heard().trap_calls.clear();
}

int ModuleCore::Attach(void* vgpu, unsigned long* handle) {
  const int code = Heard().attach(vgpu, handle);
  const std::lock_guard lock(Heard().lock);
  if (code == 0) Heard().handles[vgpu] = *handle;
  return code;
}

int ModuleCore::SetHandle(void* vgpu, unsigned long handle) {
  const int code = Heard().set_handle(vgpu, handle);
  const std::lock_guard lock(Heard().lock);
  if (code == 0) Heard().handles[vgpu] = handle;
  return code;
}

int ModuleCore::SetTrapArea(unsigned long handle, uint64_t start, uint64_t end, bool map) {
  const int code = Heard().set_trap_area(handle, start, end, map);
  const std::lock_guard lock(Heard().lock);
  Heard().trap_calls.push_back({start, end, map, code});
  return code;
}

std::vector<TrapCall> ModuleCore::TakeTrapCalls() {
  const std::lock_guard lock(Heard().lock);
  return std::exchange(Heard().trap_calls, {});
}

unsigned long ModuleCore::HandleOf(void* vgpu) const {
  const std::lock_guard lock(Heard().lock);
  const auto at = Heard().handles.find(vgpu);
  return at != Heard().handles.end() ? at->second : 0;
}

int ModuleCore::HostInit(struct device* dev, void* gvt, const void* ops) {
  ModuleCore& self = *being_registered;
  self.gvt_ = gvt;
  self.told_ops_ = *static_cast<const gvtcore_mpt_ops_t*>(ops);
  Heard().set_handle = std::exchange(self.told_ops_.set_handle, &ModuleCore::SetHandle);
  return InitHost(self.module_, dev, gvt, self.told_ops_);
}

std::unique_ptr<ModuleCore> ModuleCore::Create(const gvtcore_module_t& module) {
  std::unique_ptr<ModuleCore> core(new ModuleCore(module));
  if (gvtcore_create(&core->core_) != 0) return nullptr;
  const std::lock_guard lock(registering);
  being_registered = core.get();
  const int code = gvtcore_mpt_register(core->core_, &core->table_, nullptr, &core->host_);
  being_registered = nullptr;
  if (code != 0) return nullptr;
  return core;
}

ModuleCore::~ModuleCore() {
  gvtcore_mpt_unregister(host_);
  gvtcore_destroy(core_);
}

std::unique_ptr<ModuleGuest> ModuleGuest::Create(ModuleCore& core, const char* type) {
  std::unique_ptr<ModuleGuest> guest(new ModuleGuest(core));
  guest->vgpu_ = core.ops().vgpu_create(core.gvt(), type);
  if (guest->vgpu_ == nullptr) return nullptr;
  if (core.module().vm_create(guest->vgpu_, kMemoryBytes, &guest->vm_) != 0) {
    guest->vm_ = nullptr;
    return nullptr;
  }
  core.ops().vgpu_activate(guest->vgpu_);
  guest->PlaceRegions();
  return guest;
}

void ModuleGuest::PlaceRegions() {
  WriteConfig(kBar0, static_cast<uint32_t>(kBar0At));
  WriteConfig(kBar2, static_cast<uint32_t>(kBar2At));
}

void ModuleGuest::DestroyVm() {
  if (vm_ != nullptr) core_.module().vm_destroy(vm_);
  vm_ = nullptr;
}

bool ModuleGuest::ReadMemory(uint64_t gpa, void* data, size_t bytes) const {
  if (core_.module().guest_read != nullptr) {
    return core_.module().guest_read(vm_, gpa, data, bytes) >= 0;
  }
  const core::MptCalls calls(*core_.module().table);
  return calls.ReadGpa(core_.HandleOf(vgpu_), gpa, data, bytes) == 0;
}

bool ModuleGuest::shows_memory() const {
  const gvtcore_module_t& module = core_.module();
  return module.guest_read != nullptr || core::MptCalls::MovesMemory(*module.table);
}

ModuleGuest::~ModuleGuest() {
  // The order of a device model that ends: the virtual machine first, for it holds the vGPU.
  if (vgpu_ != nullptr) core_.ops().vgpu_release(vgpu_);
  DestroyVm();
  if (vgpu_ != nullptr) core_.ops().vgpu_destroy(vgpu_);
}

void ModuleGuest::ReadDevice(uint32_t region, uint64_t offset, void* data, size_t bytes) const {
  const auto length = static_cast<unsigned>(bytes);
  if (region == GVTCORE_REGION_CONFIG) {
    core_.ops().emulate_cfg_read(vgpu_, static_cast<unsigned>(offset), data, length);
  } else {
    const uint64_t base = region == GVTCORE_REGION_BAR0 ? kBar0At : kBar2At;
    core_.ops().emulate_mmio_read(vgpu_, base + offset, data, length);
  }
}

void ModuleGuest::WriteDevice(uint32_t region, uint64_t offset, const void* data, size_t bytes) {
  const auto length = static_cast<unsigned>(bytes);
  void* from = const_cast<void*>(data);  // the shape of GVT-g's operations
  if (region == GVTCORE_REGION_CONFIG) {
    core_.ops().emulate_cfg_write(vgpu_, static_cast<unsigned>(offset), from, length);
  } else {
    const uint64_t base = region == GVTCORE_REGION_BAR0 ? kBar0At : kBar2At;
    core_.ops().emulate_mmio_write(vgpu_, base + offset, from, length);
  }
}

uint32_t ModuleGuest::Load32(Gpa from) const {
  uint32_t value = ~0u;
  core_.module().guest_read(vm_, from.value, &value, sizeof value);
  return value;
}

bool ModuleGuest::Store32(Gpa to, uint32_t value) {
  return core_.module().guest_write(vm_, to.value, &value, sizeof value) >= 0;
}

bool ModuleGuest::Store64(Gpa to, uint64_t value) {
  return core_.module().guest_write(vm_, to.value, &value, sizeof value) >= 0;
}

bool ModuleGuest::Store(Gpa to, std::span<const uint32_t> dwords) {
  constexpr size_t kPieceDwords = 256;
  while (!dwords.empty()) {
    const auto piece = dwords.first(std::min(kPieceDwords, dwords.size()));
    if (core_.module().guest_write(vm_, to.value, piece.data(), piece.size_bytes()) < 0) {
      return false;
    }
    to = to + piece.size_bytes();
    dwords = dwords.subspan(piece.size());
  }
  return true;
}

bool ModuleGuest::WaitForInterrupt(uint64_t seen, std::chrono::milliseconds limit) {
  uint32_t vector = 0;
  const auto timeout = static_cast<uint32_t>(limit.count());
  while (interrupts_ <= seen) {
    if (core_.module().guest_interrupt(vm_, timeout, &vector) != 1) return false;
    ++interrupts_;
  }
  return true;
}

}  // namespace gvt::hostif::conformance
