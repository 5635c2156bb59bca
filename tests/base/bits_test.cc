#include "base/bits.h"

#include <gtest/gtest.h>

namespace gvt {
namespace {

TEST(Bits, TakesFieldsWithBothEndsInclusive) {
  static_assert(Bits(0xdeadbeefu, 31, 16) == 0xdeadu);
  static_assert(Bits(0xdeadbeefu, 31, 0) == 0xdeadbeefu);
  static_assert(Bits(0xdeadbeefu, 3, 3) == 1u);
  static_assert(Bits(~uint64_t{0}, 63, 0) == ~uint64_t{0});
  EXPECT_TRUE(Bit(0x80000000u, 31));
  EXPECT_FALSE(Bit(0x80000000u, 30));
}

TEST(Bits, MasksOfAnyWidthAreDefined) {
  static_assert(LowMask64(0) == 0 && LowMask64(64) == ~uint64_t{0});
  static_assert(LowMask32(32) == ~uint32_t{0} && LowMask32(5) == 0x1f);
  SUCCEED();
}

TEST(Bits, JoinsAndSplitsDwordPairs) {
  static_assert(Join64(0x89abcdef, 0x01234567) == 0x0123456789abcdef);
  static_assert(Low32(0x0123456789abcdef) == 0x89abcdef &&
                High32(0x0123456789abcdef) == 0x01234567);
  static_assert(AlignDown(0x1fffu, 0x1000u) == 0x1000u);
  SUCCEED();
}

}  // namespace
}  // namespace gvt
