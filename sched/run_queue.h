// Which of an engine's execlists runs next: weighted fair, by time used.
//
// Each has a virtual time that advances with the time it used, divided by its weight; the least
// advanced that can run is next. One that was idle does not save up: it continues at the time of
// those that ran. One that waits for a semaphore is looked at again after a pause that doubles,
// until something new is submitted.
//
// Not thread-safe. Times are nanoseconds of one monotonic clock.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "sched/virtual_execlist.h"

namespace gvt::sched {

class RunQueue {
 public:
  static constexpr uint64_t kFirstPauseNs = 20'000;
  static constexpr uint64_t kLongestPauseNs = 500'000;

  void Add(VirtualExeclist* execlist, uint32_t weight);
  void Remove(VirtualExeclist* execlist);

  // The one to run now; nullptr: none.
  VirtualExeclist* Next(uint64_t now_ns);
  // Nothing runs now: when to look again; nullopt: when woken.
  std::optional<uint64_t> NextLook() const;
  // `execlist` ran for `used_ns`; `more`: it said that there is more to run now.
  void Ran(VirtualExeclist* execlist, uint64_t now_ns, uint64_t used_ns, bool more);

 private:
  struct Entry {
    VirtualExeclist* execlist = nullptr;
    uint32_t weight = 1;
    uint64_t virtual_ns = 0;
    uint64_t look_at_ns = 0;  // waits: not before this
    uint64_t pause_ns = 0;    // 0: does not wait
    bool was_idle = true;
  };

  Entry* Find(VirtualExeclist* execlist);

  std::vector<Entry> entries_;
  uint64_t virtual_now_ns_ = 0;  // of the one that ran last
};

}  // namespace gvt::sched
