// Which registers belong to a context, and where its image keeps them.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "hw/platform.h"

namespace gvt::gpu {

// More than any engine saves: SavedRegistersOf checks it.
inline constexpr size_t kMaxSavedRegisters = 192;

struct SavedRegister {
  uint32_t offset = 0;          // in BAR 0
  uint32_t saved_mask = 0;      // bits of the value that are saved
  uint32_t write_mask = 0;      // or-ed into the image's value, for masked registers
  uint16_t value_dword = 0;     // its place in the image; 0: in the list behind the layout
  bool always_allowed = false;  // an image may load it, whatever value and whatever the slots say

  // What an image holds of a register that reads as `value`.
  constexpr uint32_t InImage(uint32_t value) const { return (value & saved_mask) | write_mask; }
};

// The registers of an engine's contexts, by number: first those at the places that stock drivers
// know, by place; from `list_begin` on those behind the layout, by offset.
struct SavedRegisters {
  std::vector<SavedRegister> all;
  size_t list_begin = 0;

  std::span<const SavedRegister> in_layout() const { return std::span(all).first(list_begin); }
  std::span<const SavedRegister> in_list() const { return std::span(all).subspan(list_begin); }
};

// What is saved and restored with a context, besides ring, batch state, timestamp and roots: what
// non-privileged batches may write, and what the tables say hardware saves. Made at first use and
// kept. Thread rule: any thread.
const SavedRegisters& SavedRegistersOf(hw::Platform platform, hw::Engine engine);

// Numbers of saved registers.
class SavedRegisterSet {
 public:
  static constexpr SavedRegisterSet Of(size_t begin, size_t end) {
    SavedRegisterSet set;
    for (size_t number = begin; number < end; ++number) set.Add(number);
    return set;
  }
  static constexpr SavedRegisterSet All() { return Of(0, kMaxSavedRegisters); }

  constexpr void Add(size_t number) { words_[number / 64] |= uint64_t{1} << number % 64; }
  constexpr void Remove(size_t number) { words_[number / 64] &= ~(uint64_t{1} << number % 64); }
  constexpr bool Has(size_t number) const { return (words_[number / 64] >> number % 64 & 1) != 0; }
  constexpr SavedRegisterSet& operator|=(const SavedRegisterSet& other) {
    for (size_t i = 0; i < kWords; ++i) words_[i] |= other.words_[i];
    return *this;
  }
  constexpr SavedRegisterSet operator&(const SavedRegisterSet& other) const {
    SavedRegisterSet both;
    for (size_t i = 0; i < kWords; ++i) both.words_[i] = words_[i] & other.words_[i];
    return both;
  }
  // Calls `visit(number)` for each, in ascending order; it may change the set.
  template <typename Visit>
  constexpr void ForEach(Visit visit) const {
    for (size_t i = 0; i < kWords; ++i) {
      for (uint64_t left = words_[i]; left != 0; left &= left - 1) {
        visit(i * 64 + static_cast<size_t>(std::countr_zero(left)));
      }
    }
  }

  static constexpr size_t kWords = kMaxSavedRegisters / 64;
  // Registers 64 * index .. 64 * index + 63, the first in bit 0.
  constexpr uint64_t& word(size_t index) { return words_[index]; }

 private:
  std::array<uint64_t, kWords> words_{};
};

}  // namespace gvt::gpu
