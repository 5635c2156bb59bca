// dlopen, one symbol, and a look at what it answers before anything of it is called.
//
// The description is copied as far as the module says that it goes, so that a module of an older
// header has null in the members that it does not know.
#include "hostif/module/module.h"

#include <dlfcn.h>

#include <algorithm>
#include <cstring>

#include "core/mpt_calls.h"

namespace gvt::hostif {

std::string WhyUnfit(const gvtcore_module_t* module) {
  if (module == nullptr) {
    return "it does not work with version " + std::to_string(GVTCORE_MODULE_VERSION) +
           " of the contract";
  }
  // What every version has.
  if (module->size < offsetof(gvtcore_module_t, vm_destroy) + sizeof module->vm_destroy) {
    return "its description is too short";
  }
  if (module->version != GVTCORE_MODULE_VERSION) {
    return "it is of version " + std::to_string(module->version) + ", this program of version " +
           std::to_string(GVTCORE_MODULE_VERSION);
  }
  if (module->name == nullptr || module->table == nullptr) return "it has no name, or no table";
  if (!core::MptCalls::IsComplete(*module->table)) {
    return "its table lacks inject_msi, or one of read_gpa and write_gpa has no other";
  }
  return {};
}

std::unique_ptr<Module> Module::Load(const std::string& path, std::string* error) {
  // A path without a slash would be searched for elsewhere.
  const std::string file = path.find('/') == std::string::npos ? "./" + path : path;
  void* library = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    *error = dlerror();
    return nullptr;
  }
  std::unique_ptr<Module> module(new Module(library));
  const auto entry =
      reinterpret_cast<gvtcore_module_entry_t>(dlsym(library, GVTCORE_MODULE_SYMBOL));
  if (entry == nullptr) {
    *error = path + ": no symbol " GVTCORE_MODULE_SYMBOL;
    return nullptr;
  }
  const gvtcore_module_t* description = entry(GVTCORE_MODULE_VERSION);
  if (const std::string why = WhyUnfit(description); !why.empty()) {
    *error = path + ": " + why;
    return nullptr;
  }
  std::memcpy(&module->description_, description,
              std::min(description->size, sizeof module->description_));
  return module;
}

Module::~Module() {
  dlclose(library_);
}

}  // namespace gvt::hostif
