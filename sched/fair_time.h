// Time used, divided by weight: who has the least of it is next.
#pragma once

#include <algorithm>
#include <cstdint>

namespace gvt::sched {

// Exact in the long run: what a division leaves over is kept for the next. Counts up to nine years
// of engine time at weight 1.
class FairTime {
 public:
  static constexpr uint64_t kUnitsPerNs = 64;

  uint64_t at() const { return at_; }
  // `weight` > 0. Even no time at all counts as some.
  void Charge(uint64_t used_ns, uint32_t weight) {
    const uint64_t units = std::max<uint64_t>(used_ns, 1) * kUnitsPerNs + rest_;
    at_ += units / weight;
    rest_ = units % weight;
  }
  // Idle time is not saved up.
  void JoinAt(uint64_t time) { at_ = std::max(at_, time); }
  // How far it is beyond `time`, in nanoseconds of engine time; 0: it is not.
  uint64_t LeadNs(uint64_t time, uint32_t weight) const {
    return at_ <= time ? 0 : (at_ - time) * weight / kUnitsPerNs;
  }

 private:
  uint64_t at_ = 0;
  uint64_t rest_ = 0;
};

}  // namespace gvt::sched
