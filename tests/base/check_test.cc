#include "base/check.h"

#include <gtest/gtest.h>

namespace gvt {
namespace {

TEST(Check, LetsATrueConditionPass) {
  GVT_CHECK(1 + 1 == 2, "arithmetic");
  SUCCEED();
}

TEST(CheckDeathTest, NamesTheConditionAndTheReason) {
  EXPECT_DEATH(
      GVT_CHECK(1 + 1 == 3, "nobody can get here"),
      "bug at .*check_test.cc:[0-9]+: 1 \\+ 1 == 3 does not hold \\(nobody can get here\\)");
}

TEST(CheckDeathTest, DebugChecksBiteOnlyWithoutNdebug) {
#ifdef NDEBUG
  GVT_DCHECK(false, "compiled out");
  SUCCEED();
#else
  EXPECT_DEATH(GVT_DCHECK(false, "compiled in"), "compiled in");
#endif
}

}  // namespace
}  // namespace gvt
