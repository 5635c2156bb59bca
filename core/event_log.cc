// A ring of the last GVTCORE_EVENT_SLOTS events, each with its number: a reader sees what it missed
// by a gap. A guest can cause events as fast as it runs, and then has only pushed out its own.
#include "core/event_log.h"

#include <algorithm>
#include <chrono>

namespace gvt::core {
namespace {

constexpr const char* kNames[] = {
    "activated",        "deactivated",     "reset",         "saved",         "restored",
    "memory-added",     "memory-removed",  "memory-moved",  "region-mapped", "region-unmapped",
    "register-refused", "command-refused", "command-error", "page-missing",  "context-missing",
    "stalled",          "engine-reset",    "failsafe"};
static_assert(std::size(kNames) == kEventKinds);

uint64_t SteadyNs() {
  return static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(
                                   std::chrono::steady_clock::now().time_since_epoch())
                                   .count());
}

}  // namespace

void EventLog::Note(const Event& event) {
  const uint64_t now = clock_ != nullptr ? clock_->NowNs() : SteadyNs();
  const std::lock_guard lock(lock_);
  gvtcore_event_t& slot = slots_[next_ % slots_.size()];
  slot.number = next_++;
  slot.time_ns = now;
  slot.kind = static_cast<uint32_t>(event.kind);
  slot.engine = event.engine;
  slot.detail = event.detail;
}

size_t EventLog::Read(uint64_t from, std::span<gvtcore_event_t> out) const {
  const std::lock_guard lock(lock_);
  const uint64_t oldest = next_ - std::min<uint64_t>(next_, slots_.size());
  const uint64_t first = std::clamp(from, oldest, next_);
  const size_t count = std::min<size_t>(next_ - first, out.size());
  for (size_t i = 0; i < count; ++i) out[i] = slots_[(first + i) % slots_.size()];
  return count;
}

const char* EventName(uint32_t kind) {
  return kind < std::size(kNames) ? kNames[kind] : nullptr;
}

}  // namespace gvt::core
