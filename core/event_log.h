// The last events of a vGPU.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <span>

#include "base/event.h"
#include "gpu/engine_clock.h"
#include "gvtcore/gvtcore.h"

namespace gvt::core {

class EventLog {
 public:
  // `clock` outlives the object; nullptr: steady time.
  explicit EventLog(gpu::EngineClock* clock) : clock_(clock) {}

  // Thread rule: any thread. Cost: a lock that is held for a few stores.
  void Note(const Event& event);
  // The events from number `from` on, or from the oldest that is still there, in order; how many.
  size_t Read(uint64_t from, std::span<gvtcore_event_t> out) const;

 private:
  gpu::EngineClock* const clock_;
  mutable std::mutex lock_;  // guards what follows
  uint64_t next_ = 0;        // number of the next event
  std::array<gvtcore_event_t, GVTCORE_EVENT_SLOTS> slots_{};
};

// nullptr: there is no such kind.
const char* EventName(uint32_t kind);

}  // namespace gvt::core
