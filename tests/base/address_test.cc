#include "base/address.h"

#include <gtest/gtest.h>

namespace gvt {
namespace {

TEST(Address, CanonicalFormLosesItsExtension) {
  EXPECT_EQ(MaskGma(0xffff800000001234).value, 0x0000800000001234u);
  EXPECT_EQ(Gma(0x12345).page(), 0x12u);
  EXPECT_EQ(Gma(0x12345).page_offset(), 0x345u);
  EXPECT_LT(Gma(1), Gma(2));
  EXPECT_EQ(Gma(1) + 2, Gma(3));
}

}  // namespace
}  // namespace gvt
