// The walk behind a miss reads guest memory entry by entry: at most four loads, whatever the tables
// hold. Pages that the guest has lost since (GuestMemory::generation) empty the TLB as a whole:
// that is rare.
//
// Gen9 is taken to have 64 KiB entries enabled, as stock drivers set it (linux v6.1
// gt/intel_workarounds.c GAMW_ECO_ENABLE_64K_IPS_FIELD); Gen8 has none.
#include "sched/translator.h"

#include <algorithm>

namespace gvt::sched {

Translator::Translator(hw::Platform platform, const hostif::GuestMemory& memory,
                       const GgttPort& ggtt)
    : memory_(memory),
      ggtt_(ggtt),
      large_ptes_(hw::GenerationOf(platform) == hw::Generation::kGen8 ? hw::LargePtes::kOff
                                                                      : hw::LargePtes::kOn),
      entries_(kEntries) {}

std::optional<uint64_t> Translator::Walk(Gma address) const {
  const auto read = [this](uint64_t physical) -> std::optional<uint64_t> {
    uint64_t entry = 0;
    if (!memory_.Load64(Gpa(physical), &entry)) return std::nullopt;
    return entry;
  };
  const hw::WalkResult walk = four_level_ ? hw::WalkPpgtt4Level(pdp_[0], address, read, large_ptes_)
                                          : hw::WalkPpgtt3Level(pdp_, address, read, large_ptes_);
  if (!walk.ok()) return std::nullopt;
  const Gpa target(walk.physical & ~kPageOffsetMask);
  if (!memory_.Contains(Gfn(target.page()))) return std::nullopt;
  return target.value | (walk.writable ? kWritable : 0);
}

std::optional<Gpa> Translator::Translate(hw::AddressSpace space, Gma address, bool write) {
  if (space == hw::AddressSpace::kGgtt) return ggtt_.Translate(address);
  address = MaskGma(address.value);
  const uint64_t generation = memory_.generation();
  const uint64_t requests = requests_.load(std::memory_order_acquire);
  if (generation != generation_ || requests != seen_requests_) {
    Invalidate();
    generation_ = generation;
    seen_requests_ = requests;
  }
  Entry& entry = entries_[address.page() % kEntries];
  if (entry.tag != address.page()) {
    const std::optional<uint64_t> target = Walk(address);
    if (!target) return std::nullopt;
    entry = Entry{address.page(), *target};
    is_empty_ = false;
  }
  if (write && (entry.target & kWritable) == 0) return std::nullopt;
  return Gpa((entry.target & ~kPageOffsetMask) + address.page_offset());
}

void Translator::BindPageTables(bool four_level, const std::array<uint64_t, 4>& pdp) {
  four_level_ = four_level;
  pdp_ = pdp;
  Invalidate();
}

void Translator::Invalidate() {
  if (is_empty_) return;
  std::fill(entries_.begin(), entries_.end(), Entry{});
  is_empty_ = true;
}

}  // namespace gvt::sched
