#include "recall/sequence_memory.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <random>
#include <type_traits>
#include <utility>

#include "base/bits.h"
#include "base/check.h"

namespace gvt::recall {
namespace {

static_assert(kMaxChecks + kChecksAtOnce <= 1u << 10, "BranchKey() has ten bits for a check");

constexpr uint32_t kChecksOfDraft = kMaxChecks + kChecksAtOnce;

// Of each array: what the first sequences take is touched when the memory is made, the rest when it
// is first used. A thread that scans little has little memory.
constexpr size_t kTouchedBytes = 16 << 10;

template <typename T>
std::unique_ptr<T[], FreeMemory> Room(size_t count) {
  static_assert(std::is_trivially_copyable_v<T>);
  const size_t bytes = (count * sizeof(T) / alignof(Sequence) + 1) * alignof(Sequence);
  void* const room = std::aligned_alloc(alignof(Sequence), bytes);
  GVT_CHECK(room != nullptr, "as much as a few tables of a guest");
  std::memset(room, 0, std::min(bytes, kTouchedBytes));
  return std::unique_ptr<T[], FreeMemory>(static_cast<T*>(room));
}

uint64_t RandomOdd() {
  std::random_device random;
  return Join64(random(), random()) | 1;
}

}  // namespace

SequenceMemory::SequenceMemory(const MemorySettings& settings, std::unique_ptr<Compiler> compiler)
    : settings_(settings),
      compiler_(std::move(compiler)),
      sequences_(Room<Sequence>(settings.sequences)),
      dwords_(Room<uint16_t>(settings.checks)),
      values_(Room<uint32_t>(settings.checks)),
      places_(Room<Place>(settings.checks)),
      effects_(Room<Effect>(settings.effects)),
      links_(std::make_unique<Link[]>(size_t{2} * settings.sequences)),
      link_mask_(2 * settings.sequences - 1),
      hash_shift_(std::countl_zero(uint64_t{link_mask_})),
      multiplier_(RandomOdd()) {
  GVT_CHECK((settings.sequences & (settings.sequences - 1)) == 0 && settings.sequences <= 1u << 15,
            "the number of sequences is a power of 2");
  GVT_CHECK(settings.checks >= kChecksOfDraft && settings.effects >= kMaxCommands,
            "a sequence fits");
  sequences_[kNoSequence] = Sequence{};
  sequences_[kNoSequence].length = ~0u;
}

bool SequenceMemory::HasRoom() const {
  return sequences_used_ < settings_.sequences &&
         checks_used_ + kChecksOfDraft <= settings_.checks &&
         effects_used_ + kMaxCommands <= settings_.effects;
}

Draft SequenceMemory::Begin() {
  ++drafts_;
  return {&dwords_[checks_used_], &values_[checks_used_], &places_[checks_used_],
          &effects_[effects_used_]};
}

Sequence* SequenceMemory::Keep(const Draft& draft, const Sequence& sequence) {
  Sequence* const kept = &sequences_[sequences_used_++];
  *kept = sequence;
  while (kept->check_count % kChecksAtOnce != 0) {
    const uint32_t last = kept->check_count - 1u;
    draft.dwords[last + 1] = draft.dwords[last];
    draft.values[last + 1] = draft.values[last];
    draft.places[last + 1] = draft.places[last];
    ++kept->check_count;
  }
  kept->dwords = draft.dwords;
  kept->values = draft.values;
  kept->places = draft.places;
  kept->effects = draft.effects;
  checks_used_ += kept->check_count;
  effects_used_ += kept->effect_count;
  ++statistics_.learned;
  return kept;
}

void SequenceMemory::AddBranch(Sequence* from, uint32_t check, uint32_t value, Sequence* branch) {
  branch->parent = from;
  branch->branch = static_cast<uint16_t>(check);
  Add(BranchKey(NumberOf(*from), check, value), branch);
}

void SequenceMemory::Add(LinkKey key, Sequence* sequence) {
  uint64_t at = HashOf(key);
  while (links_[at & link_mask_].key != 0 && links_[at & link_mask_].key != key) ++at;
  links_[at & link_mask_] = Link{key, sequence};
}

void SequenceMemory::Compile(Sequence* sequence) {
  compiling_credit_ -= settings_.commands_per_compiled;
  sequence->code = compiler_->Compile(*sequence);
  code_is_full_ = sequence->code == nullptr;
  statistics_.compiled += code_is_full_ ? 0 : 1;
}

void SequenceMemory::Forget() {
  std::fill_n(links_.get(), size_t{link_mask_} + 1, Link{});
  beginnings_.fill({});
  sequences_used_ = 1;
  checks_used_ = 0;
  effects_used_ = 0;
  code_is_full_ = false;
  if (compiler_ != nullptr) compiler_->Forget();
  ++statistics_.forgotten;
}

}  // namespace gvt::recall
