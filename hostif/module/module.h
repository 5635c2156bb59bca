// A host that lies in a shared library (include/gvtcore/module.h).
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "gvtcore/module.h"

namespace gvt::hostif {

// What is wrong with a module's description; empty: nothing.
std::string WhyUnfit(const gvtcore_module_t* module);

class Module {
 public:
  // Loads the library and asks it for its description. nullptr: *error says why, for people.
  static std::unique_ptr<Module> Load(const std::string& path, std::string* error);
  ~Module();
  Module(const Module&) = delete;
  Module& operator=(const Module&) = delete;

  // Members that the module does not have are null.
  const gvtcore_module_t& description() const { return description_; }

 private:
  explicit Module(void* library) : library_(library) {}

  void* const library_;
  gvtcore_module_t description_{};
};

}  // namespace gvt::hostif
