#include "hw/gtt_entry.h"

#include <gtest/gtest.h>

namespace gvt::hw {
namespace {

TEST(GttEntry, CutsAnAddressIntoTheIndicesOfFourLevels) {
  const Gma gma(0x0000'8765'4321'0abc);
  EXPECT_EQ(TableIndex(TableLevel::kPml4, gma), (0x0000'8765'4321'0abc >> 39) & 0x1ff);
  EXPECT_EQ(TableIndex(TableLevel::kPdp, gma), (0x0000'8765'4321'0abc >> 30) & 0x1ff);
  EXPECT_EQ(TableIndex(TableLevel::kPd, gma), (0x0000'8765'4321'0abc >> 21) & 0x1ff);
  EXPECT_EQ(TableIndex(TableLevel::kPt, gma), (0x0000'8765'4321'0abc >> 12) & 0x1ff);
  EXPECT_EQ(TableIndex(TableLevel::kPml4, Gma(~uint64_t{0})), 511u);
}

TEST(GttEntry, ReadsFlagsOfAPpgttEntry) {
  EXPECT_FALSE(PpgttEntry().present());
  EXPECT_TRUE(PpgttEntry(0x1).present());
  EXPECT_FALSE(PpgttEntry(0x1).writable());
  EXPECT_TRUE(PpgttEntry(0x3).writable());
  EXPECT_TRUE(PpgttEntry(0x83).is_large_page());
  EXPECT_TRUE(PpgttEntry(0x803).has_64k_children());
  EXPECT_FALSE(PpgttEntry(0xffff'ffff'ffff).has_reserved_bits());
  EXPECT_TRUE(PpgttEntry(uint64_t{1} << 48).has_reserved_bits());
}

TEST(GttEntry, KeepsAnAddressToTheBoundaryOfItsPage) {
  const PpgttEntry entry(0xffff'9876'5432'1fff);
  EXPECT_EQ(entry.address(), 0x9876'5432'1000u);
  EXPECT_EQ(entry.address_64k(), 0x9876'5432'0000u);
  EXPECT_EQ(entry.address_2m(), 0x9876'5420'0000u);
  EXPECT_EQ(entry.raw(), 0xffff'9876'5432'1fffu);
}

// linux v6.1 gt/intel_gtt.h: uncached 0x18, cached 0x80, display 0x10.
TEST(GttEntry, ReadsTheCacheIndexFromThreeScatteredBits) {
  EXPECT_EQ(PpgttEntry(0x1).pat_index(), 0u);
  EXPECT_EQ(PpgttEntry(0x18).pat_index(), 3u);
  EXPECT_EQ(PpgttEntry(0x10).pat_index(), 2u);
  EXPECT_EQ(PpgttEntry(0x80).pat_index(), 4u);
  EXPECT_EQ(PpgttEntry(0x98).pat_index(), 7u);
  EXPECT_EQ(PpgttEntry(0x80).pat_index_large(), 0u) << "bit 7 of a 2 MiB entry is its size";
  EXPECT_EQ(PpgttEntry(0x1080).pat_index_large(), 4u);
}

TEST(GttEntry, ReadsAGgttEntryWhateverItsIgnoredBitsHold) {
  const GgttEntry entry(0xabcd'1234'5678'9ffe);
  EXPECT_FALSE(entry.present());
  EXPECT_EQ(entry.address(), 0x1234'5678'9000u);
  EXPECT_TRUE(GgttEntry(1).present());
  EXPECT_EQ(entry.raw(), 0xabcd'1234'5678'9ffeu);
  EXPECT_EQ(GgttEntry(3), GgttEntry(3));
  EXPECT_EQ(PpgttEntry(3), PpgttEntry(3));
}

TEST(GttEntry, SpansFourGibibytesOfGgtt) {
  EXPECT_EQ(kGgttBytes, uint64_t{1} << 32);
}

}  // namespace
}  // namespace gvt::hw
