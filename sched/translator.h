// Graphics addresses of one engine to guest pages, with the TLB that hardware has too.
//
// GGTT addresses are looked up each time: an entry is one load. PPGTT translations are kept until
// the guest invalidates them, as on hardware; an entry is checked when it is filled (architecture
// decision D4): present at every level, no reserved bits, and a page that the guest has.
//
// Thread rule: one thread. Cost of a hit: a load and a comparison.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/address.h"
#include "hostif/guest_memory.h"
#include "hw/page_walk.h"
#include "hw/platform.h"
#include "sched/ggtt_port.h"

namespace gvt::sched {

class Translator {
 public:
  Translator(hw::Platform platform, const hostif::GuestMemory& memory, const GgttPort& ggtt);

  // The byte of guest memory behind `address`; nullopt: no page, or none that may be written.
  std::optional<Gpa> Translate(hw::AddressSpace space, Gma address, bool write);

  // As gpu::MemoryPort has them.
  void BindPageTables(bool four_level, const std::array<uint64_t, 4>& pdp);
  void Invalidate();
  // Invalidates before the next translation. Thread rule: any thread.
  void RequestInvalidate() { requests_.fetch_add(1, std::memory_order_release); }

 private:
  static constexpr size_t kEntries = 1024;
  static constexpr uint64_t kWritable = 1;
  struct Entry {
    uint64_t tag = ~uint64_t{0};  // page number; no address has all bits set
    uint64_t target = 0;          // guest page address | kWritable
  };

  std::optional<uint64_t> Walk(Gma address) const;

  const hostif::GuestMemory& memory_;
  const GgttPort& ggtt_;
  const hw::LargePtes large_ptes_;
  bool four_level_ = true;
  std::array<uint64_t, 4> pdp_{};
  // atomic: counts what others asked for; the entries are from when it was seen_requests_
  std::atomic<uint64_t> requests_{0};
  uint64_t seen_requests_ = 0;
  uint64_t generation_ = 0;  // of guest memory, when the entries were made
  bool is_empty_ = true;
  std::vector<Entry> entries_;
};

}  // namespace gvt::sched
