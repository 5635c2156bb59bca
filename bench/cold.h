// Making memory as cold as if it had come from elsewhere.
#pragma once

#include <cstddef>
#include <cstdint>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include <algorithm>
#include <span>
#include <vector>

namespace gvt::bench {

// Afterwards no cache of the processor holds any of `bytes`.
inline void EvictFromCaches(std::span<const std::byte> bytes) {
#if defined(__x86_64__)
  constexpr size_t kLine = 64;
  for (size_t at = 0; at < bytes.size(); at += kLine) _mm_clflush(bytes.data() + at);
  if (!bytes.empty()) _mm_clflush(&bytes.back());
  _mm_mfence();
#else
  // As much as caches hold, and more.
  static std::vector<uint8_t> other(size_t{64} << 20);
  std::for_each(other.begin(), other.end(), [](uint8_t& byte) { ++byte; });
  static_cast<void>(bytes);
#endif
}

}  // namespace gvt::bench
