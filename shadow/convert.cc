// Conversion, four entries at a time.
//
// Idea: nearly always the pages of four neighbours lie in the window where the page before them
// lay. Then what is to be kept of an entry, and the window's delta, make the shadow's entry: an
// AND and an addition. Where that does not hold for all present entries of a group, or one of them
// has bits that ask for a closer look, the four are converted one by one.
//
// For directories the same holds with a window of everything and a delta of nothing.
//
// Which of the two ways is taken is decided when the process first converts a table; both give the
// same table for every input, which is tested.
#include "shadow/convert.h"

#include <immintrin.h>

#include <bit>

#include "base/bits.h"
#include "hw/page_walk.h"

namespace gvt::shadow {
namespace {

constexpr unsigned kPagesPer64K = 16;

// What the vector loop does with the entries of a table.
struct Recipe {
  uint64_t keep = 0;     // bits of the guest's entry
  uint64_t special = 0;  // bits that ask for a closer look
  uint64_t begin = 0;    // addresses [begin, begin + size) are moved by delta
  uint64_t size = 0;
  uint64_t delta = 0;
};

// What an entry keeps of the guest's.
constexpr uint64_t KeptBits(hw::TableLevel level, bool is_large_page) {
  if (level == hw::TableLevel::kPt) return hw::kEntryAddressMask | ShadowEntry::kPtFlags;
  const uint64_t kept = hw::kEntryAddressMask | ShadowEntry::kFlags;
  if (is_large_page) return kept | hw::PpgttEntry::kPageSize;
  return level == hw::TableLevel::kPd ? kept | hw::PpgttEntry::kIps : kept;
}

Recipe RecipeFor(TableShape shape, const FrameWindow* window) {
  Recipe recipe;
  recipe.special = hw::PpgttEntry::kReserved;
  recipe.keep = KeptBits(shape.level, false);
  if (shape.level == hw::TableLevel::kPt) {
    if (window == nullptr) return recipe;
    recipe.begin = window->begin << kPageShift;
    recipe.size = (window->end - window->begin) << kPageShift;
    recipe.delta = window->delta << kPageShift;
    return recipe;
  }
  recipe.special |= hw::PpgttEntry::kPageSize;
  recipe.size = uint64_t{1} << hw::kEntryAddressBits;
  return recipe;
}

// The page of a PTE. *window becomes where it lies, if the guest has it.
ShadowEntry ConvertPage(uint64_t raw, uint64_t frame, const FrameMap& frames,
                        const FrameWindow** window) {
  const FrameWindow* found = frames.Find(Gfn(frame));
  if (found == nullptr) return ShadowEntry::Substituted(Substitution::kInvalidGfn);
  *window = found;
  return ShadowEntry((raw & ShadowEntry::kPtFlags) |
                     ((frame + found->delta) << kPageShift & hw::kEntryAddressMask));
}

// As ConvertEntry, of a table of 4 KiB pages.
ShadowEntry ConvertPte(uint64_t raw, const FrameMap& frames, const FrameWindow** window) {
  const hw::PpgttEntry entry(raw);
  if (!entry.present()) return ShadowEntry();
  if (entry.has_reserved_bits()) return ShadowEntry::Substituted(Substitution::kReservedBits);
  return ConvertPage(raw, entry.address() >> kPageShift, frames, window);
}

// 64 KiB entries: whether all sixteen pages are there is seen from the first and the last.
ConvertTally Convert64KTable(ConstEntries guest, const FrameMap& frames, Entries shadow) {
  constexpr TableShape kShape{hw::TableLevel::kPt, true};
  ConvertTally tally;
  for (unsigned first = 0; first < hw::kEntriesPerTable; first += kPagesPer64K) {
    const ShadowEntry front = ConvertEntry(kShape, first, guest[first], frames);
    const uint64_t frame = hw::PpgttEntry(guest[first]).address_64k() >> kPageShift;
    const FrameWindow* window = front.present() ? frames.Find(Gfn(frame)) : nullptr;
    if (window != nullptr && window->Has(frame + kPagesPer64K - 1)) {
      for (unsigned i = 0; i < kPagesPer64K; ++i) {
        shadow[first + i] = front.raw() + (uint64_t{i} << kPageShift);
      }
      tally.present += kPagesPer64K;
      continue;
    }
    for (unsigned i = first; i < first + kPagesPer64K; ++i) {
      const ShadowEntry entry = ConvertEntry(kShape, i, guest[first], frames);
      shadow[i] = entry.raw();
      tally.Add(entry);
    }
  }
  return tally;
}

#if defined(__x86_64__)

// The constants of a recipe in registers.
struct Avx2Recipe {
  __m256i keep, special, begin, size, delta;
};

[[gnu::target("avx2")]] inline __m256i Splat(uint64_t value) {
  return _mm256_set1_epi64x(static_cast<long long>(value));
}

[[gnu::target("avx2")]] inline Avx2Recipe Load(const Recipe& recipe) {
  return {Splat(recipe.keep), Splat(recipe.special), Splat(recipe.begin), Splat(recipe.size),
          Splat(recipe.delta)};
}

// True iff the four entries were converted; *present grows.
[[gnu::target("avx2"), gnu::always_inline]] inline bool ConvertFour(const uint64_t* guest,
                                                                    const Avx2Recipe& recipe,
                                                                    uint64_t* shadow,
                                                                    uint32_t* present) {
  const __m256i zero = _mm256_setzero_si256();
  const __m256i entry = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(guest));
  const __m256i is_present = _mm256_sub_epi64(zero, _mm256_and_si256(entry, Splat(1)));
  const __m256i address = _mm256_and_si256(entry, Splat(hw::kEntryAddressMask));
  // Addresses have 48 bits: signed comparisons will do.
  const __m256i offset = _mm256_sub_epi64(address, recipe.begin);
  const __m256i inside = _mm256_andnot_si256(_mm256_cmpgt_epi64(zero, offset),
                                             _mm256_cmpgt_epi64(recipe.size, offset));
  const __m256i plain =
      _mm256_and_si256(inside, _mm256_cmpeq_epi64(_mm256_and_si256(entry, recipe.special), zero));
  if (_mm256_testc_si256(plain, is_present) == 0) return false;
  const __m256i moved = _mm256_add_epi64(_mm256_and_si256(entry, recipe.keep), recipe.delta);
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(shadow), _mm256_and_si256(moved, is_present));
  const int mask = _mm256_movemask_pd(_mm256_castsi256_pd(is_present));
  *present += static_cast<uint32_t>(std::popcount(static_cast<unsigned>(mask)));
  return true;
}

