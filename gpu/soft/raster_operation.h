// The 256 ways to combine pattern, source and destination, on 64 bits at a time.
//
// Bit n of the code is the result where pattern, source and destination are the bits 2, 1 and 0 of
// n. The code is a truth table, and is evaluated as one: the destination selects in four pairs of
// bits, the source in the two results, the pattern in the last two.
//
// Source: PRM SKL vol 10 "Raster operations".
#pragma once

#include <array>
#include <cstdint>

#include "base/bits.h"

namespace gvt::gpu::soft {

class RasterOperation {
 public:
  static constexpr uint8_t kSource = 0xcc;
  static constexpr uint8_t kPattern = 0xf0;

  constexpr explicit RasterOperation(uint8_t code) : code_(code) {
    for (unsigned pair = 0; pair < 4; ++pair) {
      clear_[pair] = Bit(code, 2 * pair) ? ~uint64_t{0} : 0;
      flip_[pair] = Bit(code, 2 * pair) != Bit(code, 2 * pair + 1) ? ~uint64_t{0} : 0;
    }
  }

  constexpr uint8_t code() const { return code_; }
  constexpr bool uses_pattern() const { return ((code_ >> 4 ^ code_) & 0x0f) != 0; }
  constexpr bool uses_source() const { return ((code_ >> 2 ^ code_) & 0x33) != 0; }
  constexpr bool uses_destination() const { return ((code_ >> 1 ^ code_) & 0x55) != 0; }

  constexpr uint64_t operator()(uint64_t pattern, uint64_t source, uint64_t destination) const {
    const uint64_t neither = clear_[0] ^ (destination & flip_[0]);
    const uint64_t only_source = clear_[1] ^ (destination & flip_[1]);
    const uint64_t only_pattern = clear_[2] ^ (destination & flip_[2]);
    const uint64_t both = clear_[3] ^ (destination & flip_[3]);
    const uint64_t without = Select(source, only_source, neither);
    const uint64_t with = Select(source, both, only_pattern);
    return Select(pattern, with, without);
  }

 private:
  static constexpr uint64_t Select(uint64_t by, uint64_t set, uint64_t clear) {
    return clear ^ (by & (set ^ clear));
  }

  uint8_t code_;
  // For each (pattern, source): the result where the destination is clear, and what changes where
  // it is set.
  std::array<uint64_t, 4> clear_{};
  std::array<uint64_t, 4> flip_{};
};

}  // namespace gvt::gpu::soft
