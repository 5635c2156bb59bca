// Which of an engine's execlists runs next, and for how long: weighted fair by time used, with caps
// and latency targets.
//
// Slices are of kSliceNs, and shorter if so many can run that a turn of all would take longer than
// kTurnNs.
//
// Each has a fair time, which advances with the time it used, divided by its weight; the least
// advanced that can run is next, so that nobody who wants the engine goes without, and it idles
// only if nobody wants it or may have it. One that was idle, waited or was held back does not save
// up: it goes on at the time of those that ran.
//
// A latency target works twice. Slices of the others are so short that work which comes is begun in
// time; and among those that can run, one with a target goes first, as long as it is not more than
// kLongestLeadNs ahead of its share. So it is served early, not more.
//
// One that waits for a semaphore is looked at again after a pause that doubles, until something new
// is submitted.
//
// Not thread-safe. Times are nanoseconds of one monotonic clock. Cost: one pass over the execlists
// of the engine, as many as there are vGPUs.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "sched/cap_meter.h"
#include "sched/engine_lease.h"
#include "sched/fair_time.h"
#include "sched/share.h"
#include "sched/virtual_execlist.h"

namespace gvt::sched {

inline constexpr uint64_t kSliceNs = 2'000'000;
inline constexpr uint64_t kShortestSliceNs = 100'000;
inline constexpr uint64_t kTurnNs = 6 * kSliceNs;
// However many can run: to change the context takes microseconds.
inline constexpr uint64_t kShortestOfManyNs = kSliceNs / 4;

class RunQueue {
 public:
  static constexpr uint64_t kFirstPauseNs = 20'000;
  static constexpr uint64_t kLongestPauseNs = 500'000;
  static constexpr uint64_t kLongestLeadNs = 2 * kSliceNs;

  struct Turn {
    VirtualExeclist* execlist = nullptr;
    uint64_t slice_ns = kSliceNs;
    bool is_contended = false;  // others could run now, too
  };

  void Add(VirtualExeclist* execlist, const Share& share);
  void Remove(VirtualExeclist* execlist);

  // The one to run now; nullopt: none.
  std::optional<Turn> Next(uint64_t now_ns);
  // What those that want the engine, as Next() found them, are promised together.
  LeaseRequest Demand() const;
  // Nothing runs now: when to look again; nullopt: when woken.
  std::optional<uint64_t> NextLook() const;
  // `execlist` ran for `used_ns`; `more`: it said that there is more to run now.
  void Ran(VirtualExeclist* execlist, uint64_t now_ns, uint64_t used_ns, bool more);

 private:
  struct Entry {
    Entry(VirtualExeclist* that, const Share& its)
        : execlist(that), share(its), cap(its.cap_percent) {}

    VirtualExeclist* execlist;
    Share share;
    FairTime time;
    CapMeter cap;
    uint64_t ready_ns = 0;    // since when it can run, or ran last
    uint64_t look_at_ns = 0;  // waits: not before this
    uint64_t pause_ns = 0;    // 0: does not wait
    bool has_work = false;
    bool is_ready = false;
  };

  Entry* Find(VirtualExeclist* execlist);
  bool CanRun(Entry& entry, uint64_t now_ns) const;
  bool IsUrgent(const Entry& entry) const;
  bool GoesBefore(const Entry& a, const Entry& b) const;
  uint64_t SliceOf(const Entry& entry, size_t ready) const;

  std::vector<Entry> entries_;
  uint64_t fair_now_ = 0;  // of the least advanced that can run; never goes back
};

}  // namespace gvt::sched
