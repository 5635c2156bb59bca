// The vGPU's own global GTT: a million entries behind BAR0 + 8 MiB.
//
// Entries hold guest pages, as the guest wrote them; nothing is shadowed and nothing is shared
// (architecture decision D8). Only entries of the vGPU's own windows exist: others read as zero.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/range.h"
#include "base/zeroed_array.h"
#include "hw/gtt_entry.h"
#include "sched/ggtt_port.h"
#include "vgpu/value_runs.h"

namespace gvt::vgpu {

inline constexpr uint64_t kGgttWindow = uint64_t{8} << 20;  // offset in BAR0

class GgttWindow final : public sched::GgttPort {
 public:
  // The two ranges of graphics addresses that the vGPU owns.
  GgttWindow(Range low, Range high) : low_(PagesOf(low)), high_(PagesOf(high)) {}

  // sched::GgttPort
  Gpa Translate(Gma address) const override;

  // Guest accesses; `offset` counts from the window's start. Any range is a legal argument. Thread
  // rule: any thread. An aligned access of 4 or 8 bytes is one atomic operation.
  void Read(uint64_t offset, std::span<std::byte> out) const;
  void Write(uint64_t offset, std::span<const std::byte> data);
  void Reset();
  // All entries, and all of them anew. Entries outside of the windows stay zero.
  ValueRuns Save() const;
  void Restore(const ValueRuns& runs);

 private:
  static constexpr uint64_t kPartEntries = 512;

  // The entries whose pages lie in a range of addresses.
  static Range PagesOf(Range addresses) {
    const uint64_t begin = (addresses.begin + kPageOffsetMask) >> kPageShift;
    return {begin, std::max(begin, addresses.end >> kPageShift)};
  }
  bool Owns(uint64_t index) const {
    return index - low_.begin < low_.size() || index - high_.begin < high_.size();
  }
  std::atomic_ref<uint64_t> Entry(uint64_t index) const {
    return std::atomic_ref<uint64_t>(entries_[index]);
  }

  const Range low_;  // of entries
  const Range high_;
  // atomic: each entry by itself; stored with release, loaded with acquire
  ZeroedArray<uint64_t> entries_ = MakeZeroedArray<uint64_t>(hw::kGgttEntries);
  // atomic: set, with release, behind a store to one of the part's entries; a reset takes it back
  // before it clears them. So what a part without it holds was stored after the last reset.
  std::array<std::atomic<bool>, hw::kGgttEntries / kPartEntries> written_{};
};

}  // namespace gvt::vgpu
