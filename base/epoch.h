// Epochs: when may something that was unpublished be used for something else?
//
// Readers say when they begin to look at what is published (Pin) and when they keep nothing of it
// any more (Unpin). Who unpublishes a thing takes a tag for it afterwards (Retire), and may reuse
// the thing once its tag is below Oldest(): every reader of that time has unpinned, or pinned anew
// since. Nobody waits for anybody; a reader that stays pinned delays reuse, nothing else. Who can
// wait and has readers that come and go on any thread wants hostif/reader_gate.h instead.
//
// Why it is right: pins, tags and Oldest() are sequentially consistent. A reader that Oldest() does
// not see was pinned after the tag was taken and so after the thing was unpublished: it cannot find
// it. For that, what is published must be loaded with seq_cst, too (on x86 an ordinary load).
//
// Progress: every operation is wait-free. Cost: Pin is a load and an exchange, Unpin a store,
// Oldest() kMaxReaders loads.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "base/check.h"

namespace gvt {

class EpochDomain {
 public:
  static constexpr size_t kMaxReaders = 16;

  EpochDomain() = default;
  EpochDomain(const EpochDomain&) = delete;
  EpochDomain& operator=(const EpochDomain&) = delete;

  // The tag of what was unpublished before the call.
  uint64_t Retire() { return epoch_.fetch_add(1, std::memory_order_seq_cst); }
  // Everything with a smaller tag is out of every reader's reach.
  uint64_t Oldest() const {
    uint64_t oldest = ~uint64_t{0};
    for (const Slot& slot : slots_) {
      const uint64_t pinned = slot.pinned.load(std::memory_order_seq_cst);
      if (pinned != kUnpinned) oldest = std::min(oldest, pinned);
    }
    return oldest;
  }

 private:
  friend class EpochReader;
  static constexpr uint64_t kUnpinned = 0;

  struct alignas(64) Slot {
    // atomic: written by the slot's reader, read by Oldest()
    std::atomic<uint64_t> pinned{kUnpinned};
    std::atomic<bool> taken{false};
  };

  std::atomic<uint64_t> epoch_{1};
  std::array<Slot, kMaxReaders> slots_;
};

// One reader of a domain, which outlives it. At most kMaxReaders of a domain live at a time. Thread
// rule: one thread at a time.
class EpochReader {
 public:
  explicit EpochReader(EpochDomain& domain) : domain_(domain), slot_(Take(domain)) {}
  ~EpochReader() {
    Unpin();
    slot_.taken.store(false, std::memory_order_release);
  }
  EpochReader(const EpochReader&) = delete;
  EpochReader& operator=(const EpochReader&) = delete;

  bool is_pinned() const {
    return slot_.pinned.load(std::memory_order_relaxed) != EpochDomain::kUnpinned;
  }
  // What is published from now on stays; what was found under a former pin is void.
  void Pin() {
    const uint64_t now = domain_.epoch_.load(std::memory_order_seq_cst);
    slot_.pinned.store(now, std::memory_order_seq_cst);
  }
  // Nothing that was found is kept any more.
  void Unpin() { slot_.pinned.store(EpochDomain::kUnpinned, std::memory_order_release); }

 private:
  static EpochDomain::Slot& Take(EpochDomain& domain) {
    for (EpochDomain::Slot& slot : domain.slots_) {
      if (!slot.taken.exchange(true, std::memory_order_acq_rel)) return slot;
    }
    GVT_CHECK(false, "readers are engines and threads of ours, counted when they are written");
    return domain.slots_[0];
  }

  EpochDomain& domain_;
  EpochDomain::Slot& slot_;
};

}  // namespace gvt
