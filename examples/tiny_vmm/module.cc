#include "examples/tiny_vmm/module.h"

#include <cerrno>
#include <memory>
#include <new>
#include <utility>

#include "examples/tiny_vmm/tiny_vmm.h"
#include "hostif/kvm/table.h"
#include "hostif/table_results.h"

namespace gvt::tiny_vmm {
namespace {

using hostif::kvm::Table;
using hostif::kvm::Upward;

struct Guest {
  void* vgpu = nullptr;
  std::unique_ptr<TinyVmm> vmm;
};

TinyVmm& VmmOf(void* vm) {
  return *static_cast<Guest*>(vm)->vmm;
}

int CreateVm(void* vgpu, uint64_t memory_bytes, void** out) {
  std::unique_ptr<Guest> guest(new (std::nothrow) Guest);
  if (guest == nullptr) return -ENOMEM;
  guest->vgpu = vgpu;
  Result<std::unique_ptr<TinyVmm>> vmm =
      TinyVmm::Create(memory_bytes, [vgpu](uint64_t gpa, void* data, uint32_t bytes) {
        Upward()->write_protect_handler(vgpu, gpa, data, bytes);
      });
  if (!vmm) return hostif::ErrnoOf(vmm.error());
  guest->vmm = std::move(vmm).value();
  *out = guest.get();
  return Upward()->set_handle(vgpu, hostif::kvm::HandleOf(guest.release()->vmm->services()));
}

void DestroyVm(void* vm) {
  const std::unique_ptr<Guest> guest(static_cast<Guest*>(vm));
  Upward()->set_handle(guest->vgpu, 0);
}

int GuestRead(void* vm, uint64_t gpa, void* data, size_t length) {
  return VmmOf(vm).GuestRead(gpa, data, length) ? 0 : -EFAULT;
}

int GuestWrite(void* vm, uint64_t gpa, const void* data, size_t length) {
  return VmmOf(vm).GuestWrite(gpa, data, length) ? 0 : -EFAULT;
}

int GuestInterrupt(void* vm, uint32_t timeout_ms, uint32_t* vector) {
  return VmmOf(vm).GuestInterrupt(timeout_ms, vector) ? 1 : 0;
}

int RemoveMemory(void* vm, uint64_t gpa, uint64_t length) {
  return hostif::ErrnoOf(VmmOf(vm).slots().Remove(Gpa(gpa), length));
}

}  // namespace

const gvtcore_module_t& KvmModule() {
  static const gvtcore_module_t module = {
      .size = sizeof(gvtcore_module_t),
      .version = GVTCORE_MODULE_VERSION,
      .name = "KVM",
      .table = &Table(),
      .vm_create = &CreateVm,
      .vm_destroy = &DestroyVm,
      .guest_read = &GuestRead,
      .guest_write = &GuestWrite,
      .guest_interrupt = &GuestInterrupt,
      .memory_remove = &RemoveMemory,
      .ops = nullptr,
  };
  return module;
}

}  // namespace gvt::tiny_vmm
