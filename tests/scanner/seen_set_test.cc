#include "scanner/seen_set.h"

#include <gtest/gtest.h>

namespace gvt::scanner {
namespace {

TEST(SeenSet, KnowsWhatWasInserted) {
  SeenSet set;
  for (uint64_t i = 1; i < 10000; i += 2) EXPECT_TRUE(set.Insert(i * 0x9e3779b97f4a7c15)) << i;
  for (uint64_t i = 1; i < 10000; i += 2) EXPECT_FALSE(set.Insert(i * 0x9e3779b97f4a7c15)) << i;
}

TEST(SeenSet, TakesValuesOfOneSlot) {
  SeenSet set;
  for (uint64_t i = 0; i < 100; ++i) EXPECT_TRUE(set.Insert(i << 32));
  for (uint64_t i = 0; i < 100; ++i) EXPECT_FALSE(set.Insert(i << 32));
}

TEST(SeenSet, IsEmptyAgainAfterClear) {
  SeenSet set;
  for (uint64_t i = 0; i < 1000; ++i) set.Insert(i << 20);
  set.Clear();
  for (uint64_t i = 0; i < 1000; ++i) EXPECT_TRUE(set.Insert(i << 20));
}

}  // namespace
}  // namespace gvt::scanner
