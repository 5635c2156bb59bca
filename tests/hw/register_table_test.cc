#include "hw/register_table.h"

#include <gtest/gtest.h>

namespace gvt::hw {
namespace {

constexpr Platform kPlatforms[] = {Platform::kBdw, Platform::kSkl, Platform::kKbl, Platform::kCfl,
                                   Platform::kBxt};

// The plain way: every row is asked.
const RegisterRow* FindBySearch(Platform platform, uint32_t offset) {
  for (const RegisterRow& row : RegisterRows()) {
    if ((row.platforms & PlatformBit(platform)) == 0) continue;
    if (offset >= row.offset && offset < row.offset + row.size_bytes) return &row;
  }
  return nullptr;
}

size_t CommandDwords(Platform platform) {
  size_t dwords = 0;
  for (const RegisterRow& row : RegisterRows()) {
    const bool counts =
        (row.platforms & PlatformBit(platform)) != 0 && row.Has(RegisterFlag::kCommandAccess);
    if (counts) dwords += row.size_bytes / 4;
  }
  return dwords;
}

TEST(RegisterTable, FindsTheSameRowAsAPlainSearch) {
  for (const Platform platform : kPlatforms) {
    for (uint32_t offset = 0; offset < 0x10000; offset += 4) {
      ASSERT_EQ(FindRegister(platform, offset), FindBySearch(platform, offset)) << offset;
    }
    for (const RegisterRow& row : RegisterRows()) {
      for (const uint32_t offset : {row.offset - 1, row.offset, row.offset + row.size_bytes - 1,
                                    row.offset + row.size_bytes}) {
        ASSERT_EQ(FindRegister(platform, offset), FindBySearch(platform, offset)) << offset;
      }
    }
  }
}

TEST(RegisterTable, AnswersAnyOffset) {
  EXPECT_EQ(FindRegister(Platform::kSkl, kMmioBytes), nullptr);
  EXPECT_EQ(FindRegister(Platform::kSkl, 0xffffffff), nullptr);
  EXPECT_EQ(FindRegister(Platform::kSkl, 0), nullptr);
}

// linux v6.1 gvt/handlers.c flags so many dwords as accessible to commands.
TEST(RegisterTable, HasTheCommandAccessibleRegistersOfEachPlatform) {
  EXPECT_EQ(CommandDwords(Platform::kBdw), 221u);
  EXPECT_EQ(CommandDwords(Platform::kSkl), 777u);
  EXPECT_EQ(CommandDwords(Platform::kKbl), 778u);
  EXPECT_EQ(CommandDwords(Platform::kCfl), 778u);
  EXPECT_EQ(CommandDwords(Platform::kBxt), 844u);
}

TEST(RegisterTable, KeepsWhatADeviceModelNeedsToKnow) {
  const RegisterRow* instpm = FindRegister(Platform::kSkl, 0x20c0);
  ASSERT_NE(instpm, nullptr);
  EXPECT_TRUE(instpm->Has(RegisterFlag::kMaskedWrite));
  EXPECT_TRUE(instpm->Has(RegisterFlag::kSavedByContext));
  const RegisterRow* reset = FindRegister(Platform::kBdw, 0x220d0);
  ASSERT_NE(reset, nullptr);
  EXPECT_EQ(reset->read_only_bits, 0xfffefffeu);
  EXPECT_FALSE(reset->Has(RegisterFlag::kCommandAccess));
  const RegisterRow* slots = FindRegister(Platform::kKbl, 0x24fc);
  ASSERT_NE(slots, nullptr);
  EXPECT_TRUE(slots->Has(RegisterFlag::kValueChecked));
  EXPECT_TRUE(slots->Has(RegisterFlag::kNotInContext));
}

TEST(RegisterTable, KnowsEveryGeneralPurposeRegister) {
  for (const Platform platform : kPlatforms) {
    for (unsigned e = 0; e < kEngineCount; ++e) {
      const uint32_t base = EngineMmioBase(static_cast<Engine>(e));
      for (uint32_t offset = 0x600; offset < 0x680; offset += 4) {
        EXPECT_NE(FindRegister(platform, base + offset), nullptr) << base + offset;
      }
    }
  }
}

TEST(RegisterTable, NamesRegistersForPeople) {
  EXPECT_EQ(RegisterName(Platform::kSkl, 0x2030), "RING_TAIL[rcs]");
  EXPECT_EQ(RegisterName(Platform::kSkl, 0x22608), "RING_CS_GPR[bcs]+0x8");
  EXPECT_EQ(RegisterName(Platform::kSkl, 0x2400), "MI_PREDICATE_SRC0");
  EXPECT_EQ(RegisterName(Platform::kSkl, 0x2404), "MI_PREDICATE_SRC0+0x4");
  EXPECT_EQ(RegisterName(Platform::kSkl, 0x1a3fc), "RING_REG+0x3fc[vecs]");
  EXPECT_EQ(RegisterName(Platform::kSkl, 0x1f0000), "0x1f0000");
  EXPECT_EQ(RegisterName(Platform::kSkl, 0xffffffff), "0xffffffff");
}

TEST(RegisterTable, TellsWhoseBlockARegisterIsIn) {
  EXPECT_EQ(EngineOfRegister(0x2000), Engine::kRcs);
  EXPECT_EQ(EngineOfRegister(0x2ffc), Engine::kRcs);
  EXPECT_EQ(EngineOfRegister(0x3000), std::nullopt);
  EXPECT_EQ(EngineOfRegister(0x12600), Engine::kVcs);
  EXPECT_EQ(EngineOfRegister(0x1c600), Engine::kVcs2);
  EXPECT_EQ(EngineOfRegister(0x1a600), Engine::kVecs);
  EXPECT_EQ(EngineOfRegister(0x22600), Engine::kBcs);
  EXPECT_EQ(EngineOfRegister(0xffffffff), std::nullopt);
}

}  // namespace
}  // namespace gvt::hw
