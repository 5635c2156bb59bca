#include "core/host_clock.h"

#include <chrono>

namespace gvt::core {

HostClock::HostClock(uint64_t (*now_ns)(void*), void* clock)
    : now_ns_(now_ns), clock_(clock), start_ns_(Read()) {}

uint64_t HostClock::Read() const {
  if (now_ns_ != nullptr) return now_ns_(clock_);
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return static_cast<uint64_t>(std::chrono::nanoseconds(now).count());
}

}  // namespace gvt::core
