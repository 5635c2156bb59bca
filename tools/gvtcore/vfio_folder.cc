#include "tools/gvtcore/vfio_folder.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <system_error>

#include "hostif/vfio_preload/names.h"

namespace gvt::tools {

namespace preload = hostif::vfio_preload;

VfioFolder::~VfioFolder() {
  std::error_code ignored;
  if (!folder_.empty()) std::filesystem::remove_all(folder_, ignored);
}

bool VfioFolder::Make(std::string* error) {
  std::error_code code;
  std::string name = (std::filesystem::temp_directory_path(code) / "gvtcore-XXXXXX").string();
  if (!code && mkdtemp(name.data()) == nullptr) code.assign(errno, std::generic_category());
  if (!code) {
    folder_ = name;
    std::filesystem::create_directory(device(), code);
  }
  if (!code) {
    const auto group = std::filesystem::path("..") / preload::kGroupNumber;
    std::filesystem::create_symlink(group, device() / "iommu_group", code);
  }
  if (code) *error = name + ": " + code.message();
  return !code;
}

std::filesystem::path VfioFolder::device() const {
  return folder_ / preload::kDeviceName;
}

}  // namespace gvt::tools
