// The guests of the demo: one that does the work of a capture again and again, one that is hostile.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "hostif/embedded/guest_driver.h"
#include "hostif/embedded/machine.h"
#include "tools/gvtcore/demo_capture.h"

namespace gvt::tools {

// Nanoseconds since the demo began.
class DemoClock {
 public:
  uint64_t NowNs() const {
    const auto since = std::chrono::steady_clock::now() - begin_;
    return static_cast<uint64_t>(std::chrono::nanoseconds(since).count());
  }

 private:
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
};

// A workload as its guest saw it.
struct DemoEvent {
  hw::Engine engine = hw::Engine::kRcs;
  uint32_t workload = 0;
  uint64_t submitted_ns = 0;    // ELSP is about to be written
  uint64_t dispatched_ns = 0;   // its first command runs
  uint64_t interrupted_ns = 0;  // the guest has handled the interrupt of its last
};

struct DemoTally {
  uint64_t submitted = 0;
  uint64_t completed = 0;
  uint64_t lost = 0;  // time-outs and faults
  uint64_t commands = 0;
  uint64_t pages_checked = 0;
  uint64_t pages_wrong = 0;
  std::string first_wrong;
};

// An endless batch on the render engine.
class DemoSpinner {
 public:
  explicit DemoSpinner(hostif::embedded::GuestDriver& driver) : driver_(driver) {}
  Result<void> Prepare();
  void Start();
  // Ends the batch. False: the engine is still busy after some seconds.
  bool Stop();

 private:
  hostif::embedded::GuestDriver& driver_;
  hostif::embedded::GuestContext context_;
  Gpa batch_;
};

// Thread rule: one thread at a time; live(): any.
class DemoGuest {
 public:
  static constexpr size_t kMaxEvents = size_t{1} << 19;

  DemoGuest(const DemoCapture& capture, const DemoClock& clock, bool checks)
      : capture_(capture), clock_(clock), checks_(checks) {}

  Result<void> Boot(hostif::embedded::Host& host, uint32_t weight);
  // The workloads in turn, one at least, until `stop`.
  void Run(const std::atomic<bool>& stop);

  DemoSpinner& spinner() { return *spinner_; }
  hostif::embedded::Machine& machine() { return *machine_; }
  const DemoCapture& capture() const { return capture_; }
  const DemoTally& tally() const { return tally_; }
  const std::vector<DemoEvent>& events() const { return events_; }
  uint64_t completed() const { return completed_.load(std::memory_order_relaxed); }

 private:
  void RunWorkload(uint32_t index);
  void Prepare(const DemoWorkload& workload);
  uint32_t WriteRing(const DemoWorkload& workload);
  bool WaitUntilIdle(hw::Engine engine);
  void Check(const DemoWorkload& workload, uint32_t index);
  void MeasureClock();
  uint64_t DispatchedNs() const;
  void Forget(const DemoWorkload& workload);

  const DemoCapture& capture_;
  const DemoClock& clock_;
  const bool checks_;
  std::unique_ptr<hostif::embedded::Machine> machine_;
  std::unique_ptr<hostif::embedded::GuestDriver> driver_;
  std::unique_ptr<DemoSpinner> spinner_;
  hostif::embedded::GgttPage ring_;
  hostif::embedded::GgttPage stamp_;
  int64_t clock_offset_ns_ = 0;                     // of the device's clock
  std::unordered_map<uint64_t, uint32_t> present_;  // page -> content; absent: unknown
  std::unordered_map<uint64_t, uint64_t> mapped_;   // GGTT page -> entry
  DemoTally tally_;
  std::vector<DemoEvent> events_;
  std::atomic<uint64_t> completed_{0};  // atomic: a counter for onlookers
};

}  // namespace gvt::tools
