// Guesses which sequence comes next.
//
// What came last is a poor guess: two of five were wrong in 3D streams. But streams that part do so
// by few dwords, and those are there to be looked at before anything is compared. So a place
// remembers which dwords told the ways apart, and takes the way that their values led to last.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "base/bits.h"

namespace gvt::recall {

// A sequence by its number in the memory that holds it.
using SequenceNumber = uint16_t;
// Of no sequence; its place in the memory holds one that nothing is as long as.
inline constexpr SequenceNumber kNoSequence = 0;

// A place where streams go on in one way or another.
struct Fork {
  static constexpr uint32_t kWays = 16;
  static constexpr uint32_t kToldBy = 4;

  // Where the guess for what begins at `dwords` is; `left` dwords are there, at least one. Cost:
  // 4 ns, and no jump.
  SequenceNumber* WayFor(const uint32_t* dwords, uint32_t left) {
    constexpr uint64_t kGolden = 0x9e3779b97f4a7c15;
    constexpr uint64_t kOther = 0xd1b54a32d192ed03;
    const uint32_t last = left - 1;
    const auto dword = [&](uint32_t i) { return dwords[std::min<uint32_t>(told_by[i], last)]; };
    const uint64_t hash =
        Join64(dword(0), dword(1)) * kGolden + Join64(dword(2), dword(3)) * kOther;
    return &ways[hash >> shift & (kWays - 1)];
  }

  // The guess was wrong: dword `dword` tells it from what came, or should have, but that both came
  // to one way.
  void TellBy(uint16_t dword) {
    if (std::find(told_by.begin(), told_by.end(), dword) == told_by.end()) {
      std::copy(told_by.begin() + 1, told_by.end(), told_by.begin());
      told_by[kToldBy - 1] = dword;
    } else {
      shift = shift > 32 ? static_cast<uint8_t>(shift - 4) : 60;
    }
    ways.fill(kNoSequence);
  }

  std::array<SequenceNumber, kWays> ways{};
  std::array<uint16_t, kToldBy> told_by{};  // dwords, counted from where what comes next begins
  uint8_t shift = 60;                       // the four bits of the hash that count
};

}  // namespace gvt::recall
