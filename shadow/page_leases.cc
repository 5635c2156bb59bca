// Lending and taking back.
//
// Invariants:
// 1. A record changes between lent and not lent under the lock only; holders come and go without
// it.
// 2. A page that is in limbo is not lent by its record, but still by the host: who wants it again
//    gets it from there.
// 3. The budget counts pages that the host lends: those in limbo, too.
#include "shadow/page_leases.h"

#include <algorithm>
#include <cstdlib>

namespace gvt::shadow {
namespace {

// How far AcquireAll looks ahead: long enough for a line to come from memory.
constexpr size_t kAhead = 16;
// Pages in limbo at most; Trim stops there.
constexpr size_t kMaxLimbo = 256;

}  // namespace

void PageLeases::FreeMemory::operator()(Record* records) const {
  std::free(records);
}

PageLeases::PageLeases(Range frames, PageMapper& mapper, EpochDomain& epochs, LeaseBudget& budget)
    : frames_(frames), mapper_(mapper), epochs_(epochs), budget_(budget) {
  static_assert(sizeof(Record) == sizeof(uint64_t) && Record::is_always_lock_free);
  // Zero pages of the system: a record costs memory when its page is first lent.
  records_.reset(static_cast<Record*>(std::calloc(frames.size(), sizeof(Record))));
  GVT_CHECK(records_ != nullptr, "the host is out of memory; it has the slot, 512 times as large");
  limbo_.reserve(kMaxLimbo);
}

PageLeases::~PageLeases() {
  GiveBack(~uint64_t{0});
  for (uint64_t i = 0; i < frames_.size(); ++i) {
    const uint64_t record = records_[i].load(std::memory_order_relaxed);
    if ((record & kLent) == 0) continue;
    mapper_.Unmap(Gfn(frames_.begin + i), record & kFrameMask);
    budget_.Give();
  }
}

bool PageLeases::TakeBackFromLimbo(Gfn frame, uint64_t* device_frame) {
  const auto found = std::find_if(limbo_.begin(), limbo_.end(), [&](const Retired& retired) {
    return retired.frame == frame.value;
  });
  if (found == limbo_.end()) return false;
  *device_frame = found->device_frame;
  limbo_.erase(found);
  return true;
}

// The slow half of Acquire.
uint64_t PageLeases::Lend(Gfn frame) {
  const std::lock_guard lock(lock_);
  Record& record = RecordOf(frame);
  const uint64_t now = record.load(std::memory_order_relaxed);
  if ((now & kLent) != 0) return TryHold(record);  // another thread lent it just now
  uint64_t device_frame = 0;
  if (!TakeBackFromLimbo(frame, &device_frame)) {
    if (!budget_.Take()) return kNotLent;
    const Result<uint64_t> mapped = mapper_.Map(frame);
    if (!mapped || *mapped > kFrameMask) {
      if (mapped) mapper_.Unmap(frame, *mapped);
      budget_.Give();
      return kNotLent;
    }
    device_frame = *mapped;
  }
  record.store(kLent | kHolder | device_frame, std::memory_order_release);
  return device_frame;
}

size_t PageLeases::AcquireAll(std::span<const uint64_t> frames, std::span<uint64_t> device_frames) {
  size_t held = 0;
  for (size_t i = 0; i < frames.size(); ++i) {
    if (i + kAhead < frames.size()) __builtin_prefetch(&RecordOf(Gfn(frames[i + kAhead])), 1);
    device_frames[i] = Acquire(Gfn(frames[i]));
    if (device_frames[i] != kNotLent) ++held;
  }
  return held;
}

// Tells the host of what nobody can use any more. The caller holds the lock.
size_t PageLeases::GiveBack(uint64_t oldest) {
  return std::erase_if(limbo_, [&](const Retired& retired) {
    if (retired.tag >= oldest) return false;
    mapper_.Unmap(Gfn(retired.frame), retired.device_frame);
    budget_.Give();
    return true;
  });
}

size_t PageLeases::Trim(uint64_t count) {
  const std::lock_guard lock(lock_);
  size_t given = GiveBack(epochs_.Oldest());
  for (uint64_t i = 0; i < std::min(count, frames_.size()) && limbo_.size() < kMaxLimbo; ++i) {
    Record& record = records_[next_];
    uint64_t now = record.load(std::memory_order_relaxed);
    const bool is_idle = (now & kLent) != 0 && HoldersOf(now) == 0;
    if (is_idle && record.compare_exchange_strong(now, 0, std::memory_order_seq_cst)) {
      limbo_.push_back({epochs_.Retire(), frames_.begin + next_, now & kFrameMask});
    }
    next_ = (next_ + 1) % frames_.size();
  }
  given += GiveBack(epochs_.Oldest());
  return given;
}

}  // namespace gvt::shadow
