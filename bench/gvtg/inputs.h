// What both scanners are given: real streams, changed ones, what fuzzing found, and every header.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "hw/platform.h"
#include "scanner/policy.h"
#include "scanner/segment.h"

namespace gvt::bench {

using UseSegment =
    std::function<void(hw::Platform, const scanner::Policy&, const scanner::Segment&)>;

// Each calls `use` with one segment after the other and returns what went wrong, or "".

// Every segment of the captures (GVT_CORPUS, else bench/corpora), of all kinds of buffers.
std::string UseCaptures(const UseSegment& use);
// `count` mutations (tests/differential/mutation.h) of each capture's batches.
std::string UseMutations(uint64_t seed, uint32_t count, const UseSegment& use);
// The committed seeds of the fuzzer `scan`, under the mildest policy that they ask for.
std::string UseFuzzSeeds(const UseSegment& use);
// Every upper half of a header on each engine of both generations, with the shortest, the longest
// and no length, all operands zero, whole and cut off, in a ring and in a user batch.
std::string UseHeaders(const UseSegment& use);
// Every register by every command that can name one, likewise; on three engines of three platforms.
std::string UseRegisters(const UseSegment& use);

}  // namespace gvt::bench
