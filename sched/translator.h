// Graphics addresses of one engine to guest pages, with the TLB that hardware has too.
//
// GGTT addresses are looked up each time: an entry is one load. PPGTT translations are kept until
// the guest invalidates them, as on hardware; they come from the vGPU's shadow tables
// (shadow/shadow_tables.h), where an entry is checked when the TLB is filled: present at every
// level, no reserved bits, and a page that the guest has.
//
// Thread rule: one thread. Cost of a hit: a load and a comparison.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <vector>

#include "base/address.h"
#include "hostif/guest_memory.h"
#include "hw/platform.h"
#include "sched/ggtt_port.h"
#include "shadow/shadow_tables.h"

namespace gvt::sched {

class Translator {
 public:
  // All outlive the object; `tables` are those of `memory`.
  Translator(hw::Platform platform, const hostif::GuestMemory& memory, shadow::ShadowTables& tables,
             const GgttPort& ggtt);

  // The byte of guest memory behind `address`; kNoPage: none, or none that may be written.
  Gpa Translate(hw::AddressSpace space, Gma address, bool write) {
    return space == hw::AddressSpace::kGgtt ? ggtt_.Translate(address)
                                            : TranslateInPpgtt(address, write);
  }

  // As gpu::MemoryPort has them.
  void BindPageTables(bool four_level, const std::array<uint64_t, 4>& pdp);
  void Invalidate();
  // Invalidates before the next translation. Thread rule: any thread.
  void RequestInvalidate() { requests_.fetch_add(1, std::memory_order_release); }

 private:
  static constexpr size_t kEntries = 1024;
  static constexpr uint64_t kWritable = 1;
  struct Entry {
    uint64_t tag = kNoTag;
    uint64_t target = 0;  // guest page address | kWritable
  };
  // A page number, and above it the turn in which the entry was made.
  static constexpr uint64_t kNoTag = ~uint64_t{0};
  static constexpr unsigned kPageBits = kGmaBits - kPageShift;
  static constexpr uint64_t kTurns = (uint64_t{1} << (64 - kPageBits)) - 1;

  Gpa TranslateInPpgtt(Gma address, bool write);
  void Forget();

  const hostif::GuestMemory& memory_;
  const GgttPort& ggtt_;
  shadow::ShadowWalker walker_;
  // atomic: counts what others asked for; the entries are from when it was seen_requests_
  std::atomic<uint64_t> requests_{0};
  uint64_t seen_requests_ = 0;
  uint64_t generation_ = 0;  // of guest memory, when the entries were made
  uint64_t turn_ = 0;        // entries of other turns are void
  std::vector<Entry> entries_;
};

}  // namespace gvt::sched
