// Invariant: slots_ is what memory_ has, and each of its bytes is mapped; so a page is unmapped
// only after memory_ has let go of it.
#include "core/replay_memory.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstring>

namespace gvt::core {

ReplayMemory::~ReplayMemory() {
  for (const auto& [begin, slot] : slots_) {
    (void)memory_.Remove(Gpa(begin), slot.end - begin);
    munmap(slot.host, slot.end - begin);
  }
}

Result<void> ReplayMemory::Add(Gpa start, uint64_t size_bytes, bool read_only) {
  if (size_bytes > kMaxSlotBytes - slot_bytes_) return Error{ErrorCode::kNoSpace};
  void* host = mmap(nullptr, size_bytes, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (host == MAP_FAILED) return Error{ErrorCode::kNoSpace};
  const Result<void> added = memory_.Add(start, size_bytes, host, read_only);
  if (!added) {
    munmap(host, size_bytes);
    return added;
  }
  slots_[start.value] = Slot{start.value + size_bytes, static_cast<std::byte*>(host)};
  slot_bytes_ += size_bytes;
  return added;
}

// Cuts [begin, end) out of the slots.
void ReplayMemory::Unmap(uint64_t begin, uint64_t end) {
  auto at = slots_.upper_bound(begin);
  if (at != slots_.begin() && std::prev(at)->second.end > begin) --at;
  while (at != slots_.end() && at->first < end) {
    const uint64_t first = at->first;
    const Slot slot = at->second;
    const uint64_t cut_begin = std::max(first, begin);
    const uint64_t cut_end = std::min(slot.end, end);
    at = slots_.erase(at);
    if (first < cut_begin) slots_[first] = Slot{cut_begin, slot.host};
    if (cut_end < slot.end) slots_[cut_end] = Slot{slot.end, slot.host + (cut_end - first)};
    munmap(slot.host + (cut_begin - first), cut_end - cut_begin);
    slot_bytes_ -= cut_end - cut_begin;
  }
  std::erase_if(live_, [&](uint64_t page) {
    return page << kPageShift >= begin && page << kPageShift < end;
  });
}

Result<void> ReplayMemory::Remove(Gpa start, uint64_t size_bytes) {
  const Result<void> removed = memory_.Remove(start, size_bytes);
  if (removed) Unmap(start.value, start.value + size_bytes);
  return removed;
}

bool ReplayMemory::Touch(Gpa page) {
  if (live_.contains(page.page())) return true;
  if (live_.size() >= page_limit_) return false;
  live_.insert(page.page());
  return true;
}

Result<void> ReplayMemory::Put(Gpa to, std::span<const std::byte> data) {
  auto behind = slots_.upper_bound(to.value);
  if (behind == slots_.begin()) return Error{ErrorCode::kNotFound};
  const auto& [begin, slot] = *std::prev(behind);
  if (to.value >= slot.end || data.size() > slot.end - to.value) return Error{ErrorCode::kNotFound};
  if (!Touch(to)) return Error{ErrorCode::kNoSpace};
  std::memcpy(slot.host + (to.value - begin), data.data(), data.size());
  return {};
}

}  // namespace gvt::core
