// How much of a batch to copy before it is audited.
//
// Where a batch ends is not known before the audit, but streams repeat themselves. Copying a page
// where batches are a few commands long takes longer than all the rest; handing over a batch of
// several pages one by one costs a call for each. A guess that is too short costs another copy and
// another call, nothing more.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "base/address.h"
#include "base/bits.h"

namespace gvt::scanner {

// Thread rule: one thread at a time.
class CopyGuess {
 public:
  // No guess is longer.
  static constexpr uint32_t kMost = 1u << 14;

  // Dwords to copy first.
  uint32_t dwords() const { return dwords_; }

  // A batch took so many. What is shorter than a page is copied as the longest of the last four
  // was; behind a page, which costs as much to copy as a call does, only what both of the last two
  // took.
  void Saw(uint32_t dwords) {
    const uint32_t both = std::min(dwords, last_[count_ % last_.size()]);
    last_[++count_ % last_.size()] = dwords;
    const uint32_t longest = *std::max_element(last_.begin(), last_.end());
    const uint32_t guess = longest <= kPage ? longest : std::max(kPage, both);
    dwords_ = AlignDown(std::clamp(guess, 1u, kMost) + kStep - 1, kStep);
  }

 private:
  static constexpr uint32_t kPage = kPageSize / sizeof(uint32_t);
  static constexpr uint32_t kStep = 16;  // a cache line

  std::array<uint32_t, 4> last_ = {kPage, kPage, kPage, kPage};
  size_t count_ = 0;
  uint32_t dwords_ = kPage;
};

}  // namespace gvt::scanner
