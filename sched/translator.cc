// A miss walks the shadow tables. Pages that the guest has lost since, or got
// (GuestMemory::generation), empty the TLB as a whole: that is rare.
//
// Emptying is counting: an entry carries the turn in which it was made.
//
// Gen9 is taken to have 64 KiB entries enabled, as stock drivers set it (linux v6.1
// gt/intel_workarounds.c GAMW_ECO_ENABLE_64K_IPS_FIELD); Gen8 has none.
#include "sched/translator.h"

#include <algorithm>

namespace gvt::sched {
namespace {

hw::LargePtes LargePtesOf(hw::Platform platform) {
  return hw::GenerationOf(platform) == hw::Generation::kGen8 ? hw::LargePtes::kOff
                                                             : hw::LargePtes::kOn;
}

}  // namespace

Translator::Translator(hw::Platform platform, const hostif::GuestMemory& memory,
                       shadow::ShadowTables& tables, const GgttPort& ggtt)
    : memory_(memory), ggtt_(ggtt), walker_(tables, LargePtesOf(platform)), entries_(kEntries) {}

Gpa Translator::TranslateInPpgtt(Gma address, bool write) {
  address = MaskGma(address.value);
  const uint64_t generation = memory_.generation();
  const uint64_t requests = requests_.load(std::memory_order_acquire);
  if (generation != generation_ || requests != seen_requests_) {
    Invalidate();
    generation_ = generation;
    seen_requests_ = requests;
  }
  Entry& entry = entries_[address.page() % kEntries];
  const uint64_t tag = address.page() | turn_ << kPageBits;
  if (entry.tag != tag) {
    const shadow::ShadowTarget target = walker_.Walk(address);
    if (!target.present) return kNoPage;
    entry = Entry{tag, target.frame << kPageShift | (target.writable ? kWritable : 0)};
  }
  if (write && (entry.target & kWritable) == 0) return kNoPage;
  return Gpa((entry.target & ~kPageOffsetMask) + address.page_offset());
}

void Translator::BindPageTables(bool four_level, const std::array<uint64_t, 4>& pdp) {
  walker_.Bind(four_level, pdp);
  Forget();
}

void Translator::Invalidate() {
  walker_.Sync();
  Forget();
}

void Translator::Forget() {
  if (++turn_ < kTurns) return;
  turn_ = 0;
  std::fill(entries_.begin(), entries_.end(), Entry{});
}

}  // namespace gvt::sched
