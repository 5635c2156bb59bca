// The Xen host as a module for `gvtcore conformance`: hostif/xen's table, on domains made here.
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <thread>

#include "gvtcore/module.h"
#include "hostif/xen/table.h"
#include "tests/xen/domains/tiny_domain.h"

namespace gvt::tests {
namespace {

using hostif::xen::GuestAccess;
using hostif::xen::XenDomain;

int CodeOf(const Error& error) {
  return error.code == ErrorCode::kIo && error.detail != 0 ? -static_cast<int>(error.detail)
                                                           : -EINVAL;
}

// A domain, and the thread that answers it.
struct Vm {
  ~Vm() {
    if (server.joinable()) {
      guest->Stop();
      const uint64_t one = 1;
      static_cast<void>(write(stop, &one, sizeof one));
      server.join();
      static_cast<void>(domain->End());
    }
    domain.reset();
    if (stop >= 0) close(stop);
  }

  void* vgpu = nullptr;
  std::unique_ptr<TinyDomain> guest;
  std::unique_ptr<XenDomain> domain;
  int stop = eventfd(0, EFD_CLOEXEC);
  std::thread server;
};

int CreateVm(void* vgpu, uint64_t memory_bytes, void** out) {
  auto vm = std::make_unique<Vm>();
  vm->vgpu = vgpu;
  int error = 0;
  vm->guest = TinyDomain::Create(memory_bytes, &error);
  if (vm->guest == nullptr) return error;
  auto domain = XenDomain::Open({.domain = vm->guest->id(), .server = std::nullopt});
  if (!domain) return CodeOf(domain.error());
  vm->domain = std::move(domain).value();
  const Result<void> claimed =
      vm->domain->Claim(true, TinyDomain::kDoorbell, TinyDomain::kDoorbellLast, true);
  if (!claimed) return CodeOf(claimed.error());
  vm->server = std::thread([vm = vm.get()] {
    const Result<void> served = vm->domain->Serve(
        [vm](GuestAccess& access) { return vm->guest->Answer(access); },
        [vm](uint64_t gpa, void* data, uint32_t bytes) {
          hostif::xen::Upward()->write_protect_handler(vm->vgpu, gpa, data, bytes);
        },
        vm->stop);
    static_cast<void>(served);
  });
  if (!vm->guest->Start()) return -EIO;
  const unsigned long handle = hostif::xen::HandleOf(*vm->domain);
  *out = vm.release();
  return hostif::xen::Upward()->set_handle(vgpu, handle);
}

void DestroyVm(void* self) {
  const std::unique_ptr<Vm> vm(static_cast<Vm*>(self));
  hostif::xen::Upward()->set_handle(vm->vgpu, 0);
}

// All of [gpa, gpa + length) is memory.
bool IsMemory(Vm& vm, uint64_t gpa, size_t length) {
  if (length == 0 || gpa + (length - 1) < gpa) return false;
  for (uint64_t frame = gpa >> kPageShift; frame <= (gpa + (length - 1)) >> kPageShift; ++frame) {
    if (!vm.domain->Contains(Gfn(frame))) return false;
  }
  return true;
}

int GuestRead(void* self, uint64_t gpa, void* data, size_t length) {
  Vm& vm = *static_cast<Vm*>(self);
  return IsMemory(vm, gpa, length) && vm.guest->GuestRead(gpa, data, length) ? 0 : -EFAULT;
}

int GuestWrite(void* self, uint64_t gpa, const void* data, size_t length) {
  Vm& vm = *static_cast<Vm*>(self);
  return IsMemory(vm, gpa, length) && vm.guest->GuestWrite(gpa, data, length) ? 0 : -EFAULT;
}

int GuestInterrupt(void* self, uint32_t timeout_ms, uint32_t* vector) {
  const std::chrono::milliseconds timeout(timeout_ms);
  return static_cast<Vm*>(self)->guest->GuestInterrupt(timeout, vector) ? 1 : 0;
}

// A guest's own balloon driver makes Xen tell us that mappings are stale; the toolstack's hand does
// not, so it tells.
int RemoveMemory(void* self, uint64_t gpa, uint64_t length) {
  Vm& vm = *static_cast<Vm*>(self);
  if (!vm.guest->RemoveMemory(gpa, length)) return -errno;
  vm.domain->Invalidate();
  return 0;
}

}  // namespace
}  // namespace gvt::tests

extern "C" const gvtcore_module_t* gvtcore_module(uint32_t version) {
  using namespace gvt::tests;
  static const gvtcore_module_t kModule = {
      .size = sizeof(gvtcore_module_t),
      .version = GVTCORE_MODULE_VERSION,
      .name = "Xen",
      .table = &gvt::hostif::xen::Table(),
      .vm_create = &CreateVm,
      .vm_destroy = &DestroyVm,
      .guest_read = &GuestRead,
      .guest_write = &GuestWrite,
      .guest_interrupt = &GuestInterrupt,
      .memory_remove = &RemoveMemory,
      .ops = nullptr,
  };
  return version == GVTCORE_MODULE_VERSION ? &kModule : nullptr;
}
