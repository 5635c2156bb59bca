// The ACRN host as a table of GVT-g's 22 members. A handle is an AcrnVm.
#pragma once

#include "gvtcore/mpt.h"
#include "hostif/acrn/acrn_vm.h"

namespace gvt::hostif::acrn {

// Valid as long as the program. host_init keeps the operations for the device model.
const gvtcore_mpt_t& Table();
// What host_init was given last.
const gvtcore_mpt_ops_t* Upward();

inline unsigned long HandleOf(AcrnVm& vm) {
  return reinterpret_cast<unsigned long>(&vm);
}

}  // namespace gvt::hostif::acrn
