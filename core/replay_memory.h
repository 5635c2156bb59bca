// Guest memory of a replay: pages of this process, given to the vGPU where the recorded host gave
// it its own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <unordered_set>

#include "base/address.h"
#include "base/result.h"
#include "hostif/guest_memory.h"

namespace gvt::core {

// Bounded whatever the trace says: slots by kMaxSlotBytes together, pages that hold anything by the
// limit given.
class ReplayMemory {
 public:
  // Reserved, not used: a slot costs what is touched of it.
  static constexpr uint64_t kMaxSlotBytes = uint64_t{1} << 40;

  // `memory` outlives the object.
  ReplayMemory(hostif::GuestMemory& memory, uint64_t live_bytes_limit)
      : memory_(memory), page_limit_(live_bytes_limit >> kPageShift) {}
  ~ReplayMemory();
  ReplayMemory(const ReplayMemory&) = delete;
  ReplayMemory& operator=(const ReplayMemory&) = delete;

  // Errors: those of GuestMemory; kNoSpace: kMaxSlotBytes, or the system has no address space.
  Result<void> Add(Gpa start, uint64_t size_bytes, bool read_only);
  Result<void> Remove(Gpa start, uint64_t size_bytes);

  // Puts what the recorded device found there; inside one page. kNotFound: no memory there;
  // kNoSpace: the limit of live pages.
  Result<void> Put(Gpa to, std::span<const std::byte> data);
  // The device is about to use this page. False: the limit of live pages.
  bool Touch(Gpa page);

 private:
  struct Slot {
    uint64_t end = 0;
    std::byte* host = nullptr;
  };
  void Unmap(uint64_t begin, uint64_t end);

  hostif::GuestMemory& memory_;
  const uint64_t page_limit_;
  std::map<uint64_t, Slot> slots_;  // by their first address
  uint64_t slot_bytes_ = 0;
  std::unordered_set<uint64_t> live_;  // numbers of pages
};

}  // namespace gvt::core
