#include "gpu/soft/raster_operation.h"

#include <gtest/gtest.h>

namespace gvt::gpu::soft {
namespace {

// The bits 7:0 of these go through all eight combinations.
constexpr uint64_t kPattern = 0xf0;
constexpr uint64_t kSource = 0xcc;
constexpr uint64_t kDestination = 0xaa;

TEST(RasterOperation, IsItsOwnTruthTable) {
  for (unsigned code = 0; code < 256; ++code) {
    const RasterOperation operation(static_cast<uint8_t>(code));
    EXPECT_EQ(operation(kPattern, kSource, kDestination) & 0xff, code);
  }
}

TEST(RasterOperation, KnowsWhichOperandsMatter) {
  constexpr uint64_t kOnes = ~uint64_t{0};
  for (unsigned code = 0; code < 256; ++code) {
    const RasterOperation operation(static_cast<uint8_t>(code));
    bool pattern = false;
    bool source = false;
    bool destination = false;
    for (const uint64_t first : {uint64_t{0}, kOnes}) {
      for (const uint64_t second : {uint64_t{0}, kOnes}) {
        pattern |= operation(0, first, second) != operation(kOnes, first, second);
        source |= operation(first, 0, second) != operation(first, kOnes, second);
        destination |= operation(first, second, 0) != operation(first, second, kOnes);
      }
    }
    EXPECT_EQ(operation.uses_pattern(), pattern) << code;
    EXPECT_EQ(operation.uses_source(), source) << code;
    EXPECT_EQ(operation.uses_destination(), destination) << code;
  }
}

TEST(RasterOperation, CombinesEachBitAlone) {
  const RasterOperation source_or_pattern(0xfc);
  EXPECT_EQ(source_or_pattern(0x8000000000000001, 0x0000000180000000, 0x1234), 0x8000000180000001u);
}

}  // namespace
}  // namespace gvt::gpu::soft
