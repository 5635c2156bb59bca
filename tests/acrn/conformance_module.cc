// The ACRN host as a module for `gvtcore conformance`: hostif/acrn's table, on the stand-in.
#include <cerrno>
#include <chrono>
#include <memory>

#include "gvtcore/module.h"
#include "hostif/acrn/table.h"
#include "tests/acrn/device_model.h"

namespace gvt::hostif::acrn {
namespace {

DeviceModel& ModelOf(void* self) {
  return *static_cast<DeviceModel*>(self);
}

int CreateVm(void* vgpu, uint64_t memory_bytes, void** out) {
  auto model = std::make_unique<DeviceModel>(vgpu, memory_bytes);
  if (!model->ok()) return -ENOMEM;
  const int code = Upward()->set_handle(vgpu, HandleOf(model->vm));
  if (code == 0) *out = model.release();
  return code;
}

void DestroyVm(void* self) {
  const std::unique_ptr<DeviceModel> model(static_cast<DeviceModel*>(self));
  Upward()->set_handle(model->vgpu(), 0);
}

int GuestRead(void* self, uint64_t gpa, void* data, size_t length) {
  return ModelOf(self).hsm.Copy(gpa, data, length, false) ? 0 : -EFAULT;
}

int GuestWrite(void* self, uint64_t gpa, const void* data, size_t length) {
  return ModelOf(self).hsm.Copy(gpa, const_cast<void*>(data), length, true) ? 0 : -EFAULT;
}

int GuestInterrupt(void* self, uint32_t timeout_ms, uint32_t* vector) {
  const std::chrono::milliseconds limit(timeout_ms);
  return ModelOf(self).hsm.TakeInterrupt(limit, vector) ? 1 : 0;
}

int RemoveMemory(void* self, uint64_t gpa, uint64_t length) {
  return ModelOf(self).vm.RemoveMemory(Gpa(gpa), length) ? 0 : -EINVAL;
}

}  // namespace
}  // namespace gvt::hostif::acrn

extern "C" const gvtcore_module_t* gvtcore_module(uint32_t version) {
  using namespace gvt::hostif::acrn;
  static const gvtcore_module_t kModule = {
      .size = sizeof(gvtcore_module_t),
      .version = GVTCORE_MODULE_VERSION,
      .name = "ACRN (stand-in)",
      .table = &Table(),
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
