#include "scanner/copy_guess.h"

#include <gtest/gtest.h>

namespace gvt::scanner {
namespace {

constexpr uint32_t kPage = 1024;

TEST(CopyGuess, IsAPageAtFirst) {
  EXPECT_EQ(CopyGuess().dwords(), kPage);
}

TEST(CopyGuess, HoldsTheLongestOfTheLastFour) {
  CopyGuess guess;
  for (const uint32_t dwords : {3u, 100u, 7u}) {
    guess.Saw(dwords);
    EXPECT_EQ(guess.dwords(), kPage);
  }
  guess.Saw(9);
  EXPECT_EQ(guess.dwords(), 112u);
  guess.Saw(9);
  EXPECT_EQ(guess.dwords(), 112u);
  guess.Saw(9);
  EXPECT_EQ(guess.dwords(), 16u);
}

// A long batch among short ones costs them a page, not all of its pages.
TEST(CopyGuess, GoesBehindAPageOnlyIfTwoDid) {
  CopyGuess guess;
  guess.Saw(5000);
  EXPECT_EQ(guess.dwords(), kPage);
  guess.Saw(6000);
  EXPECT_EQ(guess.dwords(), 5008u);
  guess.Saw(20);
  EXPECT_EQ(guess.dwords(), kPage);
}

TEST(CopyGuess, HasBounds) {
  CopyGuess guess;
  for (int i = 0; i < 8; ++i) guess.Saw(0);
  EXPECT_EQ(guess.dwords(), 16u);
  for (int i = 0; i < 8; ++i) guess.Saw(~0u);
  EXPECT_EQ(guess.dwords(), CopyGuess::kMost);
}

}  // namespace
}  // namespace gvt::scanner
