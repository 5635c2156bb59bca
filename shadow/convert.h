// The guest's page tables into shadow tables: one entry, or all 512 of a table at a time.
//
// Pure functions of what they are given; any input is legal. The rule for an entry is hw's
// (JudgeEntry), the same that a walk over the guest's own tables has.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "base/check.h"
#include "hw/gtt_entry.h"
#include "shadow/frame_map.h"
#include "shadow/shadow_entry.h"
#include "shadow/table_key.h"

namespace gvt::shadow {

using ConstEntries = std::span<const uint64_t, hw::kEntriesPerTable>;
using Entries = std::span<uint64_t, hw::kEntriesPerTable>;

// What came of entries that were converted.
struct ConvertTally {
  uint32_t present = 0;                                    // in the shadow
  std::array<uint32_t, kSubstitutionCount> substituted{};  // by reason; [0] is unused

  void Add(ShadowEntry entry) {
    if (entry.present()) {
      ++present;
    } else if (entry.substitution() != Substitution::kNone) {
      ++substituted[static_cast<unsigned>(entry.substitution())];
    }
  }
};

// The entry of the guest that says what entry `index` of the shadow is: of a table of 64 KiB pages,
// the first of sixteen.
constexpr unsigned GuestIndex(TableShape shape, unsigned index) {
  return shape.pages_64k ? index & ~15u : index;
}

// Entry `index` of the shadow of a table of that shape. `raw`: what the guest has at GuestIndex().
ShadowEntry ConvertEntry(TableShape shape, unsigned index, uint64_t raw, const FrameMap& frames);

// All entries. `guest` and `shadow` do not overlap; `guest` is private to the caller. Cost: about
// that of copying the table, where entries lie in one window.
// HOT: bench/shadow_bench.cc BM_Populate; no alloc, no lock, no virtual call, no syscall
GVT_HOT ConvertTally ConvertTable(TableShape shape, ConstEntries guest, const FrameMap& frames,
                                  Entries shadow);

// As ConvertTable, without vector instructions: for processors that have none, and as the oracle.
ConvertTally ConvertTablePlain(TableShape shape, ConstEntries guest, const FrameMap& frames,
                               Entries shadow);

}  // namespace gvt::shadow
