// The clock that a host gives, or steady time: that of a core whose engines are stepped.
//
// Thread rule: one thread at a time.
#pragma once

#include <cstdint>

#include "gpu/engine_clock.h"

namespace gvt::core {

class HostClock final : public gpu::EngineClock {
 public:
  // `now_ns` may be null. Time begins at zero.
  HostClock(uint64_t (*now_ns)(void*), void* clock);
  uint64_t NowNs() override { return last_ns_ = Read() - start_ns_; }
  uint64_t RecentNs() override { return last_ns_; }

 private:
  uint64_t Read() const;

  uint64_t (*const now_ns_)(void*);
  void* const clock_;
  const uint64_t start_ns_;
  uint64_t last_ns_ = 0;
};

}  // namespace gvt::core
