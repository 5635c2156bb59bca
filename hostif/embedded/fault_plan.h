// Lets the N-th host call fail.
//
// Everything that the embedded host asks of the operating system or of the core goes by here first.
// A test counts the calls of a run, then repeats the run with each of them failing.
#pragma once

#include <atomic>
#include <cstdint>

namespace gvt::hostif::embedded {

class FaultPlan {
 public:
  // The `n`-th call from now fails, the first is 1; 0: none does.
  void FailAt(uint64_t n) {
    calls_.store(0);
    failing_.store(n);
  }
  // Counts a call. True: it is the one that fails.
  bool Fails() { return calls_.fetch_add(1) + 1 == failing_.load(); }
  uint64_t calls() const { return calls_.load(); }

 private:
  // atomic: counters
  std::atomic<uint64_t> calls_{0};
  std::atomic<uint64_t> failing_{0};
};

}  // namespace gvt::hostif::embedded
