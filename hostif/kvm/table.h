// The KVM host as a table of GVT-g's 22 members, on a virtual machine of the real /dev/kvm.
#pragma once

#include "gvtcore/module.h"

namespace gvt::hostif::kvm {

// Valid as long as the program. Its vm_create fails with the errno of /dev/kvm where there is none.
const gvtcore_module_t& TableModule();

}  // namespace gvt::hostif::kvm
