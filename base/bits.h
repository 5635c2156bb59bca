// Bit fields as the PRM writes them: [high:low], both ends inclusive.
#pragma once

#include <bit>
#include <concepts>
#include <cstdint>

namespace gvt {

// Mask of `count` low bits; count 0..64.
constexpr uint64_t LowMask64(unsigned count) {
  return count >= 64 ? ~uint64_t{0} : (uint64_t{1} << count) - 1;
}
constexpr uint32_t LowMask32(unsigned count) {
  return static_cast<uint32_t>(LowMask64(count));
}

// value[high:low], shifted down to bit 0. 0 <= low <= high < width of T.
template <std::unsigned_integral T>
constexpr T Bits(T value, unsigned high, unsigned low) {
  return static_cast<T>((value >> low) & static_cast<T>(LowMask64(high - low + 1)));
}

template <std::unsigned_integral T>
constexpr bool Bit(T value, unsigned bit) {
  return ((value >> bit) & 1) != 0;
}

// A dword pair as hardware stores a 64-bit value: low dword first.
constexpr uint64_t Join64(uint32_t low, uint32_t high) {
  return (uint64_t{high} << 32) | low;
}
constexpr uint32_t Low32(uint64_t value) {
  return static_cast<uint32_t>(value);
}
constexpr uint32_t High32(uint64_t value) {
  return static_cast<uint32_t>(value >> 32);
}

template <std::unsigned_integral T>
constexpr T AlignDown(T value, T power_of_two) {
  return value & ~static_cast<T>(power_of_two - 1);
}

}  // namespace gvt
