// The vGPU's own global GTT, as engines see it.
#pragma once

#include <optional>

#include "base/address.h"

namespace gvt::sched {

class GgttPort {
 public:
  virtual ~GgttPort() = default;
  // The guest page behind a graphics address; nullopt: not present, or outside the vGPU's windows.
  // Thread rule: any thread, while the guest writes entries. Cost: one atomic load.
  virtual std::optional<Gpa> Translate(Gma address) const = 0;
};

}  // namespace gvt::sched
