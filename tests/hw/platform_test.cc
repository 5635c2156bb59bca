#include "hw/platform.h"

#include <gtest/gtest.h>

#include <map>

namespace gvt::hw {
namespace {

TEST(Platform, KnowsWhichPlatformADeviceIdIs) {
  EXPECT_EQ(PlatformFromPciId(0x1616), Platform::kBdw);
  EXPECT_EQ(PlatformFromPciId(0x1912), Platform::kSkl);
  EXPECT_EQ(PlatformFromPciId(0x5916), Platform::kKbl);
  EXPECT_EQ(PlatformFromPciId(0x87c0), Platform::kKbl);  // Amber Lake
  EXPECT_EQ(PlatformFromPciId(0x3e92), Platform::kCfl);
  EXPECT_EQ(PlatformFromPciId(0x3ea0), Platform::kCfl);  // Whiskey Lake
  EXPECT_EQ(PlatformFromPciId(0x9bc5), Platform::kCfl);  // Comet Lake
  EXPECT_EQ(PlatformFromPciId(0x5a84), Platform::kBxt);
  EXPECT_EQ(PlatformFromPciId(0x3185), Platform::kBxt);  // Gemini Lake
}

TEST(Platform, KnowsNoOtherDevice) {
  EXPECT_EQ(PlatformFromPciId(0x0000), std::nullopt);
  EXPECT_EQ(PlatformFromPciId(0x0416), std::nullopt);  // Haswell
  EXPECT_EQ(PlatformFromPciId(0x22b0), std::nullopt);  // Cherryview
  EXPECT_EQ(PlatformFromPciId(0x8a52), std::nullopt);  // Ice Lake
  EXPECT_EQ(PlatformFromPciId(0xffff), std::nullopt);
}

TEST(Platform, HasTheNumberOfIdsThatTheKernelHas) {
  std::map<Platform, int> ids;
  for (uint32_t id = 0; id <= 0xffff; ++id) {
    if (const auto platform = PlatformFromPciId(static_cast<uint16_t>(id))) ++ids[*platform];
  }
  EXPECT_EQ(ids[Platform::kBdw], 24);
  EXPECT_EQ(ids[Platform::kSkl], 25);
  EXPECT_EQ(ids[Platform::kKbl], 22);
  EXPECT_EQ(ids[Platform::kCfl], 39);
  EXPECT_EQ(ids[Platform::kBxt], 7);
}

TEST(Platform, MakesBroadwellGen8AndAllOthersGen9) {
  EXPECT_EQ(GenerationOf(Platform::kBdw), Generation::kGen8);
  for (const Platform platform : {Platform::kSkl, Platform::kKbl, Platform::kCfl, Platform::kBxt}) {
    EXPECT_EQ(GenerationOf(platform), Generation::kGen9);
  }
}

TEST(Platform, NamesGoBothWays) {
  for (unsigned i = 0; i < kPlatformCount; ++i) {
    const auto platform = static_cast<Platform>(i);
    EXPECT_EQ(PlatformFromName(PlatformName(platform)), platform);
  }
  for (unsigned i = 0; i < kEngineCount; ++i) {
    const auto engine = static_cast<Engine>(i);
    EXPECT_EQ(EngineFromName(EngineName(engine)), engine);
  }
  EXPECT_EQ(PlatformFromName("icl"), std::nullopt);
  EXPECT_EQ(PlatformFromName(""), std::nullopt);
  EXPECT_EQ(EngineFromName("vcs1"), std::nullopt);
}

TEST(Platform, PutsEachEngineAtItsRegisterBase) {
  EXPECT_EQ(EngineMmioBase(Engine::kRcs), 0x2000u);
  EXPECT_EQ(EngineMmioBase(Engine::kBcs), 0x22000u);
  EXPECT_EQ(EngineMmioBase(Engine::kVcs), 0x12000u);
  EXPECT_EQ(EngineMmioBase(Engine::kVcs2), 0x1c000u);
  EXPECT_EQ(EngineMmioBase(Engine::kVecs), 0x1a000u);
}

}  // namespace
}  // namespace gvt::hw
