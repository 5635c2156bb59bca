// What a host costs per call, each figure beside the floor that no host can be below.
#pragma once

#include <string>
#include <vector>

#include "gvtcore/module.h"

namespace gvt::hostif::conformance {

struct Figure {
  std::string name;   // "read-gpa.4096"
  double ns = 0;      // of a call
  std::string floor;  // "memcpy.4096"
  double floor_ns = 0;

  double ratio() const { return floor_ns > 0 ? ns / floor_ns : 0; }
};

// Figures and their floors by turns, in rounds; of each the median. What the host has no member for
// is left out; empty: it has no vGPU, or no machine. `module` is fit and registered with nobody.
// Cost: below a second.
std::vector<Figure> Measure(const gvtcore_module_t& module);

}  // namespace gvt::hostif::conformance
