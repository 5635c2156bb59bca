// The embedded host as a table of GVT-g's 22 members: virtual machines without a processor, in this
// process.
#pragma once

#include "gvtcore/module.h"

namespace gvt::hostif::embedded {

// Valid as long as the program.
const gvtcore_module_t& TableModule();

}  // namespace gvt::hostif::embedded
