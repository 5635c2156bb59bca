// What KVM has a way of its own for: messages (KVM_SIGNAL_MSI), tracked pages (read-only slots) and
// memory (the VMM's mapping of it). The rest is the defaults': there is no IOMMU below, and the VMM
// follows the BARs.
#include "hostif/kvm/table.h"

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <memory>
#include <new>
#include <utility>

#include "hostif/kvm/tiny_vmm.h"

namespace gvt::hostif::kvm {
namespace {

const gvtcore_mpt_ops_t* upward = nullptr;  // of the core that the table is registered with

struct KvmGuest {
  void* vgpu = nullptr;
  std::unique_ptr<TinyVmm> vmm;
};

TinyVmm& VmmOf(unsigned long handle) {
  return *reinterpret_cast<KvmGuest*>(handle)->vmm;
}

TinyVmm& VmmOf(void* vm) {
  return *static_cast<KvmGuest*>(vm)->vmm;
}

int CodeOf(const Result<void>& result) {
  if (result) return 0;
  const Error error = result.error();
  return error.code == ErrorCode::kIo && error.detail != 0 ? -static_cast<int>(error.detail)
                                                           : -EINVAL;
}

int HostInit(struct device* /*dev*/, void* /*gvt*/, const void* ops) {
  upward = static_cast<const gvtcore_mpt_ops_t*>(ops);
  return 0;
}

int InjectMsi(unsigned long handle, uint32_t address, uint16_t data) {
  if (handle == 0) return -ESRCH;
  return CodeOf(VmmOf(handle).SignalMsi(address, data));
}

int EnablePageTrack(unsigned long handle, uint64_t gfn) {
  if (handle == 0) return -ESRCH;
  return CodeOf(VmmOf(handle).slots().Track(Gfn(gfn)));
}

int DisablePageTrack(unsigned long handle, uint64_t gfn) {
  return handle == 0 ? 0 : CodeOf(VmmOf(handle).slots().Untrack(Gfn(gfn)));
}

// Words of 4 and 8 bytes in one access.
int ReadGpa(unsigned long handle, unsigned long gpa, void* data, unsigned long length) {
  if (handle == 0) return -ESRCH;
  const GuestMemory& memory = VmmOf(handle).slots().memory();
  bool done = false;
  if (length == 8 && gpa % 8 == 0) {
    uint64_t value = 0;
    done = memory.Load64(Gpa(gpa), &value);
    std::memcpy(data, &value, sizeof value);
  } else {
    done = memory.Read(Gpa(gpa), {static_cast<std::byte*>(data), length});
  }
  return done ? 0 : -EFAULT;
}

int WriteGpa(unsigned long handle, unsigned long gpa, void* data, unsigned long length) {
  if (handle == 0) return -ESRCH;
  GuestMemory& memory = VmmOf(handle).slots().memory();
  bool done = false;
  if (length == 8 && gpa % 8 == 0) {
    uint64_t value = 0;
    std::memcpy(&value, data, sizeof value);
    done = memory.Store64(Gpa(gpa), value);
  } else {
    done = memory.Write(Gpa(gpa), {static_cast<const std::byte*>(data), length});
  }
  return done ? 0 : -EFAULT;
}

bool IsValidGfn(unsigned long handle, unsigned long gfn) {
  return handle != 0 && VmmOf(handle).slots().memory().Contains(Gfn(gfn));
}

constexpr gvtcore_mpt_t MakeTable() {
  gvtcore_mpt_t table = {};
  table.type = GVTCORE_HYPERVISOR_KVM;
  table.host_init = &HostInit;
  table.inject_msi = &InjectMsi;
  table.enable_page_track = &EnablePageTrack;
  table.disable_page_track = &DisablePageTrack;
  table.read_gpa = &ReadGpa;
  table.write_gpa = &WriteGpa;
  table.is_valid_gfn = &IsValidGfn;
  return table;
}

constexpr gvtcore_mpt_t kTable = MakeTable();

int CreateVm(void* vgpu, uint64_t memory_bytes, void** out) {
  std::unique_ptr<KvmGuest> guest(new (std::nothrow) KvmGuest);
  if (guest == nullptr) return -ENOMEM;
  guest->vgpu = vgpu;
  Result<std::unique_ptr<TinyVmm>> vmm =
      TinyVmm::Create(memory_bytes, [vgpu](uint64_t gpa, void* data, uint32_t bytes) {
        upward->write_protect_handler(vgpu, gpa, data, bytes);
      });
  if (!vmm) return CodeOf(vmm.error());
  guest->vmm = std::move(vmm).value();
  *out = guest.get();
  return upward->set_handle(vgpu, reinterpret_cast<unsigned long>(guest.release()));
}

void DestroyVm(void* vm) {
  const std::unique_ptr<KvmGuest> guest(static_cast<KvmGuest*>(vm));
  upward->set_handle(guest->vgpu, 0);
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
  return CodeOf(VmmOf(vm).slots().Remove(Gpa(gpa), length));
}

constexpr gvtcore_module_t kModule = {
    .size = sizeof(gvtcore_module_t),
    .version = GVTCORE_MODULE_VERSION,
    .name = "KVM",
    .table = &kTable,
    .vm_create = &CreateVm,
    .vm_destroy = &DestroyVm,
    .guest_read = &GuestRead,
    .guest_write = &GuestWrite,
    .guest_interrupt = &GuestInterrupt,
    .memory_remove = &RemoveMemory,
};

}  // namespace

const gvtcore_module_t& TableModule() {
  return kModule;
}

}  // namespace gvt::hostif::kvm
