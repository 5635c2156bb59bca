// Invariants:
// 1. A lane moves by at least one dword a step and stops at its limit, below which there is at
//    least one dword more: the header and dword 1 are always in the copy.
// 2. Whoever is done early goes through its part again, since four lanes without a question cost
//    less than asking which are left. What that finds lies behind `steps` and is not looked at.
//    No lane can take more steps than its part has dwords, so that none takes more than kMaxSteps.
#include "scanner/lanes.h"

#include <algorithm>
#include <bit>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace gvt::scanner {
namespace {

// Any 3DSTATE_* or 3DPRIMITIVE of up to 33 dwords: type 3, subtype 3, opcode 0 to 3, whatever its
// cache settings in bits 15:8. Source: PRM SKL vol 2a.
constexpr uint32_t kMarkMask = 0xfc0000e0;
constexpr uint32_t kMark = 0x78000000;

// Bit i: dwords[i] is a mark, for i below 16.
uint32_t MarksIn(const uint32_t* dwords) {
#if defined(__SSE2__)
  const __m128i mask = _mm_set1_epi32(static_cast<int>(kMarkMask));
  const __m128i mark = _mm_set1_epi32(static_cast<int>(kMark));
  const auto compare = [&](int i) {
    const __m128i four = _mm_loadu_si128(reinterpret_cast<const __m128i*>(dwords) + i);
    return _mm_cmpeq_epi32(_mm_and_si128(four, mask), mark);
  };
  const __m128i low = _mm_packs_epi32(compare(0), compare(1));
  const __m128i high = _mm_packs_epi32(compare(2), compare(3));
  return static_cast<uint32_t>(_mm_movemask_epi8(_mm_packs_epi16(low, high)));
#else
  uint32_t marks = 0;
  for (unsigned i = 0; i < 16; ++i) marks |= uint32_t{(dwords[i] & kMarkMask) == kMark} << i;
  return marks;
#endif
}

// The first mark of the window at `dwords`; kWindow: none.
uint32_t FindMark(const uint32_t* dwords) {
  static_assert(Lanes::kWindow == 32);
  const uint32_t marks = MarksIn(dwords) | MarksIn(dwords + 16) << 16;
  return static_cast<uint32_t>(std::countr_zero(marks));
}

// Chooses where lanes start and end. False: a window holds no mark.
bool Divide(std::span<const uint32_t> dwords, uint32_t from, Lanes* lanes,
            std::array<uint64_t, Lanes::kCount>* limits) {
  const auto left = static_cast<uint32_t>(dwords.size()) - from;
  const uint32_t stretch = std::min(left, Lanes::kMaxStretch);
  lanes->begin[0] = from;
  for (uint32_t k = 1; k < Lanes::kCount; ++k) {
    const uint32_t window = from + stretch / Lanes::kCount * k;
    const uint32_t mark = FindMark(dwords.data() + window);
    if (mark == Lanes::kWindow) return false;
    lanes->begin[k] = window + mark;
    (*limits)[k - 1] = window + mark;
  }
  (*limits)[Lanes::kCount - 1] = from + stretch - 1;
  return true;
}

// Finds commands in all lanes until one has come to its limit; `i` counts the steps of each.
inline uint32_t RunLanes(const StepTable& table, const uint32_t* dwords,
                         const std::array<uint64_t, Lanes::kCount>& limits,
                         std::array<uint64_t, Lanes::kCount>* at, uint32_t i, Lanes* lanes) {
  uint64_t at0 = (*at)[0];
  uint64_t at1 = (*at)[1];
  uint64_t at2 = (*at)[2];
  uint64_t at3 = (*at)[3];
  const auto step = [&table, dwords, lanes](uint32_t lane, uint32_t index, uint64_t position) {
    const FirstTwo two = FirstTwoAt(dwords + position);
    const auto header = static_cast<uint32_t>(two);
    const StepEntry& entry = table.EntryOf(header);
    lanes->position[lane][index] = static_cast<uint32_t>(position);
    lanes->doubt[lane][index] = table.DoubtOf(entry, two) != 0 ? 1 : 0;
    return position + entry.base + entry.FieldOf(header);
  };
  while (at0 < limits[0] && at1 < limits[1] && at2 < limits[2] && at3 < limits[3]) {
    at0 = step(0, i, at0);
    at1 = step(1, i, at1);
    at2 = step(2, i, at2);
    at3 = step(3, i, at3);
    ++i;
  }
  *at = {at0, at1, at2, at3};
  return i;
}

// The whole header: no other bits of it are in use.
constexpr uint32_t kBatchEnd = 0x05000000;

// Whether one of the 16 dwords is a batch end.
bool HasBatchEnd(const uint32_t* dwords) {
#if defined(__SSE2__)
  const __m128i end = _mm_set1_epi32(static_cast<int>(kBatchEnd));
  const auto compare = [&](int i) {
    return _mm_cmpeq_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(dwords) + i), end);
  };
  const __m128i low = _mm_or_si128(compare(0), compare(1));
  const __m128i high = _mm_or_si128(compare(2), compare(3));
  return _mm_movemask_epi8(_mm_or_si128(low, high)) != 0;
