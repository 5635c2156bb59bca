// Notices a context that uses an engine and does not get on.
//
// Only time in which it ran counts, so that waiting for others is never held against it; and it
// gets on whenever its ring's head moves, so that any amount of work in small requests is fine. The
// limit is longer than what drivers themselves grant one request: they reset the engine first.
// Source: linux v6.1 gt/intel_engine_heartbeat.c, Kconfig.profile (five beats of 2.5 s).
#pragma once

#include <cstdint>

namespace gvt::sched {

inline constexpr uint64_t kStallLimitNs = 20'000'000'000;

class StallWatch {
 public:
  // 0: no limit.
  explicit StallWatch(uint64_t limit_ns) : limit_ns_(limit_ns) {}

  // Another context runs.
  void Restart() { stuck_ns_ = 0; }
  // It ran for `used_ns`, up to `head` of its ring. True: for the limit it has been there.
  bool Ran(uint32_t head, uint64_t used_ns) {
    if (head != head_) stuck_ns_ = 0;
    head_ = head;
    stuck_ns_ += used_ns;
    return limit_ns_ != 0 && stuck_ns_ >= limit_ns_;
  }

 private:
  uint64_t limit_ns_;
  uint64_t stuck_ns_ = 0;
  uint32_t head_ = 0;
};

}  // namespace gvt::sched
