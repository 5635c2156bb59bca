// Time that moves by being looked at, and by nothing else.
#pragma once

#include <cstdint>

namespace gvt::sim {

// A streamer looks at the clock every 256 commands, so that commands take time, and the same time
// whenever they are run again.
class SimClock {
 public:
  explicit SimClock(uint64_t tick_ns) : tick_ns_(tick_ns) {}

  uint64_t now_ns() const { return now_ns_; }
  void SetTick(uint64_t tick_ns) { tick_ns_ = tick_ns; }
  // As gvtcore_config_t::now_ns; `self` is a SimClock.
  static uint64_t Look(void* self) {
    auto* clock = static_cast<SimClock*>(self);
    return clock->now_ns_ += clock->tick_ns_;
  }

 private:
  uint64_t tick_ns_;
  uint64_t now_ns_ = 0;
};

}  // namespace gvt::sim
