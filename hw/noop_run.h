// Runs of MI_NOOP: padding of batches, and most of very large ones.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace gvt::hw {

// A MI_NOOP that does not set the identification register; one dword. Source: PRM SKL vol 2a
// "MI_NOOP".
inline constexpr uint32_t kPlainNoop = 0;

// How many dwords at the front of `dwords` are kPlainNoop; as fast as memory is compared.
inline size_t NoopsAhead(std::span<const uint32_t> dwords) {
  constexpr size_t kBlock = 64;
  static constexpr std::array<uint32_t, kBlock> kNoops{};
  size_t count = 0;
  while (dwords.size() - count >= kBlock &&
         std::memcmp(dwords.data() + count, kNoops.data(), sizeof kNoops) == 0) {
    count += kBlock;
  }
  while (count < dwords.size() && dwords[count] == kPlainNoop) ++count;
  return count;
}

}  // namespace gvt::hw
