// The clock of an engine, and what its timestamp registers make of it.
//
// One clock serves everybody who shows time to a guest: the streamers (timestamps in memory, the
// run time of a context) and the device model (RING_TIMESTAMP read by the CPU). Time begins near
// zero when the device is made, so that the 36 bits of the counter last 95 minutes.
#pragma once

#include <cstdint>

#include "base/bits.h"

namespace gvt::gpu {

class EngineClock {
 public:
  virtual ~EngineClock() = default;
  // Nanoseconds since the device was made; never goes back. Thread rule: any thread.
  virtual uint64_t NowNs() = 0;
  // A reading that is older at most by what the caller's thread did since its last one: where that
  // is kept, it costs nothing.
  virtual uint64_t RecentNs() { return NowNs(); }
};

// The rate that a guest computes from CTC_MODE = 4. Source: linux v6.1
// gt/intel_gt_clock_utils.c gen9_read_clock_frequency.
inline constexpr uint64_t kTimestampHz = 12'000'000;
// Width of RING_TIMESTAMP with its upper dword. Source: PRM SKL vol 2c "CS Timestamp Count".
inline constexpr unsigned kTimestampBits = 36;

constexpr uint64_t TicksOf(uint64_t ns) {
  return ns / 1000 * (kTimestampHz / 1'000'000) + ns % 1000 * (kTimestampHz / 1'000'000) / 1000;
}

// What RING_TIMESTAMP and its upper dword read at that time.
constexpr uint64_t TimestampAt(uint64_t now_ns) {
  return TicksOf(now_ns) & LowMask64(kTimestampBits);
}

}  // namespace gvt::gpu
