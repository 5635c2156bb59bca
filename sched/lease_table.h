// What processes that share engines have in common: a file in memory, mapped by all of them.
//
// Everything is a lock-free atomic, any value of which is a legal one: a process that was killed in
// the middle of anything leaves nothing that others would have to repair.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#include "hw/platform.h"

namespace gvt::sched {

inline constexpr uint32_t kLeasePlaces = 64;

// One process on one engine. Written by that process, but where something else is said.
struct alignas(64) LeasePlace {
  std::atomic<uint64_t> fair_time{0};     // FairTime::at()
  std::atomic<uint32_t> latency_us{0};    // its target; 0: none
  std::atomic<uint64_t> active_at_us{0};  // when it last wanted the engine
  std::atomic<uint32_t> waits{0};         // 1: it wants it; others clear it if it does not come
  std::atomic<uint32_t> calls{0};         // a futex; whoever releases the engine adds one
};

struct LeaseEngine {
  // Who has it and since when: microseconds << 8 | place + 1. Place 0: it is free.
  std::atomic<uint64_t> holder{0};
  std::atomic<uint64_t> fair_now{0};  // fair time of the last who took it
  std::array<LeasePlace, kLeasePlaces> places;
};

struct LeaseTable {
  // Of this layout; written once, when the file is made.
  static constexpr uint64_t kMagic = 0x0001'6573'6165'6c67;
  std::atomic<uint64_t> magic{0};
  std::array<LeaseEngine, hw::kEngineCount> engines;
};

static_assert(std::atomic<uint64_t>::is_always_lock_free);
static_assert(std::atomic<uint32_t>::is_always_lock_free);

}  // namespace gvt::sched
