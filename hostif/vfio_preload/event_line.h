// An interrupt that a VMM takes through an eventfd.
//
// Thread rule: any thread.
#pragma once

#include <mutex>

namespace gvt::hostif::vfio_preload {

class EventLine {
 public:
  EventLine() = default;
  ~EventLine() { Clear(); }
  EventLine(const EventLine&) = delete;
  EventLine& operator=(const EventLine&) = delete;

  // Signals go to a duplicate of `fd` from now on. One that found nobody is made up for. -EINVAL:
  // not an eventfd; -errno: it cannot be duplicated.
  int Assign(int fd);
  // Takes the eventfd away, and forgets what was not delivered.
  void Clear();
  // With no eventfd, one signal is remembered for the next Assign().
  void Signal();

 private:
  void CloseLocked();
  void SignalLocked();

  // Guards the members. A write under it does not wait: that takes 2^64 - 2 untaken signals.
  std::mutex lock_;
  int fd_ = -1;
  bool missed_ = false;
};

}  // namespace gvt::hostif::vfio_preload
