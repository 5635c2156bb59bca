// What a thread asks of the system, for tests that say: nothing.
//
// The program's own allocation and locking functions stand before those of the C library, for the
// libraries that it loads, too. Sanitizers put theirs there, so that this program is built without.
#pragma once

#include <cstdint>
#include <ostream>

namespace gvt::steady {

struct Calls {
  uint64_t allocations = 0;  // malloc and its like, and through it operator new
  uint64_t locks = 0;        // mutexes, reader-writer locks, spin locks; taken or only tried
  uint64_t waits = 0;  // condition variables, semaphores; syscall(), so also atomics that wait

  friend bool operator==(const Calls&, const Calls&) = default;
  friend std::ostream& operator<<(std::ostream& out, const Calls& calls) {
    return out << calls.allocations << " allocations, " << calls.locks << " locks, " << calls.waits
               << " waits";
  }
};

// Of the calling thread since it began.
Calls CallsOfThread();

// Of the calling thread during function().
template <typename Function>
Calls CallsOf(const Function& function) {
  const Calls before = CallsOfThread();
  function();
  const Calls after = CallsOfThread();
  return {after.allocations - before.allocations, after.locks - before.locks,
          after.waits - before.waits};
}

}  // namespace gvt::steady
