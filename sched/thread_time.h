// Time that an engine of software uses: that of its thread on a processor.
//
// Not the time that passes meanwhile: on a busy machine the thread is taken off its processor in
// the middle of a slice, for longer than the slice, and whose slice that was has not had the
// engine.
#pragma once

#include <cstdint>
#include <ctime>

namespace gvt::sched {

// Of the calling thread, in nanoseconds since it began. Cost: a system call.
inline uint64_t ThreadTimeNs() {
  timespec now = {};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(now.tv_nsec);
}

}  // namespace gvt::sched
