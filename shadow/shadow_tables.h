// All shadow tables of one vGPU, which its engines share, and the walk of one engine through them.
//
// Tables are made lazily: one when a walk first needs it, of the guest's page as it is then.
// Nothing traps the guest's stores. Instead an entry is checked against the guest's when it is used
// for the first time behind a consistency point: a context is loaded or its tail moved,
// translations are invalidated by a register or in the stream. So a submission costs what it uses,
// however much is mapped; and the guest's announcements of address spaces are not needed.
//
// A consistency point draws a number from one counter. A table carries the number that the counter
// had before the table was last converted as a whole: an engine whose last point is not younger
// uses its entries as they are, but for those that are not present: these are looked at again.
//
// Bounds: ShadowLimits::tables of 4 KiB. Beyond that, tables that were not used lately make room;
// while there is none, walks read the guest's entries one by one: slower, not wrong.
//
// Progress: a walk never waits for another thread. It may find a table being brought up to date:
// then it converts the entry that it needs for itself. All other operations are wait-free, but
// Collect(), which leaves if another thread is at it.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/address.h"
#include "base/epoch.h"
#include "hostif/guest_memory.h"
#include "hw/page_walk.h"
#include "shadow/convert.h"
#include "shadow/table_arena.h"
#include "shadow/table_index.h"
#include "shadow/table_key.h"

namespace gvt::shadow {

struct ShadowLimits {
  uint32_t tables = 4096;  // 16 MiB; a guest that plays on one screen uses some hundred
};

// Since the vGPU was made. Relaxed atomics, read by statistics.
struct ShadowCounters {
  std::atomic<uint64_t> entries{0};    // present ones that were converted
  std::atomic<uint64_t> tables{0};     // that were made
  std::atomic<uint64_t> checks{0};     // of single entries against the guest's
  std::atomic<uint64_t> changes{0};    // entries that were found changed
  std::atomic<uint64_t> uncached{0};   // entries that were read without a table, for want of room
  std::atomic<uint64_t> reclaimed{0};  // tables
  std::array<std::atomic<uint64_t>, kSubstitutionCount> substituted{};  // [0] is unused
};

class ShadowTables {
 public:
  // `memory` outlives the object.
  explicit ShadowTables(const hostif::GuestMemory& memory, const ShadowLimits& limits = {});
  ShadowTables(const ShadowTables&) = delete;
  ShadowTables& operator=(const ShadowTables&) = delete;

  // Thread rule: any.
  const ShadowCounters& counters() const { return counters_; }
  uint32_t tables_in_use() const { return arena_.in_use(); }
  ShadowLimits limits() const { return {arena_.capacity()}; }

 private:
  friend class ShadowWalker;

  // What is known of a table beside its entries. Guarded by `claim`, but for what is atomic.
  struct TableState {
    std::atomic<bool> claim{false};    // atomic: who has set it may change entries
    std::atomic<uint64_t> made_at{0};  // atomic: the counter before all entries were converted
    std::atomic<uint64_t> used_at{0};  // atomic: a consistency point of a user, for reclaim
    uint64_t checked_at = 0;           // consistency point that `checks` belongs to
    uint32_t checks = 0;
  };
  // Who holds it is the only one of the table's writers. No one waits for it.
  class Claim;

  bool Reclaim(uint64_t point);
  void Collect();
  size_t Retire(uint64_t used_before, uint64_t generation);

  const hostif::GuestMemory& memory_;
  EpochDomain epochs_;
  TableArena arena_;
  TableIndex index_;
  std::unique_ptr<TableState[]> states_;
  std::atomic<uint64_t> clock_{1};  // atomic: the last consistency point of any engine
  ShadowCounters counters_;

  std::atomic<bool> maintaining_{false};  // atomic: who has set it removes and gives back tables
  // Guarded by maintaining_:
  struct Retired {
    uint64_t tag;
    TableId table;
  };
  std::vector<Retired> limbo_;  // at most all tables
  uint64_t reclaimed_at_ = 0;
};

// Where a graphics address leads.
struct ShadowTarget {
  bool present = false;
  bool writable = false;                            // at every level
  Substitution substitution = Substitution::kNone;  // why it is not present, if not by the guest
  uint64_t frame = 0;                               // for the device
};

// The page walk of one engine. Thread rule: one thread at a time.
class ShadowWalker {
 public:
  // `tables` outlives the object.
  ShadowWalker(ShadowTables& tables, hw::LargePtes large_ptes);

  // pdp: as a context image holds them. Also a consistency point.
  void Bind(bool four_level, const std::array<uint64_t, 4>& pdp);
  // A consistency point: what is walked from here on is what the guest has now, or later. The
  // walker keeps nothing that was found before.
  // HOT: bench/shadow_bench.cc BM_Submission; no alloc, no lock, no virtual call, no syscall
  GVT_HOT void Sync();
  // Any address is legal. What is kept of an answer is given up before the next Sync().
  // HOT: bench/shadow_bench.cc BM_Submission; no alloc, no lock, no virtual call, no syscall
  GVT_HOT ShadowTarget Walk(Gma address);

 private:
  // A table on the way of a walk.
  struct Place {
    TableShape shape;
    Gfn frame;
    TableId table = kNoTable;
  };

  static constexpr uint64_t kNoRegion = ~uint64_t{0};
  // What one page table maps.
  static constexpr uint64_t RegionOf(Gma address) {
    return address.value >> LevelShift(hw::TableLevel::kPd);
  }

  TableKey KeyOf(const Place& place) const {
    return TableKey(place.frame, place.shape, generation_);
  }
  void Begin();
  ShadowEntry EntryAt(Place* place, unsigned index);
  ShadowEntry CheckedEntry(const Place& place, unsigned index);
  ShadowEntry SingleEntry(const Place& place, unsigned index) const;
  bool ReadTable(const Place& place);
  ShadowEntry Refresh(const Place& place, unsigned index);
  TableId Make(const Place& place);
  void Count(const ConvertTally& tally);
  ShadowTarget WalkPage(Gma address);
  ShadowTarget WalkLargePage(Gma address, ShadowEntry entry, bool writable) const;
  ShadowTarget WalkDown(Gma address, Place place);

  ShadowTables& tables_;
  const hw::LargePtes large_ptes_;
  EpochReader reader_;
  bool four_level_ = true;
  std::array<uint64_t, 4> pdp_{};
  uint64_t point_ = 0;                  // the last consistency point
  uint64_t generation_ = ~uint64_t{0};  // of frames_
  FrameMap frames_;
  bool has_room_ = true;  // of the arena, since the last consistency point
  // The page table of the last walk: neighbours of its page need no look at the levels above.
  uint64_t last_region_ = kNoRegion;
  Place last_;
  bool last_writable_ = false;
  alignas(64) std::array<uint64_t, hw::kEntriesPerTable> guest_{};
  alignas(64) std::array<uint64_t, hw::kEntriesPerTable> fresh_{};
};

}  // namespace gvt::shadow
