#include "tools/gvtcore/type_option.h"

#include "gvtcore/mpt.h"

namespace gvt::tools {

bool ApplyType(const std::string& type, gvtcore_vgpu_config_t* config, std::string* error) {
  if (type.empty()) return true;
  const int code = gvtcore_mpt_type(type.c_str(), config);
  if (code == 0) return true;
  *error = type + (code == GVTCORE_ENOSPC
                       ? ": a GPU has no room for so many of this type"
                       : ": no such type; V5_1, V5_2, V5_4, V5_8, or as V5_4:2 one of several");
  return false;
}

}  // namespace gvt::tools
