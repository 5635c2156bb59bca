// Which frames a guest has, and what the device is given for each.
//
// Guest memory that is linear needs no table: a frame lies in one of a few windows, and what the
// device is given is a sum. (For the software GPU that is the guest's own address, which guest
// memory looks up at each access; an IOMMU would have another.)
//
// A value: whoever uses a map has its own. Built anew when the generation of guest memory has
// grown.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/address.h"

namespace gvt::shadow {

// Frames [begin, end), all of the guest; the device is given frame + delta, modulo 2^64, which has
// no more bits than an entry has room for.
struct FrameWindow {
  uint64_t begin = 0;
  uint64_t end = 0;
  uint64_t delta = 0;

  constexpr bool Has(uint64_t frame) const { return frame - begin < end - begin; }
};

// Idea: frames are cut into about four equal buckets a window; each bucket knows the last window
// that begins before it. What is left is a search among the windows that begin inside: mostly none
// or one. Its steps are the same for every frame, so that nothing is guessed wrong and the searches
// for several entries run side by side.
class FrameMap {
 public:
  FrameMap() : FrameMap(std::vector<FrameWindow>()) {}
  // Sorted, not overlapping, not empty.
  explicit FrameMap(const std::vector<FrameWindow>& windows);

  // nullptr: the guest has no such frame. Cost: three loads that wait for each other, where windows
  // are spread evenly; at worst, those of a binary search.
  const FrameWindow* Find(Gfn frame) const {
    size_t at = first_[std::min<uint64_t>(frame.value >> shift_, first_.size() - 1)];
    for (size_t step = first_step_; step != 0; step /= 2) {
      at += step & -static_cast<size_t>(windows_[at + step].begin <= frame.value);
    }
    return windows_[at].Has(frame.value) ? &windows_[at] : nullptr;
  }

 private:
  unsigned shift_ = 0;                // of a frame, to its bucket
  size_t first_step_ = 0;             // a power of two, or 0: every bucket has one window at most
  std::vector<uint32_t> first_;       // by bucket: the last window that begins before it
  std::vector<FrameWindow> windows_;  // an empty one in front; behind, enough for each search
};

}  // namespace gvt::shadow
