#include "sched/run_queue.h"

#include <algorithm>

namespace gvt::sched {

void RunQueue::Add(VirtualExeclist* execlist, const Share& share) {
  entries_.emplace_back(execlist, share);
}

void RunQueue::Remove(VirtualExeclist* execlist) {
  std::erase_if(entries_, [execlist](const Entry& entry) { return entry.execlist == execlist; });
}

RunQueue::Entry* RunQueue::Find(VirtualExeclist* execlist) {
  for (Entry& entry : entries_) {
    if (entry.execlist == execlist) return &entry;
  }
  return nullptr;
}

bool RunQueue::CanRun(Entry& entry, uint64_t now_ns) const {
  entry.has_work = entry.execlist->HasWork();
  if (!entry.has_work) {
    entry.pause_ns = 0;
    return false;
  }
  if (!entry.cap.MayRun(now_ns)) return false;
  return entry.pause_ns == 0 || now_ns >= entry.look_at_ns || entry.execlist->HasNews();
}

bool RunQueue::IsUrgent(const Entry& entry) const {
  return entry.share.latency_ns != 0 &&
         entry.time.LeadNs(fair_now_, entry.share.weight) <= kLongestLeadNs;
}

bool RunQueue::GoesBefore(const Entry& a, const Entry& b) const {
  const bool urgent = IsUrgent(a);
  if (urgent != IsUrgent(b)) return urgent;
  if (urgent) return a.ready_ns + a.share.latency_ns < b.ready_ns + b.share.latency_ns;
  return a.time.at() < b.time.at();
}

// Half of the shortest target of anybody else is for the slice that runs when work comes; the other
// half for others that are to be begun in time, too.
uint64_t RunQueue::SliceOf(const Entry& entry, size_t ready) const {
  uint64_t slice_ns = std::clamp(kTurnNs / ready, kShortestOfManyNs, kSliceNs);
  for (const Entry& other : entries_) {
    if (&other == &entry || other.share.latency_ns == 0) continue;
    slice_ns = std::min(slice_ns, other.share.latency_ns / 2);
  }
  return std::min(std::max(slice_ns, kShortestSliceNs), entry.cap.AllowanceNs());
}

std::optional<RunQueue::Turn> RunQueue::Next(uint64_t now_ns) {
  const Entry* least = nullptr;
  size_t ready = 0;
  for (Entry& entry : entries_) {
    const bool can_run = CanRun(entry, now_ns);
    if (can_run && !entry.is_ready) {
      entry.time.JoinAt(fair_now_);
      entry.ready_ns = now_ns;
    }
    entry.is_ready = can_run;
    ready += can_run ? 1 : 0;
    if (can_run && (least == nullptr || entry.time.at() < least->time.at())) least = &entry;
  }
  if (least == nullptr) return std::nullopt;
  fair_now_ = std::max(fair_now_, least->time.at());
  const Entry* best = least;
  for (const Entry& entry : entries_) {
    if (entry.is_ready && GoesBefore(entry, *best)) best = &entry;
  }
  return Turn{best->execlist, SliceOf(*best, ready), ready > 1};
}

LeaseRequest RunQueue::Demand() const {
  LeaseRequest demand;
  demand.weight = 0;
  for (const Entry& entry : entries_) {
    if (!entry.is_ready) continue;
    demand.weight += entry.share.weight;
    const uint64_t latency_ns = entry.share.latency_ns;
    if (latency_ns == 0) continue;
    if (demand.latency_ns == 0 || latency_ns < demand.latency_ns) demand.latency_ns = latency_ns;
  }
  return demand;
}

std::optional<uint64_t> RunQueue::NextLook() const {
  std::optional<uint64_t> earliest;
  for (const Entry& entry : entries_) {
    if (!entry.has_work || entry.is_ready) continue;
    const uint64_t may_run_ns = entry.cap.is_empty() ? entry.cap.MayRunAtNs() : 0;
    const uint64_t at_ns = std::max(entry.pause_ns != 0 ? entry.look_at_ns : 0, may_run_ns);
    if (!earliest || at_ns < *earliest) earliest = at_ns;
  }
  return earliest;
}

void RunQueue::Ran(VirtualExeclist* execlist, uint64_t now_ns, uint64_t used_ns, bool more) {
  Entry* entry = Find(execlist);
  if (entry == nullptr) return;
  entry->time.Charge(used_ns, entry->share.weight);
  entry->cap.Used(now_ns, used_ns);
  entry->ready_ns = now_ns;
  if (more) {
    entry->pause_ns = 0;
    return;
  }
  entry->is_ready = false;
  const uint64_t longer = std::min(2 * entry->pause_ns, kLongestPauseNs);
  entry->pause_ns = std::max(longer, kFirstPauseNs);
  entry->look_at_ns = now_ns + entry->pause_ns;
}

}  // namespace gvt::sched
