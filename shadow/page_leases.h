// Leases of single guest pages, for hosts whose guest memory is scattered: a page is lent to the
// device by the host, held by whoever made an entry of it, and given back when no one can use it.
//
// One object is one slot of guest memory: a record of eight bytes a page, in an array by frame,
// with what the device is given and how many hold it. A page that nobody holds stays lent until its
// place is wanted, since it is likely to be wanted again.
//
// A lease ends in this order: nobody holds the page; its record says that it is not lent; every
// engine that may have kept the translation has passed a consistency point or does nothing (the
// epochs of base/epoch.h); the host is told. Until the last step it can be held again.
//
// Progress: Acquire of a page that is lent, and Release, are lock-free. The others wait for the
// host under a lock. Thread rule: any thread.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "base/address.h"
#include "base/check.h"
#include "base/epoch.h"
#include "base/range.h"
#include "base/result.h"

namespace gvt::shadow {

// What a host does to lend a page: pin it, map it for the device.
class PageMapper {
 public:
  virtual ~PageMapper() = default;
  // The frame that the device is given, below 2^36. Any error: the page is not lent.
  virtual Result<uint64_t> Map(Gfn frame) = 0;
  virtual void Unmap(Gfn frame, uint64_t device_frame) = 0;
};

// How many pages may be lent at a time, of all slots that share it.
class LeaseBudget {
 public:
  explicit LeaseBudget(uint64_t pages) : left_(pages) {}
  bool Take() {
    uint64_t left = left_.load(std::memory_order_relaxed);
    while (left != 0) {
      if (left_.compare_exchange_weak(left, left - 1, std::memory_order_relaxed)) return true;
    }
    return false;
  }
  void Give() { left_.fetch_add(1, std::memory_order_relaxed); }
  uint64_t left() const { return left_.load(std::memory_order_relaxed); }

 private:
  std::atomic<uint64_t> left_;  // atomic: a counter that guards nothing else
};

class PageLeases {
 public:
  static constexpr uint64_t kNotLent = ~uint64_t{0};
  static constexpr uint64_t kMaxHolders = (uint64_t{1} << 26) - 1;

  // Of the frames of a slot, which is not empty. All references outlive the object.
  PageLeases(Range frames, PageMapper& mapper, EpochDomain& epochs, LeaseBudget& budget);
  // Gives everything back. Nobody holds a page any more, and no engine may use one.
  ~PageLeases();
  PageLeases(const PageLeases&) = delete;
  PageLeases& operator=(const PageLeases&) = delete;

  bool Has(Gfn frame) const { return frame.value - frames_.begin < frames_.size(); }

  // Holds a page of the slot; it stays lent until Release. Returns the frame for the device, or
  // kNotLent: the budget is spent, kMaxHolders hold it, or the host refuses.
  // HOT: bench/shadow_bench.cc BM_Leases; no alloc, no lock, no virtual call, no syscall
  GVT_HOT uint64_t Acquire(Gfn frame) {
    const uint64_t device_frame = TryHold(RecordOf(frame));
    return device_frame != kNotLent ? device_frame : Lend(frame);
  }
  // For each time that it was acquired.
  void Release(Gfn frame) { RecordOf(frame).fetch_sub(kHolder, std::memory_order_release); }

  // Acquire for many: device_frames[i] for frames[i], all of the slot. Both spans are as long.
  // Returns how many are held. Looks ahead, so that frames may be in any order.
  // HOT: bench/shadow_bench.cc BM_Leases; no alloc, no lock, no virtual call, no syscall
  GVT_HOT size_t AcquireAll(std::span<const uint64_t> frames, std::span<uint64_t> device_frames);

  // Looks at up to `count` pages, one after the other from where the last call stopped, and takes
  // back those that nobody holds. Returns how many were given back to the host: those of former
  // calls among them, whose time has come now.
  size_t Trim(uint64_t count);

 private:
  using Record = std::atomic<uint64_t>;
  // atomic: bit 62 lent; bits 61:36 holders; bits 35:0 the device's frame. Zero: not lent.
  static constexpr unsigned kHolderShift = 36;
  static constexpr uint64_t kFrameMask = (uint64_t{1} << kHolderShift) - 1;
  static constexpr uint64_t kHolder = uint64_t{1} << kHolderShift;
  static constexpr uint64_t kLent = uint64_t{1} << 62;
  static constexpr uint64_t HoldersOf(uint64_t record) { return (record & ~kLent) >> kHolderShift; }

  struct Retired {
    uint64_t tag;
    uint64_t frame;
    uint64_t device_frame;
  };
  struct FreeMemory {
    void operator()(Record* records) const;
  };

  Record& RecordOf(Gfn frame) const { return records_[frame.value - frames_.begin]; }
  static uint64_t TryHold(Record& record) {
    uint64_t now = record.load(std::memory_order_relaxed);
    while ((now & kLent) != 0 && HoldersOf(now) != kMaxHolders) {
      if (record.compare_exchange_weak(now, now + kHolder, std::memory_order_acquire)) {
        return now & kFrameMask;
      }
    }
    return kNotLent;
  }
  uint64_t Lend(Gfn frame);
  bool TakeBackFromLimbo(Gfn frame, uint64_t* device_frame);
  size_t GiveBack(uint64_t oldest);

  const Range frames_;
  PageMapper& mapper_;
  EpochDomain& epochs_;
  LeaseBudget& budget_;
  std::unique_ptr<Record[], FreeMemory> records_;

  std::mutex lock_;  // guards what follows, and records that become lent or not lent
  std::vector<Retired> limbo_;
  uint64_t next_ = 0;  // page that Trim looks at next
};

}  // namespace gvt::shadow
