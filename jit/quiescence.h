// Knowing that nobody runs emitted code any more, without a cost for those who do.
//
// A scanning thread says that it is inside by a plain store to a cache line of its own. Whoever
// wants the code gone makes every running thread's stores visible (the system call membarrier) and
// then waits until each has been outside once.
//
// It is not base/epoch.h, whose Pin is an exchange: 7 ns before each batch, more than a hundredth
// of what most take to scan. Here who forgets pays instead, seldom, and by a wait that he may do,
// since processors must forget the code as well.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

namespace gvt::jit {

// Threads of the process that may be inside at the same time; further ones do without.
inline constexpr uint32_t kMaxReaders = 64;
inline constexpr uint32_t kNoReader = kMaxReaders;

// The number of this thread, below kMaxReaders, kept until it ends; kNoReader: all are taken.
// Progress: lock-free, bounded.
uint32_t ReaderNumber();

// Whether this process can wait for quiescence and make other processors forget what they fetched.
// Thread rule: any thread. Cost: two system calls, once.
bool QuiescenceIsAvailable();

// Returns when every processor that runs a thread of this process has given up instructions that it
// fetched ahead. Source: Intel SDM vol 3 section 8.1.3, membarrier(2).
void SynchronizeFetches();

class Quiescence {
 public:
  // Lives as long as its thread is inside. Wait-free. `reader` is below kMaxReaders.
  class Inside {
   public:
    Inside(Quiescence& owner, uint32_t reader) : seat_(owner.seats_[reader].occupied) {
      seat_.store(true, std::memory_order_relaxed);
      // The compiler keeps the order; Await()'s membarrier makes the processor's.
      std::atomic_signal_fence(std::memory_order_seq_cst);
    }
    ~Inside() { seat_.store(false, std::memory_order_release); }
    Inside(const Inside&) = delete;
    Inside& operator=(const Inside&) = delete;

   private:
    std::atomic<bool>& seat_;
  };

  // Returns when every thread that was inside has been outside. Blocks for as long as the longest
  // scan; not for a thread that is inside itself.
  void Await() const;

 private:
  struct alignas(64) Seat {
    // atomic: written by its thread, read by Await() with acquire
    std::atomic<bool> occupied{false};
  };
  std::array<Seat, kMaxReaders> seats_{};
};

}  // namespace gvt::jit
