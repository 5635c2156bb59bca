// A mutex for objects that may have but one thread.
//
// Who makes the object knows: a core whose engines are stepped is called by one thread at a time
// (GVTCORE_STEPPED of the C contract), and then there is nobody to keep out. A lock and an unlock
// are two exchanges, 20 ns together, and an empty workload has some ten of them.
//
// With one thread, a second lock can only come from inside the first, as a deadlock would with
// many: it ends the process.
#pragma once

#include <cstdint>
#include <mutex>

#include "base/check.h"

namespace gvt {

// How many threads use an object at a time.
enum class Threads : uint8_t { kMany, kOne };

class OptionalMutex {
 public:
  explicit OptionalMutex(Threads threads) : is_shared_(threads == Threads::kMany) {}

  // As std::mutex has them. Thread rule: any thread; one at a time with Threads::kOne.
  void lock() {
    if (is_shared_) return mutex_.lock();
    GVT_CHECK(!is_held_, "no callback of a host's calls the core, and no guest calls anything");
    is_held_ = true;
  }
  void unlock() {
    if (is_shared_) return mutex_.unlock();
    is_held_ = false;
  }

 private:
  const bool is_shared_;
  bool is_held_ = false;  // if it is not shared
  std::mutex mutex_;
};

}  // namespace gvt
