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
#include <cstdint>
#include <span>
#include <utility>
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

class FrameMap {
 public:
  FrameMap() = default;
  // Sorted, not overlapping, not empty.
  explicit FrameMap(std::vector<FrameWindow> windows) : windows_(std::move(windows)) {}

  // nullptr: the guest has no such frame. Cost: a binary search.
  const FrameWindow* Find(Gfn frame) const {
    const auto behind = std::upper_bound(
        windows_.begin(), windows_.end(), frame.value,
        [](uint64_t value, const FrameWindow& window) { return value < window.begin; });
    if (behind == windows_.begin()) return nullptr;
    const FrameWindow& window = *std::prev(behind);
    return window.Has(frame.value) ? &window : nullptr;
  }
  std::span<const FrameWindow> windows() const { return windows_; }

 private:
  std::vector<FrameWindow> windows_;
};

}  // namespace gvt::shadow
