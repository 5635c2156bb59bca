// A folder that looks like a PCI device of sysfs, as far as a VMM looks before it opens VFIO: a
// link that names the device's group.
#pragma once

#include <filesystem>
#include <string>

namespace gvt::tools {

class VfioFolder {
 public:
  VfioFolder() = default;
  // Removes it.
  ~VfioFolder();
  VfioFolder(const VfioFolder&) = delete;
  VfioFolder& operator=(const VfioFolder&) = delete;

  // Makes it where temporary files are. False: *error says why.
  bool Make(std::string* error);
  // What `sysfsdev=` of a VMM names.
  std::filesystem::path device() const;

 private:
  std::filesystem::path folder_;
};

}  // namespace gvt::tools
