// Turns offers into compiled traces, on a thread of its own.
//
// From where a stream left what is known it follows the recording, trace by trace, until known
// ground, walks over that, and so on, until the recording ends or holds something that cannot be
// told again.
#pragma once

#include <pthread.h>

#include <atomic>
#include <cstdint>

#include "hw/platform.h"
#include "jit/offer_queue.h"
#include "jit/trace.h"
#include "jit/trace_store.h"
#include "scanner/policy.h"
#include "scanner/report.h"

namespace gvt::jit {

// Processor time that learning may take: at once when it has not worked for long, and of one core
// in the long run. A guest that never repeats itself costs no more.
inline constexpr uint64_t kLearningBurstNs = 50'000'000;
inline constexpr uint32_t kLearningPercent = 10;

class Learner {
 public:
  // Keeps references to all but `platform`.
  Learner(hw::Platform platform, const scanner::Policy& policy, TraceStore* store)
      : platform_(platform), policy_(policy), store_(*store) {}
  ~Learner();
  Learner(const Learner&) = delete;
  Learner& operator=(const Learner&) = delete;

  // Starts the thread; false: the system gives none, and nothing is ever learned. Signals that are
  // not faults are not taken by it.
  bool Start();
  OfferQueue& queue() { return queue_; }
  // Offers done with, whether or not they taught anything. For tests and benchmarks.
  uint64_t offers_done() const { return offers_done_.load(std::memory_order_acquire); }

  // What the thread does with an offer. Thread rule: the learner's thread, or one where none was
  // started.
  void Learn(const Offer& offer);

 private:
  // A position in the recording, and the link that it stands for.
  struct Place {
    uint32_t dword = 0;
    uint32_t link = TraceStore::kNoLink;
  };

  static void* Main(void* self);
  void Run();
  void PayFor(uint64_t ns);
  bool Extend(const scanner::Segment& recording, const Place& place);
  bool Follow(const scanner::Segment& recording, Place* place);
  bool PassAudited(const scanner::Segment& recording, uint32_t* dword);

  const hw::Platform platform_;
  const scanner::Policy& policy_;
  TraceStore& store_;
  OfferQueue queue_;
  scanner::ScanReport scratch_;
  uint64_t budget_ns_ = kLearningBurstNs;
  uint64_t budget_time_ns_ = 0;  // when it was last filled up
  // atomic: written by the learner with release
  std::atomic<uint64_t> offers_done_{0};
  pthread_t thread_{};
  bool started_ = false;
};

}  // namespace gvt::jit
