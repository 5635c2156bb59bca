// The Xen host as a table of GVT-g's 22 members. A handle is a XenDomain.
#pragma once

#include "gvtcore/mpt.h"
#include "hostif/xen/xen_domain.h"

namespace gvt::hostif::xen {

// Valid as long as the program. host_init keeps the operations for the device model.
const gvtcore_mpt_t& Table();
// What host_init was given last.
const gvtcore_mpt_ops_t* Upward();

inline unsigned long HandleOf(XenDomain& domain) {
  return reinterpret_cast<unsigned long>(&domain);
}

}  // namespace gvt::hostif::xen