#else
  return std::find(dwords, dwords + 16, kBatchEnd) != dwords + 16;
#endif
}

}  // namespace

uint32_t LikelyEnd(std::span<const uint32_t> dwords, uint32_t from) {
  constexpr uint32_t kBlock = 16;
  const auto left = static_cast<uint32_t>(dwords.size()) - from;
  const uint32_t stretch = std::min(left, Lanes::kMaxStretch);
  const uint32_t* const begin = dwords.data() + from;
  bool marked = !HasBatchEnd(begin) && FindMark(begin + stretch - Lanes::kWindow) != Lanes::kWindow;
  for (uint32_t k = 1; k < Lanes::kCount && marked; ++k) {
    marked = FindMark(begin + size_t{stretch / Lanes::kCount} * k) != Lanes::kWindow;
  }
  if (marked) return from + stretch;
  uint32_t at = 0;
  while (stretch - at >= kBlock && !HasBatchEnd(begin + at)) at += kBlock;
  while (at < stretch && begin[at] != kBatchEnd) ++at;
  return from + std::min(at + 1, stretch);
}

bool FillLanes(const StepTable& table, std::span<const uint32_t> dwords, uint32_t from,
               Lanes* lanes) {
  std::array<uint64_t, Lanes::kCount> limits;
  if (!Divide(dwords, from, lanes, &limits)) return false;
  std::array<uint64_t, Lanes::kCount> at = lanes->begin;
  lanes->steps.fill(0);
  uint32_t steps = 0;
  for (uint32_t running = Lanes::kCount; running != 0;) {
    steps = RunLanes(table, dwords.data(), limits, &at, steps, lanes);
    for (uint32_t k = 0; k < Lanes::kCount; ++k) {
      if (at[k] < limits[k]) continue;
      if (lanes->steps[k] == 0) {
        lanes->steps[k] = steps;
        lanes->end[k] = at[k];
        --running;
      }
      at[k] = lanes->begin[k];
    }
  }
  return true;
}

uint32_t DoubtsOf(const Lanes& lanes, uint32_t lane, uint32_t first) {
  const uint32_t* const doubts = lanes.doubt[lane].data() + first;
#if defined(__SSE2__)
  const __m128i zero = _mm_setzero_si128();
  const auto compare = [&](int i) {
    return _mm_cmpeq_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(doubts) + i), zero);
  };
  const __m128i low = _mm_packs_epi32(compare(0), compare(1));
  const __m128i high = _mm_packs_epi32(compare(2), compare(3));
  return ~static_cast<uint32_t>(_mm_movemask_epi8(_mm_packs_epi16(low, high))) & 0xffff;
#else
  uint32_t bits = 0;
  for (unsigned i = 0; i < Lanes::kBlock; ++i) bits |= uint32_t{doubts[i] != 0} << i;
  return bits;
#endif
}

}  // namespace gvt::scanner
