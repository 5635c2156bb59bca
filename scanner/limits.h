// Bounds of every walk. A guest that needs more is refused by name, never followed.
#pragma once

#include <cstdint>

namespace gvt::scanner {

// Longest segment, in dwords: 16 MiB. The longest batch block seen from stock drivers is 0.9 MiB.
inline constexpr uint32_t kMaxSegmentDwords = 4u << 20;

// Segments entered in one workload. The most seen from stock drivers is below 100.
inline constexpr uint32_t kMaxSegmentsPerWorkload = 1u << 16;

// Dwords copied for the batches of one workload: 512 MiB. Page tables may map one page a million
// times, so that neither memory nor the two limits above bound the time of a walk to less than
// minutes.
inline constexpr uint64_t kMaxDwordsPerWorkload = uint64_t{128} << 20;

// Stores of one segment whose effect on later code is followed; the segment is cut (and re-entered)
// at the next one.
inline constexpr uint32_t kMaxStoresPerSegment = 4096;

// Refusals kept of one segment; later ones are only counted.
inline constexpr uint32_t kMaxRefusalsPerSegment = 64;

// Events kept of one segment; the segment is cut (and re-entered) at the next one.
inline constexpr uint32_t kMaxEventsPerSegment = 1u << 16;

// Patches of one segment; the segment is cut (and re-entered) at the next one.
inline constexpr uint32_t kMaxPatchesPerSegment = 1u << 16;

// Immediate stores of one workload, in dwords, that later fetches of the walk see.
inline constexpr uint32_t kMaxOverlayDwords = 1u << 16;

// Not-taken sides of predicated batch starts that one workload still has to visit.
inline constexpr uint32_t kMaxAlternatives = 1024;

}  // namespace gvt::scanner
