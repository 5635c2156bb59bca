#include "shadow/frame_map.h"

#include <bit>

namespace gvt::shadow {
namespace {

constexpr size_t kBucketsAWindow = 4;

}  // namespace

FrameMap::FrameMap(const std::vector<FrameWindow>& windows) {
  windows_.push_back({});
  windows_.insert(windows_.end(), windows.begin(), windows.end());
  const uint64_t end = windows_.back().end;
  const uint64_t buckets = std::bit_ceil(windows_.size() * kBucketsAWindow);
  while ((end >> shift_) >= buckets) ++shift_;

  size_t most = 0;  // windows that begin inside of one bucket
  size_t last = 0;
  for (uint64_t bucket = 0; bucket <= end >> shift_; ++bucket) {
    first_.push_back(static_cast<uint32_t>(last));
    const size_t before = last;
    while (last + 1 < windows_.size() && windows_[last + 1].begin >> shift_ <= bucket) ++last;
    most = std::max(most, last - before);
  }
  first_step_ = most == 0 ? 0 : std::bit_floor(most);
  windows_.resize(windows_.size() + 2 * first_step_, {~uint64_t{0}, ~uint64_t{0}, 0});
}

}  // namespace gvt::shadow
