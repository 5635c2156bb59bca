// What scanning threads hand to the learner: copies of streams that left the known traces.
//
// A fixed ring of slots. A scanner that finds no free one goes on without offering: nothing waits,
// nothing is allocated.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <semaphore>
#include <span>

#include "jit/trace_store.h"
#include "scanner/segment.h"

namespace gvt::jit {

struct Offer {
  static constexpr uint32_t kMaxDwords = 2048;

  uint32_t generation = 0;  // of the store when `link` was found
  uint32_t link = 0;        // where the stream left; TraceStore::kNoLink: at the root `key`
  RootKey key = 0;
  scanner::Segment segment;  // of `dwords`, which begin where the stream left
  uint32_t count = 0;
  std::array<uint32_t, kMaxDwords> dwords;
};

class OfferQueue {
 public:
  static constexpr size_t kSlots = 8;

  // Offers `segment` from dword `position` on; the rest as Offer has it. False: no slot is free.
  // Thread rule: any thread. Progress: lock-free. Cost: a copy of at most 8 KiB, and a system call
  // if the learner sleeps.
  bool Put(uint32_t generation, uint32_t link, RootKey key, const scanner::Segment& segment,
           uint32_t position);

  // Waits for an offer; null when Close() was called. Give it back by Done(). Thread rule: one
  // thread.
  Offer* Take();
  // As Take(); null if there is none now.
  Offer* TryTake();
  void Done(Offer* offer);
  void Close();

 private:
  Offer* NextFull();

  enum class State : uint8_t { kFree, kFilling, kFull };
  struct Slot {
    // atomic: kFree -> kFilling by a scanner (acquire), -> kFull by it (release), -> kFree by the
    // learner (release)
    std::atomic<State> state{State::kFree};
    Offer offer;
  };

  std::array<Slot, kSlots> slots_{};
  size_t next_ = 0;  // the learner's: where it looks first
  std::counting_semaphore<> ready_{0};
  std::atomic<bool> closed_{false};  // atomic: set once with release before a wake-up
};

}  // namespace gvt::jit
