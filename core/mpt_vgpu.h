// From what a table knows as its vGPU to what gvtcore.h knows: for the calls that mpt.h has no
// operation for.
#pragma once

#include "gvtcore/gvtcore.h"

namespace gvt::core {

// `vgpu` is what the operation vgpu_create gave; valid as long as that.
gvtcore_vgpu_t* VgpuOf(void* vgpu);

}  // namespace gvt::core
