// Every store of a thread outside of its own memory, with its address.
//
// The memory of the process is made read-only, but for the thread's stack and thread-local memory.
// A store elsewhere faults, is noted, is let through as a single step, and the memory is closed
// again behind it. So nothing escapes: not a store of the value that is there already, and not one
// that is undone.
//
// Thread rule: made, started and stopped by one thread, which is not the first of the process. All
// others sleep meanwhile. One watch at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace gvt::steady {

class WriteWatch {
 public:
  // Stores that are noted; later ones are only counted.
  static constexpr size_t kMaxNoted = 65536;

  WriteWatch();
  ~WriteWatch();
  WriteWatch(const WriteWatch&) = delete;
  WriteWatch& operator=(const WriteWatch&) = delete;

  // From Start() to Stop() the system is asked for nothing.
  void Start();
  void Stop();

  // Of all that was watched. `noted`: where stores began, in their order.
  size_t count() const;
  std::span<const uintptr_t> noted() const;
};

}  // namespace gvt::steady
