#include "base/range.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace gvt {
namespace {

constexpr uint64_t kTop = ~uint64_t{0};

TEST(Range, ContainsItsFirstAndLastByteOnly) {
  constexpr Range kRange{0x1000, 0x2000};
  EXPECT_TRUE(kRange.Contains(0x1000, 0x1000));
  EXPECT_TRUE(kRange.Contains(0x1fff, 1));
  EXPECT_FALSE(kRange.Contains(0x0fff, 1));
  EXPECT_FALSE(kRange.Contains(0x2000, 1));
  EXPECT_FALSE(kRange.Contains(0x1fff, 2));
}

TEST(Range, SizeZeroNamesNoByte) {
  constexpr Range kRange{0x1000, 0x2000};
  EXPECT_FALSE(kRange.Contains(0x1800, 0));
  EXPECT_FALSE(kRange.Overlaps(0x1800, 0));
  EXPECT_FALSE((Range{5, 5}.Contains(5, 1)));
  EXPECT_FALSE((Range{5, 5}.Overlaps(0, 100)));
}

TEST(Range, NeverWrapsAtTheTop) {
  EXPECT_EQ(Range::Sized(kTop - 1, 10).end, kTop);
  EXPECT_FALSE((Range{0, 0x1000}.Contains(0x800, kTop)));
  EXPECT_TRUE((Range{0x1000, 0x2000}.Overlaps(0, kTop)));
  EXPECT_FALSE((Range{0x1000, 0x2000}.Overlaps(kTop - 10, 0x2000)));
}

// The oracle: 128-bit arithmetic, which cannot wrap.
using Wide = unsigned __int128;

// Addresses and sizes near each other and near both ends of the space, where mistakes live.
rc::Gen<uint64_t> Edge() {
  return rc::gen::map(rc::gen::pair(rc::gen::inRange(0, 5), rc::gen::inRange(-40, 40)),
                      [](const std::pair<int, int>& choice) {
                        constexpr uint64_t kBase[] = {0, 64, uint64_t{1} << 32, kTop / 2, kTop};
                        return kBase[choice.first] + static_cast<uint64_t>(choice.second);
                      });
}

RC_GTEST_PROP(Range, AgreesWithArithmeticThatCannotWrap, ()) {
  const uint64_t a = *Edge();
  const uint64_t b = *Edge();
  const Range range{std::min(a, b), std::max(a, b)};
  const uint64_t address = *Edge();
  const uint64_t size = *Edge();
  const Wide end = Wide{address} + size;
  const bool names_bytes = size != 0;
  RC_ASSERT(range.Contains(address, size) ==
            (names_bytes && address >= range.begin && end <= range.end));
  RC_ASSERT(range.Overlaps(address, size) ==
            (names_bytes && !range.empty() && address < range.end && end > range.begin));
}

}  // namespace
}  // namespace gvt