[[gnu::target("avx2,popcnt")]] ConvertTally ConvertTableAvx2(TableShape shape, ConstEntries guest,
                                                             const FrameMap& frames,
                                                             Entries shadow) {
  ConvertTally tally;
  const bool is_pt = shape.level == hw::TableLevel::kPt;
  Avx2Recipe recipe = Load(RecipeFor(shape, nullptr));
  for (unsigned first = 0; first < hw::kEntriesPerTable; first += 4) {
    if (ConvertFour(&guest[first], recipe, &shadow[first], &tally.present)) continue;
    const FrameWindow* window = nullptr;  // of the last of the four that has one
    for (unsigned i = first; i < first + 4; ++i) {
      const ShadowEntry entry =
          is_pt ? ConvertPte(guest[i], frames, &window) : ConvertEntry(shape, i, guest[i], frames);
      shadow[i] = entry.raw();
      tally.Add(entry);
    }
    if (window != nullptr) recipe = Load(RecipeFor(shape, window));
  }
  return tally;
}

#endif

}  // namespace

ShadowEntry ConvertEntry(TableShape shape, unsigned index, uint64_t raw, const FrameMap& frames) {
  const hw::PpgttEntry entry(raw);
  switch (hw::JudgeEntry(shape.level, entry)) {
    case hw::WalkStatus::kOk: break;
    case hw::WalkStatus::kReservedBits:
      return ShadowEntry::Substituted(Substitution::kReservedBits);
    default: return ShadowEntry();
  }
  if (shape.level != hw::TableLevel::kPt) {
    return ShadowEntry(raw & KeptBits(shape.level, entry.is_large_page()));
  }
  const uint64_t frame = shape.pages_64k
                             ? (entry.address_64k() >> kPageShift) + index % kPagesPer64K
                             : entry.address() >> kPageShift;
  const FrameWindow* window = nullptr;
  return ConvertPage(raw, frame, frames, &window);
}

ConvertTally ConvertTablePlain(TableShape shape, ConstEntries guest, const FrameMap& frames,
                               Entries shadow) {
  ConvertTally tally;
  for (unsigned i = 0; i < hw::kEntriesPerTable; ++i) {
    const ShadowEntry entry = ConvertEntry(shape, i, guest[GuestIndex(shape, i)], frames);
    shadow[i] = entry.raw();
    tally.Add(entry);
  }
  return tally;
}

ConvertTally ConvertTable(TableShape shape, ConstEntries guest, const FrameMap& frames,
                          Entries shadow) {
  if (shape.pages_64k) return Convert64KTable(guest, frames, shadow);
#if defined(__x86_64__)
  static const bool kHasAvx2 = __builtin_cpu_supports("avx2") != 0;
  if (kHasAvx2) return ConvertTableAvx2(shape, guest, frames, shadow);
#endif
  return ConvertTablePlain(shape, guest, frames, shadow);
}

}  // namespace gvt::shadow
