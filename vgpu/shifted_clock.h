// The clock that a device shows its guest: another one, moved so that it goes on where the device
// was saved.
#pragma once

#include <atomic>
#include <cstdint>

#include "gpu/engine_clock.h"

namespace gvt::vgpu {

class ShiftedClock final : public gpu::EngineClock {
 public:
  // `base` outlives the clock.
  explicit ShiftedClock(gpu::EngineClock& base) : base_(base) {}

  uint64_t NowNs() override { return base_.NowNs() + shift_ns_.load(std::memory_order_relaxed); }
  uint64_t RecentNs() override {
    return base_.RecentNs() + shift_ns_.load(std::memory_order_relaxed);
  }
  // It is `now_ns` now. Thread rule: nobody measures a time across it.
  void Set(uint64_t now_ns) { shift_ns_.store(now_ns - base_.NowNs(), std::memory_order_relaxed); }

 private:
  gpu::EngineClock& base_;
  std::atomic<uint64_t> shift_ns_{0};  // atomic: a number by itself; wraps
};

}  // namespace gvt::vgpu
