// Stands before and behind each slice of an execlist, where slices must come in one order with
// everything else that happens to a vGPU.
#pragma once

#include <cstdint>

#include "hw/platform.h"

namespace gvt::sched {

class SliceGate {
 public:
  virtual ~SliceGate() = default;
  // On the engine's thread, before a slice of `slice_ns`; may wait. How long the slice is to be.
  virtual uint64_t BeginSlice(hw::Engine engine, uint64_t slice_ns) = 0;
  // On the same thread, behind it. `more`: what RunSlice returns.
  virtual void EndSlice(hw::Engine engine, bool more) = 0;
};

}  // namespace gvt::sched
