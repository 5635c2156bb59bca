// Finds out that a stream goes round in circles and does nothing.
//
// A batch that jumps to itself until somebody overwrites the jump is how tests wait, how some
// drivers wait, and what many a hung program comes to. A GPU does that for free; a software
// streamer would burn a core that the guest's CPUs need to end the loop.
//
// Idea: if control comes back to the very position where it was, and nothing in between had an
// effect, everything is as it was, and only a store by others gets it out. The position remembered
// is renewed at the 1st, 2nd, 4th, 8th ... batch start since the last effect (Brent's cycle
// search), so that a loop of any length is found within three times its length. Whoever is told of
// a loop pauses and goes on in it, so that a mistake would cost a pause and nothing else.
//
// Not thread-safe. Cost: a comparison of some words a batch start.
#pragma once

#include <bit>
#include <cstdint>

#include "gpu/soft/context_frame.h"

namespace gvt::gpu::soft {

class IdleLoop {
 public:
  // A command stored, wrote a register, raised an interrupt: what comes is no repetition.
  void HadEffect() { starts_ = 0; }
  // A batch start led to `position`. True: control goes round and changes nothing.
  bool CameTo(const ContextPosition& position) {
    if (starts_ != 0 && position == remembered_) return true;
    if (std::has_single_bit(++starts_)) remembered_ = position;
    return false;
  }

 private:
  uint64_t starts_ = 0;  // since the last effect
  ContextPosition remembered_;
};

}  // namespace gvt::gpu::soft
