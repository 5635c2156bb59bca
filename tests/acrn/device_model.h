// A virtual machine of the stand-in's, as its device model has it.
#pragma once

#include <cstdint>

#include "hostif/acrn/acrn_vm.h"
#include "tests/acrn/stand_in.h"

namespace gvt::hostif::acrn {

inline constexpr uint16_t kSlot = 2 << 3;  // 00:02.0

class DeviceModel {
 public:
  // `vgpu` is kept for the caller.
  DeviceModel(void* vgpu, uint64_t memory_bytes);
  ~DeviceModel();
  DeviceModel(const DeviceModel&) = delete;
  DeviceModel& operator=(const DeviceModel&) = delete;

  // The memory is there and the service module has taken it.
  bool ok() const { return ok_; }
  void* vgpu() const { return vgpu_; }

  StandIn hsm;
  AcrnVm vm{hsm, 1, hsm.requests(), kSlot};

 private:
  void* vgpu_;
  uint64_t bytes_;
  void* memory_;
  bool ok_;
};

}  // namespace gvt::hostif::acrn
