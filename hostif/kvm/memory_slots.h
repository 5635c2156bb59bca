// Guest memory of a KVM virtual machine that we are given: slots, and pages whose writes are told.
//
// A tracked page is a read-only slot of its own: the guest reads it as before, and each write comes
// out of KVM_RUN as an MMIO exit, with its data and not stored. Whoever runs the vCPUs stores it
// (Write()) and tells it.
//
// Source: linux Documentation/virt/kvm/api.rst, KVM_SET_USER_MEMORY_REGION.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <set>
#include <shared_mutex>
#include <span>
#include <vector>

#include "base/address.h"
#include "base/result.h"
#include "hostif/guest_memory.h"

namespace gvt::hostif::kvm {

class MemorySlots {
 public:
  // Slots of KVM's from `first_slot` on, at most `slot_count`, are ours. `vm_file` outlives us.
  MemorySlots(int vm_file, uint32_t first_slot, uint32_t slot_count)
      : vm_file_(vm_file), first_slot_(first_slot), slot_count_(slot_count) {}
  MemorySlots(const MemorySlots&) = delete;
  MemorySlots& operator=(const MemorySlots&) = delete;

  // As GuestMemory's; also kNoSpace: KVM has no slot left, kIo: KVM refuses (detail: errno).
  // Waits for the vCPUs to be outside of KVM_RUN.
  Result<void> Add(Gpa start, uint64_t size_bytes, void* address);
  Result<void> Remove(Gpa start, uint64_t size_bytes);
  // Idempotent both. kNotFound: no memory there; else as Add().
  Result<void> Track(Gfn frame);
  Result<void> Untrack(Gfn frame);
  bool IsTracked(Gfn frame) const;

  GuestMemory& memory() { return memory_; }

  // Held shared around KVM_RUN: KVM changes a slot by taking it away and making it anew, and a vCPU
  // must not run in between.
  std::shared_mutex& running() { return running_; }

 private:
  // A slot as KVM knows it.
  struct Slot {
    uint64_t size_bytes = 0;
    void* address = nullptr;
    bool read_only = false;
    uint32_t number = 0;

    bool Is(const Slot& other) const {
      return size_bytes == other.size_bytes && address == other.address &&
             read_only == other.read_only;
    }
  };
  using SlotMap = std::map<uint64_t, Slot>;  // by guest address

  SlotMap Wanted() const;
  Result<void> Apply();
  Result<void> Set(uint64_t gpa, const Slot& slot);

  const int vm_file_;
  const uint32_t first_slot_;
  const uint32_t slot_count_;
  GuestMemory memory_;
  std::shared_mutex running_;
  mutable std::mutex lock_;  // guards what follows
  SlotMap ranges_;           // memory, without regard to tracking
  std::set<uint64_t> tracked_;
  SlotMap slots_;  // what KVM has
  std::vector<uint32_t> free_;
  uint32_t used_ = 0;  // numbers that were handed out at least once
};

}  // namespace gvt::hostif::kvm
