// A linear pass over the execlists of an engine: there are as many as vGPUs, and a slice is a
// thousand times longer than the pass.
#include "sched/run_queue.h"

#include <algorithm>

namespace gvt::sched {

void RunQueue::Add(VirtualExeclist* execlist, uint32_t weight) {
  Entry entry;
  entry.execlist = execlist;
  entry.weight = std::max(weight, 1u);
  entries_.push_back(entry);
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

VirtualExeclist* RunQueue::Next(uint64_t now_ns) {
  Entry* best = nullptr;
  for (Entry& entry : entries_) {
    if (!entry.execlist->HasWork()) {
      entry.was_idle = true;
      entry.pause_ns = 0;
      continue;
    }
    if (entry.was_idle) {
      entry.was_idle = false;
      entry.virtual_ns = std::max(entry.virtual_ns, virtual_now_ns_);
    }
    const bool pauses = entry.pause_ns != 0 && now_ns < entry.look_at_ns;
    if (pauses && !entry.execlist->HasNews()) continue;
    if (best == nullptr || entry.virtual_ns < best->virtual_ns) best = &entry;
  }
  return best == nullptr ? nullptr : best->execlist;
}

std::optional<uint64_t> RunQueue::NextLook() const {
  std::optional<uint64_t> earliest;
  for (const Entry& entry : entries_) {
    if (entry.pause_ns == 0 || !entry.execlist->HasWork()) continue;
    if (!earliest || entry.look_at_ns < *earliest) earliest = entry.look_at_ns;
  }
  return earliest;
}

void RunQueue::Ran(VirtualExeclist* execlist, uint64_t now_ns, uint64_t used_ns, bool more) {
  Entry* entry = Find(execlist);
  if (entry == nullptr) return;
  virtual_now_ns_ = std::max(virtual_now_ns_, entry->virtual_ns);
  entry->virtual_ns += used_ns / entry->weight + 1;
  if (more) {
    entry->pause_ns = 0;
    return;
  }
  const uint64_t longer = std::min(2 * entry->pause_ns, kLongestPauseNs);
  entry->pause_ns = std::max(longer, kFirstPauseNs);
  entry->look_at_ns = now_ns + entry->pause_ns;
}

}  // namespace gvt::sched
