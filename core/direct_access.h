// A way to a vGPU's device past the C contract, for what stands beside it in core/.
#pragma once

#include "gvtcore/gvtcore.h"
#include "vgpu/device.h"

namespace gvt::core {

// The device of a vGPU, as long as the vGPU lives; nullptr: what is done to it is recorded, and has
// to go through the contract.
vgpu::Device* DeviceOf(gvtcore_vgpu_t& vgpu);

}  // namespace gvt::core
