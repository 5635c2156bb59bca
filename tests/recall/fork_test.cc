#include "recall/fork.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

namespace gvt::recall {
namespace {

constexpr uint32_t kDwords = 40;

std::vector<uint32_t> Stream(uint32_t at, uint32_t value) {
  std::vector<uint32_t> dwords(kDwords, 7);
  dwords[at] = value;
  return dwords;
}

SequenceNumber Guess(Fork* fork, const std::vector<uint32_t>& dwords) {
  return *fork->WayFor(dwords.data(), kDwords);
}

TEST(Fork, KnowsNothingAtFirst) {
  Fork fork;
  EXPECT_EQ(Guess(&fork, Stream(0, 1)), kNoSequence);
}

TEST(Fork, TakesOneWayForAllUntilToldWhatTellsThemApart) {
  Fork fork;
  const auto one = Stream(9, 1);
  const auto other = Stream(9, 2);
  *fork.WayFor(one.data(), kDwords) = 5;
  EXPECT_EQ(Guess(&fork, other), 5);
  for (int tries = 0; tries < 16 && Guess(&fork, one) == Guess(&fork, other); ++tries) {
    fork.TellBy(9);  // again: as long as both come to one way
    *fork.WayFor(one.data(), kDwords) = 5;
    *fork.WayFor(other.data(), kDwords) = 6;
  }
  EXPECT_EQ(Guess(&fork, one), 5);
  EXPECT_EQ(Guess(&fork, other), 6);
}

// As many dwords tell ways apart as there is room for; all of them count.
TEST(Fork, TellsByFourDwords) {
  Fork fork;
  const std::vector<uint16_t> dwords = {3, 8, 21, 30};
  for (const uint16_t dword : dwords) fork.TellBy(dword);
  const auto all = static_cast<uint32_t>(fork.told_by.size());
  uint32_t told = 0;
  for (const uint16_t dword : dwords) {
    const SequenceNumber* const usual = fork.WayFor(Stream(0, 7).data(), kDwords);
    for (uint32_t value = 0; value < 64; ++value) {
      if (fork.WayFor(Stream(dword, value).data(), kDwords) == usual) continue;
      ++told;
      break;
    }
  }
  EXPECT_EQ(told, all);
}

// Where a copy is shorter than where a dword is that tells, what lies behind it makes no
// difference.
TEST(Fork, ReadsNothingBehindTheCopy) {
  Fork fork;
  fork.TellBy(30);
  const SequenceNumber* const usual = fork.WayFor(Stream(30, 0).data(), 30);
  for (uint32_t value = 1; value < 64; ++value) {
    EXPECT_EQ(fork.WayFor(Stream(30, value).data(), 30), usual);
  }
}

}  // namespace
}  // namespace gvt::recall
