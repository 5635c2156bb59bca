// The log of a vGPU: lines to the host's callback, as many as an operator can read.
#pragma once

#include <atomic>
#include <cstdint>

#include "base/log.h"
#include "core/event_log.h"
#include "gvtcore/host.h"

namespace gvt::core {

class HostLog final : public LogSink {
 public:
  // So many lines at once, then one every so often.
  static constexpr uint64_t kBurstLines = 20;
  static constexpr uint64_t kLineEveryNs = 1'000'000'000;

  // `now_ns`: a monotonic clock, for tests; nullptr: the steady clock.
  // `events` outlives the object; nullptr: events are told to nobody.
  HostLog(const gvtcore_host_ops_t& ops, void* host, uint64_t (*now_ns)() = nullptr,
          EventLog* events = nullptr);
  ~HostLog() override;
  HostLog(const HostLog&) = delete;
  HostLog& operator=(const HostLog&) = delete;

  // LogSink. Lock-free, but for Note(): neither waits for another thread.
  bool Takes(LogLevel level) override;
  void Write(LogLevel level, const char* text) override;
  void Note(const Event& event) override {
    if (events_ != nullptr) events_->Note(event);
  }

 private:
  void SayWhatIsMissing(gvtcore_log_level_t level);

  void (*const log_)(void*, gvtcore_log_level_t, const char*);
  void* const host_;
  uint64_t (*const now_ns_)();
  EventLog* const events_;
  // atomic: when all lines so far would have been written at the steady rate; see Takes()
  std::atomic<uint64_t> paid_until_ns_{0};
  std::atomic<uint64_t> left_out_{0};  // atomic: a counter, taken by the next line
};

}  // namespace gvt::core
