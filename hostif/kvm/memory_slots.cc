// What KVM should have is computed from ranges and tracked pages; the difference to what it has is
// applied: first everything that goes, then everything that comes.
//
// Invariants:
// 1. slots_ is what KVM has, also when it refused something: then the next change tries again.
// 2. KVM is only changed with running_ held alone.
#include "hostif/kvm/memory_slots.h"

#include <linux/kvm.h>
#include <sys/ioctl.h>

#include <cerrno>
#include <cstddef>

namespace gvt::hostif::kvm {
namespace {

void* Offset(void* address, uint64_t bytes) {
  return static_cast<std::byte*>(address) + bytes;
}

}  // namespace

MemorySlots::SlotMap MemorySlots::Wanted() const {
  SlotMap wanted;
  for (const auto& entry : ranges_) {
    const uint64_t gpa = entry.first;
    const Slot& range = entry.second;
    const uint64_t end = gpa + range.size_bytes;
    uint64_t at = gpa;
    const auto put = [&](uint64_t until, bool read_only) {
      if (until > at) wanted[at] = Slot{until - at, Offset(range.address, at - gpa), read_only};
      at = until;
    };
    for (auto frame = tracked_.lower_bound(gpa >> kPageShift);
         frame != tracked_.end() && (*frame << kPageShift) < end; ++frame) {
      put(*frame << kPageShift, false);
      put((*frame << kPageShift) + kPageSize, true);
    }
    put(end, false);
  }
  return wanted;
}

Result<void> MemorySlots::Set(uint64_t gpa, const Slot& slot) {
  kvm_userspace_memory_region region = {};
  region.slot = slot.number;
  region.flags = slot.read_only ? KVM_MEM_READONLY : 0;
  region.guest_phys_addr = gpa;
  region.memory_size = slot.size_bytes;
  region.userspace_addr = reinterpret_cast<uintptr_t>(slot.address);
  if (ioctl(vm_file_, KVM_SET_USER_MEMORY_REGION, &region) != 0) {
    return Error{ErrorCode::kIo, 0, static_cast<uint32_t>(errno)};
  }
  return {};
}

Result<void> MemorySlots::Apply() {
  SlotMap wanted = Wanted();
  const std::unique_lock alone(running_);
  for (auto it = slots_.begin(); it != slots_.end();) {
    const auto kept = wanted.find(it->first);
    if (kept != wanted.end() && kept->second.Is(it->second)) {
      wanted.erase(kept);
      ++it;
      continue;
    }
    Slot gone = it->second;
    gone.size_bytes = 0;
    if (Result<void> done = Set(it->first, gone); !done) return done;
    free_.push_back(gone.number);
    it = slots_.erase(it);
  }
  for (auto& [gpa, slot] : wanted) {
    if (free_.empty()) {
      if (used_ == slot_count_) return Error{ErrorCode::kNoSpace, 0, slot_count_};
      free_.push_back(first_slot_ + used_++);
    }
    slot.number = free_.back();
    if (Result<void> done = Set(gpa, slot); !done) return done;
    free_.pop_back();
    slots_[gpa] = slot;
  }
  return {};
}

Result<void> MemorySlots::Add(Gpa start, uint64_t size_bytes, void* address) {
  const std::lock_guard lock(lock_);
  if (Result<void> added = memory_.Add(start, size_bytes, address, false); !added) return added;
  ranges_[start.value] = Slot{size_bytes, address};
  return Apply();
}

Result<void> MemorySlots::Remove(Gpa start, uint64_t size_bytes) {
  const std::lock_guard lock(lock_);
  if (Result<void> removed = memory_.Remove(start, size_bytes); !removed) return removed;
  const uint64_t begin = start.value;
  const uint64_t end = begin + size_bytes;
  SlotMap rest;
  for (const auto& [gpa, range] : ranges_) {
    const uint64_t range_end = gpa + range.size_bytes;
    if (range_end <= begin || gpa >= end) {
      rest[gpa] = range;
      continue;
    }
    if (gpa < begin) rest[gpa] = Slot{begin - gpa, range.address};
    if (range_end > end) rest[end] = Slot{range_end - end, Offset(range.address, end - gpa)};
  }
  ranges_ = std::move(rest);
  tracked_.erase(tracked_.lower_bound(begin >> kPageShift),
                 tracked_.lower_bound(end >> kPageShift));
  return Apply();
}

Result<void> MemorySlots::Track(Gfn frame) {
  const std::lock_guard lock(lock_);
  if (!memory_.Contains(frame)) return Error{ErrorCode::kNotFound};
  if (!tracked_.insert(frame.value).second) return {};
  Result<void> done = Apply();
  if (!done) tracked_.erase(frame.value);
  return done;
}

Result<void> MemorySlots::Untrack(Gfn frame) {
  const std::lock_guard lock(lock_);
  return tracked_.erase(frame.value) != 0 ? Apply() : Result<void>{};
}

bool MemorySlots::IsTracked(Gfn frame) const {
  const std::lock_guard lock(lock_);
  return tracked_.count(frame.value) != 0;
}

}  // namespace gvt::hostif::kvm
