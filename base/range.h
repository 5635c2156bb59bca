// A half-open range [begin, end) of 64-bit addresses with checked arithmetic.
#pragma once

#include <cstdint>

namespace gvt {

// Invariant: begin <= end. An empty range contains nothing.
struct Range {
  uint64_t begin = 0;
  uint64_t end = 0;

  // [begin, begin + size); saturates at 2^64 - 1 instead of wrapping.
  static constexpr Range Sized(uint64_t begin, uint64_t size) {
    uint64_t end = begin + size;
    return Range{begin, end < begin ? ~uint64_t{0} : end};
  }
  constexpr uint64_t size() const { return end - begin; }
  constexpr bool empty() const { return begin == end; }
  // True iff [address, address + size) lies inside, without overflow at any value; size 0 is
  // refused, it names no byte.
  constexpr bool Contains(uint64_t address, uint64_t size) const {
    return size != 0 && address >= begin && address < end && size <= end - address;
  }
  constexpr bool Overlaps(uint64_t address, uint64_t size) const {
    return size != 0 && !empty() && address < end && (address >= begin || size > begin - address);
  }
  friend constexpr bool operator==(const Range&, const Range&) = default;
};

}  // namespace gvt
