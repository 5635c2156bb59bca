// The option --type: what GVT-g calls a type of vGPU, as V5_4 or V5_4:2.
#pragma once

#include <string>

#include "gvtcore/gvtcore.h"

namespace gvt::tools {

// Fills in what the type says of the GGTT, the fences and the weight; nothing if it is empty.
// False: *error says what is wrong with it.
bool ApplyType(const std::string& type, gvtcore_vgpu_config_t* config, std::string* error);

}  // namespace gvt::tools
