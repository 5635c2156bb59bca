// Conversion against hw's walk and against itself without vector instructions.
#include "shadow/convert.h"

#include <gtest/gtest.h>

#include <array>
#include <random>

#include "hw/page_walk.h"
#include "tests/oracle/test_scale.h"

namespace gvt::shadow {
namespace {

using Table = std::array<uint64_t, hw::kEntriesPerTable>;
using hw::TableLevel;

constexpr TableShape kPt{TableLevel::kPt, false};
constexpr TableShape kPt64K{TableLevel::kPt, true};
constexpr TableShape kShapes[] = {
    kPt, kPt64K, {TableLevel::kPd, false}, {TableLevel::kPdp, false}, {TableLevel::kPml4, false}};

FrameMap SomeFrames() {
  return FrameMap({{0x10, 0x200, 0x1000},
                   {0x200, 0x280, ~uint64_t{0} - 0xff},
                   {0x300, 0x5000, 0},
                   {0xfffff0000, 0x1000000000, uint64_t{0x100} - 0xfffff0000}});
}

// Entries as guests have them, and as only an enemy has them.
uint64_t SomeEntry(std::mt19937_64& random) {
  const uint64_t frame = random() % 0x600;
  const uint64_t flags = 1 | (random() & 0x9a);
  switch (random() % 12) {
    case 0: return 0;
    case 1: return random();
    case 2: return random() & hw::kEntryAddressMask;
    case 3: return (frame << 21) | flags;
    case 4: return (frame << 12) | flags | 0x800;
    case 5: return ((0xfffff0000 + frame) << 12) | flags;
    case 6: return (frame << 12) | flags | uint64_t{1} << (48 + random() % 16);
    default: return (frame << 12) | (flags & ~uint64_t{0x80});
  }
}

Table SomeTable(std::mt19937_64& random) {
  Table table{};
  const bool is_dense = random() % 2 == 0;
  const uint64_t base = random() % 0x5000;
  for (size_t i = 0; i < table.size(); ++i) {
    const bool is_odd = random() % (is_dense ? 40 : 2) == 0;
    table[i] = is_odd ? SomeEntry(random) : ((base + i) << 12) | 3;
  }
  return table;
}

bool SameTally(const ConvertTally& a, const ConvertTally& b) {
  return a.present == b.present && a.substituted == b.substituted;
}

TEST(Convert, VectorsGiveWhatSingleEntriesGive) {
  std::mt19937_64 random(1);
  const FrameMap frames = SomeFrames();
  for (unsigned round = 0; round < 3000 * oracle::TestScale(); ++round) {
    const Table guest = SomeTable(random);
    for (const TableShape shape : kShapes) {
      Table fast{};
      Table plain{};
      fast.fill(0x5555);
      const ConvertTally tally = ConvertTable(shape, guest, frames, fast);
      EXPECT_TRUE(SameTally(tally, ConvertTablePlain(shape, guest, frames, plain)));
      ASSERT_EQ(fast, plain) << round;
    }
  }
}

// One table, walked by hw: what the shadow has must be what the walk finds.
TEST(Convert, PageTablesGiveWhatAWalkFinds) {
  std::mt19937_64 random(2);
  const FrameMap frames = SomeFrames();
  for (unsigned round = 0; round < 400 * oracle::TestScale(); ++round) {
    const Table guest = SomeTable(random);
    for (const bool pages_64k : {false, true}) {
      Table shadow{};
      ConvertTable(TableShape{TableLevel::kPt, pages_64k}, guest, frames, shadow);
      const uint64_t directory = 0x2000 | 3 | (pages_64k ? 0x800 : 0);
      const auto read = [&](uint64_t physical) -> std::optional<uint64_t> {
        return physical >> 12 == 2 ? guest[physical % 4096 / 8] : directory;
      };
      for (unsigned i = 0; i < guest.size(); ++i) {
        const auto walk =
            hw::WalkPpgtt3Level({0x1000}, Gma(uint64_t{i} << 12), read, hw::LargePtes::kOn);
        const ShadowEntry entry(shadow[i]);
        const FrameWindow* window = frames.Find(Gfn(walk.physical >> 12));
        ASSERT_EQ(entry.present(), walk.ok() && window != nullptr);
        const auto reason = walk.ok() ? Substitution::kInvalidGfn : Substitution::kReservedBits;
        const bool absent = walk.status == hw::WalkStatus::kNotPresent;
        if (!entry.present()) {
          EXPECT_EQ(entry.substitution(), absent ? Substitution::kNone : reason);
          continue;
        }
        EXPECT_EQ(entry.frame(), (walk.physical >> 12) + window->delta);
        EXPECT_EQ(entry.writable(), hw::PpgttEntry(walk.entry).writable());
      }
    }
  }
}

TEST(Convert, KeepsThePatIndexAndNothingElse) {
  const FrameMap frames({{0, 0x1000, 0}});
  const uint64_t everything = LowMask64(12);
  EXPECT_EQ(ConvertEntry(kPt, 0, 0x5000 | everything, frames).raw(), 0x5000u | 0x9b);
  const TableShape pd{TableLevel::kPd, false};
  const uint64_t large = (uint64_t{3} << 21) | 0x1000 | everything;  // bit 12: PAT
  EXPECT_EQ(ConvertEntry(pd, 0, large, frames).raw(), (uint64_t{3} << 21) | 0x1000u | 0x9b);
  EXPECT_EQ(ConvertEntry(pd, 0, 0x5000 | 0x87b, frames).raw(), 0x5000u | 0x81b);
  const TableShape pdp{TableLevel::kPdp, false};
  EXPECT_EQ(ConvertEntry(pdp, 0, 0x5000 | 0x87b, frames).raw(), 0x5000u | 0x1b);
}

TEST(Convert, LargePagesAreRefusedWhereHardwareHasNone) {
  const FrameMap frames({{0, 0x1000, 0}});
  for (const TableLevel level : {TableLevel::kPdp, TableLevel::kPml4}) {
    const ShadowEntry entry = ConvertEntry({level, false}, 0, 0x5083, frames);
    EXPECT_FALSE(entry.present());
    EXPECT_EQ(entry.substitution(), Substitution::kReservedBits);
  }
  EXPECT_EQ(ConvertEntry({TableLevel::kPd, false}, 0, 0x6083, frames).substitution(),
            Substitution::kReservedBits);
}

TEST(Convert, SixtyFourKilobytesMayEndInsideAWindow) {
  const FrameMap frames({{0x10, 0x18, 0}, {0x1c, 0x20, 0x100}});
  Table guest{};
  guest[16] = 0x10003;
  guest[17] = 0x77003;  // is not looked at
  Table shadow{};
  const ConvertTally tally = ConvertTable(kPt64K, guest, frames, shadow);
  EXPECT_EQ(tally.present, 12u);
  EXPECT_EQ(tally.substituted[1], 4u);
  EXPECT_EQ(shadow[16], 0x10003u);
  EXPECT_EQ(shadow[23], 0x17003u);
  EXPECT_EQ(ShadowEntry(shadow[24]).substitution(), Substitution::kInvalidGfn);
  EXPECT_EQ(shadow[31], 0x11f003u);
}

}  // namespace
}  // namespace gvt::shadow
