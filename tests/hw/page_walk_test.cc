#include "hw/page_walk.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <array>
#include <map>
#include <optional>

namespace gvt::hw {
namespace {

constexpr uint64_t kPresent = 1;
constexpr uint64_t kWritable = 2;
constexpr uint64_t kFlags = kPresent | kWritable;
constexpr uint64_t kPml4 = 0x10000;
constexpr uint64_t kPdp = 0x11000;
constexpr uint64_t kPd = 0x12000;
constexpr uint64_t kPt = 0x13000;
constexpr uint64_t kData = 0x5555'0000;

// Physical memory that holds nothing but entries; what was never written reads as zero, except in a
// hole.
class Tables {
 public:
  void Set(uint64_t table, TableLevel level, Gma gma, uint64_t entry) {
    entries_[table + uint64_t{8} * TableIndex(level, gma)] = entry;
  }
  void MakeHole(uint64_t page) { hole_ = page; }

  std::optional<uint64_t> operator()(uint64_t physical) const {
    ++reads_;
    if (hole_ && physical >> 12 == *hole_ >> 12) return std::nullopt;
    const auto found = entries_.find(physical);
    return found == entries_.end() ? 0 : found->second;
  }
  unsigned reads() const { return reads_; }

 private:
  std::map<uint64_t, uint64_t> entries_;
  std::optional<uint64_t> hole_;
  mutable unsigned reads_ = 0;
};

// A complete chain of tables to one 4 KiB page.
Tables MapPage(Gma gma, uint64_t pde = kPt | kFlags, uint64_t pte = kData | kFlags) {
  Tables tables;
  tables.Set(kPml4, TableLevel::kPml4, gma, kPdp | kFlags);
  tables.Set(kPdp, TableLevel::kPdp, gma, kPd | kFlags);
  tables.Set(kPd, TableLevel::kPd, gma, pde);
  tables.Set(kPt, TableLevel::kPt, gma, pte);
  return tables;
}

constexpr Gma kGma(0x0000'7654'3210'9abc);

TEST(PageWalk, FindsAFourKibibytePageThroughFourLevels) {
  const Tables tables = MapPage(kGma);
  const WalkResult walk = WalkPpgtt4Level(kPml4, kGma, tables);
  EXPECT_EQ(walk.status, WalkStatus::kOk);
  EXPECT_EQ(walk.level, TableLevel::kPt);
  EXPECT_EQ(walk.physical, kData | 0xabc);
  EXPECT_EQ(walk.page_bytes, 4096u);
  EXPECT_TRUE(walk.writable);
  EXPECT_EQ(walk.entry, kData | kFlags);
  EXPECT_EQ(tables.reads(), 4u);
}

TEST(PageWalk, IgnoresTheSignExtensionOfACanonicalAddress) {
  const Gma low(0x0000'8000'0000'1000);
  const Tables tables = MapPage(low);
  EXPECT_TRUE(WalkPpgtt4Level(kPml4, Gma(0xffff'8000'0000'1000), tables).ok());
  EXPECT_TRUE(WalkPpgtt4Level(kPml4, low, tables).ok());
  EXPECT_TRUE(WalkPpgtt4Level(kPml4, Gma(0x1234'8000'0000'1000), tables).ok());
}

TEST(PageWalk, SaysAtWhichLevelNothingIsMapped) {
  for (const TableLevel level :
       {TableLevel::kPml4, TableLevel::kPdp, TableLevel::kPd, TableLevel::kPt}) {
    Tables tables = MapPage(kGma);
    constexpr uint64_t kTable[] = {kPt, kPd, kPdp, kPml4};
    tables.Set(kTable[static_cast<unsigned>(level)], level, kGma, kData);
    const WalkResult walk = WalkPpgtt4Level(kPml4, kGma, tables);
    EXPECT_EQ(walk.status, WalkStatus::kNotPresent);
    EXPECT_EQ(walk.level, level);
    EXPECT_FALSE(walk.ok());
  }
}

TEST(PageWalk, TakesAZeroRootForNothing) {
  Tables tables;
  EXPECT_EQ(WalkPpgtt4Level(0, kGma, tables).status, WalkStatus::kNotPresent);
  EXPECT_EQ(WalkPpgtt3Level({}, Gma(0), tables).status, WalkStatus::kNotPresent);
  EXPECT_EQ(tables.reads(), 0u);
}

TEST(PageWalk, IgnoresFlagsOfTheRoot) {
  const Tables tables = MapPage(kGma);
  EXPECT_TRUE(WalkPpgtt4Level(kPml4 | 0xfff, kGma, tables).ok());
  EXPECT_TRUE(WalkPpgtt4Level(kPml4 | uint64_t{0xffff} << 48, kGma, tables).ok());
}

TEST(PageWalk, RefusesPdeWithReservedBits) {
  for (const uint64_t pde : {kPt | kFlags | uint64_t{1} << 48, kPt | kFlags | uint64_t{1} << 63}) {
    const WalkResult walk = WalkPpgtt4Level(kPml4, kGma, MapPage(kGma, pde));
    EXPECT_EQ(walk.status, WalkStatus::kReservedBits);
    EXPECT_EQ(walk.level, TableLevel::kPd);
  }
  for (unsigned bit = 13; bit <= 20; ++bit) {
    const uint64_t pde = 0x4000'0000 | PpgttEntry::kPageSize | kFlags | uint64_t{1} << bit;
    EXPECT_EQ(WalkPpgtt4Level(kPml4, kGma, MapPage(kGma, pde)).status, WalkStatus::kReservedBits);
  }
}

TEST(PageWalk, RefusesPageSizesThatDoNotExist) {
  Tables pml4 = MapPage(kGma);
  pml4.Set(kPml4, TableLevel::kPml4, kGma, kPdp | kFlags | PpgttEntry::kPageSize);
  EXPECT_EQ(WalkPpgtt4Level(kPml4, kGma, pml4).status, WalkStatus::kReservedBits);
  Tables pdp = MapPage(kGma);
  pdp.Set(kPdp, TableLevel::kPdp, kGma, kPd | kFlags | PpgttEntry::kPageSize);
  const WalkResult walk = WalkPpgtt4Level(kPml4, kGma, pdp);
  EXPECT_EQ(walk.status, WalkStatus::kReservedBits);
  EXPECT_EQ(walk.level, TableLevel::kPdp);
}

TEST(PageWalk, TakesBitSevenOfAPteForItsCacheIndex) {
  const Tables tables = MapPage(kGma, kPt | kFlags, kData | kFlags | PpgttEntry::kPat4K);
  EXPECT_EQ(WalkPpgtt4Level(kPml4, kGma, tables).page_bytes, 4096u);
}

TEST(PageWalk, FindsATwoMebibytePage) {
  const uint64_t pde = 0x4000'0000 | PpgttEntry::kPageSize | PpgttEntry::kPatLarge | kFlags;
  const Tables tables = MapPage(kGma, pde);
  const WalkResult walk = WalkPpgtt4Level(kPml4, kGma, tables);
  EXPECT_EQ(walk.status, WalkStatus::kOk);
  EXPECT_EQ(walk.level, TableLevel::kPd);
  EXPECT_EQ(walk.page_bytes, 2u << 20);
  EXPECT_EQ(walk.physical, 0x4000'0000 | (kGma.value & 0x1fffff));
  EXPECT_EQ(tables.reads(), 3u);
}

TEST(PageWalk, FindsASixtyFourKibibytePageByTheSixteenthEntry) {
  const Gma first(kGma.value & ~uint64_t{0xffff});
  Tables tables = MapPage(kGma, kPt | kFlags | PpgttEntry::kIps, 0);
  tables.Set(kPt, TableLevel::kPt, first, 0x7778'0000 | kFlags);
  const WalkResult walk = WalkPpgtt4Level(kPml4, kGma, tables);
  EXPECT_EQ(walk.status, WalkStatus::kOk);
  EXPECT_EQ(walk.page_bytes, 65536u);
  EXPECT_EQ(walk.physical, 0x7778'0000 | (kGma.value & 0xffff));
}

TEST(PageWalk, ReadsPlainPagesWhereLargePtesAreOff) {
  const Tables tables = MapPage(kGma, kPt | kFlags | PpgttEntry::kIps);
  const WalkResult walk = WalkPpgtt4Level(kPml4, kGma, tables, LargePtes::kOff);
  EXPECT_EQ(walk.page_bytes, 4096u);
  EXPECT_EQ(walk.physical, kData | 0xabc);
}

TEST(PageWalk, IsWritableOnlyIfEveryLevelIs) {
  EXPECT_FALSE(
      WalkPpgtt4Level(kPml4, kGma, MapPage(kGma, kPt | kFlags, kData | kPresent)).writable);
  EXPECT_FALSE(WalkPpgtt4Level(kPml4, kGma, MapPage(kGma, kPt | kPresent)).writable);
  Tables tables = MapPage(kGma);
  tables.Set(kPml4, TableLevel::kPml4, kGma, kPdp | kPresent);
  const WalkResult walk = WalkPpgtt4Level(kPml4, kGma, tables);
  EXPECT_TRUE(walk.ok());
  EXPECT_FALSE(walk.writable);
}

TEST(PageWalk, ReportsATableThatCannotBeRead) {
  Tables tables = MapPage(kGma);
  tables.MakeHole(kPd);
  const WalkResult walk = WalkPpgtt4Level(kPml4, kGma, tables);
  EXPECT_EQ(walk.status, WalkStatus::kReadFailed);
  EXPECT_EQ(walk.level, TableLevel::kPd);
}

TEST(PageWalk, EndsOnTablesThatPointAtThemselves) {
  Tables tables;
  for (unsigned i = 0; i < kEntriesPerTable; ++i) {
    tables.Set(kPml4, TableLevel::kPt, Gma(uint64_t{i} << 12), kPml4 | kFlags);
  }
  const WalkResult walk = WalkPpgtt4Level(kPml4, kGma, tables);
  EXPECT_TRUE(walk.ok());
  EXPECT_EQ(walk.physical, kPml4 | 0xabc);
  EXPECT_EQ(tables.reads(), 4u);
}

TEST(PageWalk, PicksOneOfFourRootsInAThreeLevelSpace) {
  const Gma gma(0xc012'3456);
  Tables tables;
  tables.Set(kPd, TableLevel::kPd, gma, kPt | kFlags);
  tables.Set(kPt, TableLevel::kPt, gma, kData | kFlags);
  const std::array<uint64_t, 4> pdps = {0, 0, 0, kPd};
  const WalkResult walk = WalkPpgtt3Level(pdps, gma, tables);
  EXPECT_EQ(walk.status, WalkStatus::kOk);
  EXPECT_EQ(walk.physical, kData | 0x456);
  EXPECT_EQ(tables.reads(), 2u);
  EXPECT_EQ(WalkPpgtt3Level(pdps, Gma(0x8012'3456), tables).status, WalkStatus::kNotPresent);
}

TEST(PageWalk, EndsAThreeLevelSpaceAtFourGibibytes) {
  const Tables tables;
  const std::array<uint64_t, 4> pdps = {kPd, kPd, kPd, kPd};
  EXPECT_EQ(WalkPpgtt3Level(pdps, Gma(0x1'0000'0000), tables).status, WalkStatus::kOutOfRange);
  EXPECT_EQ(WalkPpgtt3Level(pdps, Gma(0xffff'8000'0000'0000), tables).status,
            WalkStatus::kOutOfRange);
}

TEST(PageWalk, LooksAGgttAddressUpByItsPageNumber) {
  const auto table = [](uint64_t offset) -> std::optional<uint64_t> {
    if (offset == 0x18) return 0xabc'd001;
    if (offset == 0x20) return 0xabc'd000;
    if (offset == 0x28) return std::nullopt;
    return 0;
  };
  const WalkResult walk = WalkGgtt(Gma(0x3123), table);
  EXPECT_EQ(walk.status, WalkStatus::kOk);
  EXPECT_EQ(walk.physical, 0xabc'd123u);
  EXPECT_TRUE(walk.writable);
  EXPECT_EQ(WalkGgtt(Gma(0x4000), table).status, WalkStatus::kNotPresent);
  EXPECT_EQ(WalkGgtt(Gma(0x5000), table).status, WalkStatus::kReadFailed);
  EXPECT_EQ(WalkGgtt(Gma(kGgttBytes), table).status, WalkStatus::kOutOfRange);
  EXPECT_EQ(WalkGgtt(Gma(~uint64_t{0}), table).status, WalkStatus::kOutOfRange);
}

TEST(PageWalk, WorksAtCompileTime) {
  constexpr auto kReader = [](uint64_t physical) -> std::optional<uint64_t> {
    return (physical & ~uint64_t{0xfff}) + 0x1003;
  };
  constexpr WalkResult kWalk = WalkPpgtt4Level(0x1000, Gma(0x123), kReader);
  static_assert(kWalk.physical == 0x5123);
  EXPECT_TRUE(kWalk.ok());
}

// The walk again, written the long way, straight from the manual's pictures.
std::optional<uint64_t> NaiveWalk(uint64_t pml4, uint64_t gma, const Tables& tables) {
  const uint64_t pml4e = *tables((pml4 & 0xffff'ffff'f000) + 8 * (gma >> 39 & 511));
  if (pml4 == 0 || (pml4e & 1) == 0 || (pml4e & 0x80) != 0 || pml4e >> 48 != 0) return {};
  const uint64_t pdpe = *tables((pml4e & 0xffff'ffff'f000) + 8 * (gma >> 30 & 511));
  if ((pdpe & 1) == 0 || (pdpe & 0x80) != 0 || pdpe >> 48 != 0) return {};
  const uint64_t pde = *tables((pdpe & 0xffff'ffff'f000) + 8 * (gma >> 21 & 511));
  if ((pde & 1) == 0 || pde >> 48 != 0) return {};
  if ((pde & 0x80) != 0) {
    if ((pde & 0x1f'e000) != 0) return {};
    return (pde & 0xffff'ffe0'0000) + (gma & 0x1f'ffff);
  }
  const uint64_t table = pde & 0xffff'ffff'f000;
  if ((pde & 0x800) != 0) {
    const uint64_t pte = *tables(table + 8 * (gma >> 12 & 0x1f0));
    if ((pte & 1) == 0 || pte >> 48 != 0) return {};
    return (pte & 0xffff'ffff'0000) + (gma & 0xffff);
  }
  const uint64_t pte = *tables(table + 8 * (gma >> 12 & 511));
  if ((pte & 1) == 0 || pte >> 48 != 0) return {};
  return (pte & 0xffff'ffff'f000) + (gma & 0xfff);
}

// Tables in four pages that point at each other at random, with all flags.
RC_GTEST_PROP(PageWalk, AgreesWithANaiveWalk, ()) {
  Tables tables;
  const auto entries =
      *rc::gen::container<std::vector<uint64_t>>(24, rc::gen::arbitrary<uint64_t>());
  const uint64_t gma = *rc::gen::inRange<uint64_t>(0, uint64_t{1} << 48);
  size_t next = 0;
  for (const uint64_t page : {kPml4, kPdp, kPd, kPt}) {
    for (const TableLevel level :
         {TableLevel::kPml4, TableLevel::kPdp, TableLevel::kPd, TableLevel::kPt}) {
      const uint64_t random = entries[next++];
      // Mostly well-formed: present, no reserved bit, pointing into the four pages.
      uint64_t entry = (kPml4 + (random >> 60 & 3) * 0x1000) | (random & 0x1fff & 0x98b) | kPresent;
      if ((random >> 50 & 15) == 0) entry |= uint64_t{1} << (48 + (random >> 40 & 15));
      if ((random >> 50 & 15) == 1) entry &= ~kPresent;
      if ((random >> 50 & 3) != 2) entry &= ~PpgttEntry::kPageSize;
      tables.Set(page, level, Gma(gma), entry);
    }
    tables.Set(page, TableLevel::kPt, Gma(gma & ~uint64_t{0xffff}),
               (entries[next++] & 0x0fff'ffff'f003) | kPresent);
  }
  const WalkResult walk = WalkPpgtt4Level(kPml4, Gma(gma), tables);
  const std::optional<uint64_t> expected = NaiveWalk(kPml4, gma, tables);
  RC_ASSERT(walk.ok() == expected.has_value());
  if (expected) RC_ASSERT(walk.physical == *expected);
  RC_TAG(walk.ok());
}

}  // namespace
}  // namespace gvt::hw
