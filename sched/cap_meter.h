// Keeps somebody below a percentage of an engine's time, whether or not anybody else wants it.
//
// An account that time fills and use empties. It holds the share of one period at most, so that
// over any span the use is at most the cap's share of it, and that of one period more. Once empty
// it has to be filled to a quarter, or there would be slices of no length.
#pragma once

#include <algorithm>
#include <cstdint>

namespace gvt::sched {

class CapMeter {
 public:
  static constexpr uint64_t kPeriodNs = 20'000'000;

  // 1..100; 100: no limit.
  explicit CapMeter(uint32_t percent) : percent_(percent), balance_(Full()) {}

  // Times never go back.
  bool MayRun(uint64_t now_ns) {
    if (is_free()) return true;
    Fill(now_ns);
    if (balance_ >= Quarter()) is_empty_ = false;
    return !is_empty_;
  }
  // It used what it had, and not enough came since.
  bool is_empty() const { return is_empty_; }
  // For how long at once, if it may run.
  uint64_t AllowanceNs() const {
    return is_free() ? ~uint64_t{0} : static_cast<uint64_t>(std::max<int64_t>(balance_, 1) / 100);
  }
  // When it may run again, if it may not now.
  uint64_t MayRunAtNs() const {
    const int64_t missing = std::max<int64_t>(Quarter() - balance_, 0);
    return filled_at_ns_ + static_cast<uint64_t>(missing) / percent_ + 1;
  }
  void Used(uint64_t now_ns, uint64_t used_ns) {
    if (is_free()) return;
    balance_ -= static_cast<int64_t>(std::min(used_ns, kLongestUseNs) * 100);
    Fill(now_ns);
    if (balance_ <= 0) is_empty_ = true;
  }

 private:
  static constexpr uint64_t kLongestUseNs = 1'000'000'000'000;  // keeps the account in range

  bool is_free() const { return percent_ >= 100; }
  int64_t Full() const { return static_cast<int64_t>(kPeriodNs * percent_); }
  int64_t Quarter() const { return Full() / 4; }
  void Fill(uint64_t now_ns) {
    // So much that even the deepest debt is paid: more need not be counted.
    const uint64_t passed = std::min(now_ns - filled_at_ns_, 100 * kLongestUseNs);
    filled_at_ns_ = now_ns;
    balance_ = std::min(balance_ + static_cast<int64_t>(passed * percent_), Full());
  }

  uint32_t percent_;
  int64_t balance_;  // nanoseconds times 100
  uint64_t filled_at_ns_ = 0;
  bool is_empty_ = false;
};

}  // namespace gvt::sched
