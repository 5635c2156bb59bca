// Runs of MI_NOOP.
#include "hw/noop_run.h"

#include <gtest/gtest.h>

#include <vector>

namespace gvt::hw {
namespace {

TEST(NoopRun, EndsBeforeTheFirstOtherDword) {
  for (size_t length = 0; length < 300; ++length) {
    std::vector<uint32_t> dwords(length, kPlainNoop);
    EXPECT_EQ(NoopsAhead(dwords), length);
    for (const size_t other : {size_t{0}, length / 2, length - 1}) {
      if (other >= length) continue;
      dwords[other] = 1;
      EXPECT_EQ(NoopsAhead(dwords), other);
      dwords[other] = kPlainNoop;
    }
  }
}

}  // namespace
}  // namespace gvt::hw
