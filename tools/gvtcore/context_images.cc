#include "tools/gvtcore/context_images.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace gvt::tools {
namespace {

uint64_t HashOf(std::span<const uint32_t> dwords) {
  return XXH3_64bits(dwords.data(), dwords.size_bytes());
}

}  // namespace

uint64_t ContextImages::KeyOf(hw::Engine engine, Gma start) {
  return start.value << 3 | static_cast<uint64_t>(engine);
}

bool ContextImages::IsKnownClean(hw::Engine engine, const scanner::BufferPart& image,
                                 scanner::SegmentSource& source) {
  const auto it = known_.find(KeyOf(engine, image.start));
  if (it == known_.end()) return false;
  // An image that was cut short by a missing page may be longer now.
  if (!it->second.ended && it->second.dwords * sizeof(uint32_t) < image.size_bytes) return false;
  copy_.resize(it->second.dwords);
  const uint32_t got = source.Fetch(hw::AddressSpace::kGgtt, image.start, copy_);
  return got == copy_.size() && HashOf(copy_) == it->second.hash;
}

void ContextImages::Remember(const scanner::Segment& image, const scanner::ScanReport& report) {
  const uint64_t key = KeyOf(image.engine, image.start);
  if (!report.clean()) {
    known_.erase(key);
  } else if (known_.size() < kMaxImages || known_.contains(key)) {
    known_[key] = Known{report.position, report.end == scanner::SegmentEnd::kBatchEnd,
                        HashOf(image.dwords.first(report.position))};
  }
}

}  // namespace gvt::tools
