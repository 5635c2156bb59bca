// The tiny VMM under the table of hostif/kvm: what `gvtcore conformance kvm` tries.
#pragma once

#include "gvtcore/module.h"

namespace gvt::tiny_vmm {

// Valid as long as the program. Its vm_create fails with the errno of /dev/kvm where there is none.
const gvtcore_module_t& KvmModule();

}  // namespace gvt::tiny_vmm
