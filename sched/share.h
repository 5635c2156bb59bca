// What a vGPU is promised of every engine.
#pragma once

#include <cstdint>

namespace gvt::sched {

inline constexpr uint32_t kMaxWeight = 1u << 16;
inline constexpr uint32_t kMaxCapPercent = 100;

struct Share {
  uint32_t weight = 8;         // 1..kMaxWeight, relative to others that want the engine
  uint32_t cap_percent = 100;  // 1..100: never more than this, even if the engine idles
  uint64_t latency_ns = 0;     // work that comes is to be begun within this time; 0: no target
};

}  // namespace gvt::sched
