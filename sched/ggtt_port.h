// The vGPU's own global GTT, as engines see it.
#pragma once

#include "base/address.h"

namespace gvt::sched {

// No page, as the answer to where one is: guests' addresses have 52 bits at most.
inline constexpr Gpa kNoPage{~uint64_t{0}};

class GgttPort {
 public:
  virtual ~GgttPort() = default;
  // The byte of guest memory behind a graphics address; kNoPage: not present, or outside the vGPU's
  // windows. Thread rule: any thread, while the guest writes entries. Cost: one atomic load.
  virtual Gpa Translate(Gma address) const = 0;
};

}  // namespace gvt::sched
