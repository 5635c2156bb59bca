// A bucket of kBurstLines lines that fills by one every kLineEveryNs, kept as a single time stamp:
// each line taken moves it on by the price of one, and it may be ahead of the clock by the bucket's
// size at most. A guest can cause lines as fast as it runs; the host sees the first ones of a burst
// and then how many were left out.
#include "core/host_log.h"

#include <algorithm>
#include <chrono>
#include <cstdio>

namespace gvt::core {
namespace {

uint64_t SteadyNs() {
  return static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(
                                   std::chrono::steady_clock::now().time_since_epoch())
                                   .count());
}

}  // namespace

HostLog::HostLog(const gvtcore_host_ops_t& ops, void* host, uint64_t (*now_ns)(), EventLog* events)
    : log_(ops.log),
      host_(host),
      now_ns_(now_ns != nullptr ? now_ns : &SteadyNs),
      events_(events) {}

HostLog::~HostLog() {
  SayWhatIsMissing(GVTCORE_LOG_WARNING);
}

bool HostLog::Takes(LogLevel /*level*/) {
  if (log_ == nullptr) return false;
  constexpr uint64_t kAhead = kBurstLines * kLineEveryNs;
  const uint64_t now = now_ns_();
  uint64_t paid = paid_until_ns_.load(std::memory_order_relaxed);
  for (;;) {
    const uint64_t next = std::max(paid, now) + kLineEveryNs;
    if (next > now + kAhead) {
      left_out_.fetch_add(1, std::memory_order_relaxed);
      return false;
    }
    if (paid_until_ns_.compare_exchange_weak(paid, next, std::memory_order_relaxed)) return true;
  }
}

void HostLog::SayWhatIsMissing(gvtcore_log_level_t level) {
  const uint64_t count = left_out_.exchange(0, std::memory_order_relaxed);
  if (count == 0) return;
  char note[kMaxLogLine];
  std::snprintf(note, sizeof note, "%llu lines left out", static_cast<unsigned long long>(count));
  log_(host_, level, note);
}

void HostLog::Write(LogLevel level, const char* text) {
  const auto code = static_cast<gvtcore_log_level_t>(level);
  SayWhatIsMissing(code);
  log_(host_, code, text);
}

}  // namespace gvt::core
