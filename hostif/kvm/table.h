// The KVM host as a table of GVT-g's 22 members. A handle is a VmServices.
#pragma once

#include "gvtcore/mpt.h"
#include "hostif/kvm/vm_services.h"

namespace gvt::hostif::kvm {

// Valid as long as the program.
const gvtcore_mpt_t& Table();
inline unsigned long HandleOf(VmServices& services) {
  return reinterpret_cast<unsigned long>(&services);
}
// The operations of the core that the table is registered with; nullptr: none.
const gvtcore_mpt_ops_t* Upward();

}  // namespace gvt::hostif::kvm
