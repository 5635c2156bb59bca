#include "vgpu/register_access.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

#include "hw/register_policy.h"
#include "hw/register_table.h"
#include "test_device.h"

namespace gvt::vgpu {
namespace {

constexpr hw::Platform kPlatforms[] = {hw::Platform::kSkl, hw::Platform::kKbl};

DeviceConfig ConfigOf(hw::Platform platform) {
  DeviceConfig config;
  config.pci_device_id = platform == hw::Platform::kSkl ? 0x1912 : 0x5916;
  return config;
}

// Registers that do as their row says, and no more.
bool FollowsItsRow(hw::Platform platform, uint32_t offset) {
  const Behaviour& behaviour = BehaviourMap::Of(platform).At(offset);
  return behaviour.read == nullptr && behaviour.write == nullptr && !behaviour.judged;
}

TEST(RegisterAccess, TreatsEachKnownRegisterAsItsRowSays) {
  for (const hw::Platform platform : kPlatforms) {
    TestDevice guest(ConfigOf(platform));
    guest.ReadPvinfo();
    uint32_t checked = 0;
    for (const hw::RegisterRow& row : hw::RegisterRows()) {
      if ((row.platforms & hw::PlatformBit(platform)) == 0) continue;
      for (uint32_t at = row.offset; at < row.offset + row.size_bytes; at += 4) {
        if (!FollowsItsRow(platform, at)) continue;
        ++checked;
        const uint32_t before = guest.Reg(at);
        guest.SetReg(at, 0x5a5aa5a5);
        uint32_t expected = 0x5a5aa5a5;
        if (row.Has(hw::RegisterFlag::kMaskedWrite)) {
          expected = (before & 0xffff & ~0x5a5au) | (0xa5a5 & 0x5a5a);
        } else {
          expected = (before & row.read_only_bits) | (expected & ~row.read_only_bits);
        }
        ASSERT_EQ(guest.Reg(at), expected) << hw::RegisterName(platform, at);
      }
    }
    EXPECT_GT(checked, 1500u);
    EXPECT_FALSE(guest.device().failsafe());
  }
}

TEST(RegisterAccess, StoresRegistersThatNobodyKnows) {
  TestDevice guest;
  for (const uint32_t offset : {0x2600u, 0x2400u, 0x5200u, 0x1f0000u, 0x1ffffcu}) {
    guest.SetReg(offset, 0xdeadbeef);
    EXPECT_EQ(guest.Reg(offset), 0xdeadbeefu);
  }
}

TEST(RegisterAccess, TakesTheWidthsOfAllLoadsAndStores) {
  TestDevice guest;
  guest.SetReg(0x2600, 0x33221100);
  guest.SetReg(0x2604, 0x77665544);
  EXPECT_EQ(guest.Read<uint8_t>(Region::kBar0, 0x2601), 0x11);
  EXPECT_EQ(guest.Read<uint16_t>(Region::kBar0, 0x2602), 0x3322);
  EXPECT_EQ(guest.Read<uint64_t>(Region::kBar0, 0x2600), 0x7766554433221100u);
  EXPECT_EQ(guest.Read<uint32_t>(Region::kBar0, 0x2602), 0x55443322u);
  guest.Write<uint8_t>(Region::kBar0, 0x2603, 0xaa);
  EXPECT_EQ(guest.Reg(0x2600), 0xaa221100u);
  guest.Write<uint16_t>(Region::kBar0, 0x2604, 0xbbcc);
  EXPECT_EQ(guest.Reg(0x2604), 0x7766bbccu);
  guest.Write<uint64_t>(Region::kBar0, 0x2600, 0x1122334455667788u);
  EXPECT_EQ(guest.Reg(0x2600), 0x55667788u);
  EXPECT_EQ(guest.Reg(0x2604), 0x11223344u);
}

TEST(RegisterAccess, ReadsZeroBetweenRegistersAndGgtt) {
  TestDevice guest;
  guest.SetReg(0x200000, ~0u);
  EXPECT_EQ(guest.Reg(0x200000), 0u);
  EXPECT_EQ(guest.Read<uint64_t>(Region::kBar0, 0x1ffffc), 0u);
  EXPECT_EQ(guest.Reg(0x7ffffc), 0u);
}

TEST(RegisterAccess, ChangesInMaskedRegistersWhatTheMaskSelects) {
  TestDevice guest;
  guest.SetReg(0x20e4, 0x00ff00ff);
  guest.SetReg(0x20e4, 0x000f0000);
  EXPECT_EQ(guest.Reg(0x20e4), 0x00f0u);
  guest.Write<uint16_t>(Region::kBar0, 0x20e4, 0xffff);  // no mask, no change
  EXPECT_EQ(guest.Reg(0x20e4), 0x00f0u);
}

TEST(RegisterAccess, DropsValuesThatAreNotTheGuests) {
  TestDevice guest;
  guest.ReadPvinfo();
  guest.SetReg(0x229c, 0x00010001);  // GFX_MODE: privilege check off
  EXPECT_EQ(guest.Reg(0x229c), 0u);
  guest.SetReg(0x20d4, 0x00180018);  // CSFE_CHICKEN1: other engines' registers
  EXPECT_EQ(guest.Reg(0x20d4), 0u);
  guest.SetReg(0x24d0, 0x2230);  // FORCE_TO_NONPRIV: ELSP
  EXPECT_EQ(guest.Reg(0x24d0), 0u);
  EXPECT_EQ(guest.device().statistics().refused_writes, 3u);
  guest.SetReg(0x24d0, 0x2580);
  EXPECT_EQ(guest.Reg(0x24d0), 0x2580u);
  EXPECT_FALSE(guest.device().failsafe());
}

TEST(RegisterAccess, ShowsEnginesTheSameFile) {
  TestDevice guest;
  gpu::RegisterPort& port = guest.device().registers(hw::Engine::kRcs);
  port.Write(0x2600, 7);
  EXPECT_EQ(guest.Reg(0x2600), 7u);
  port.Write(0x7014, 0x00030001);  // masked, by MI_LOAD_REGISTER_IMM
  EXPECT_EQ(guest.Reg(0x7014), 1u);
  port.Write(0x2034, 0x1234);
  EXPECT_EQ(guest.Reg(0x2034), 0x1234u);
  guest.SetReg(0x20c0, 0x00100010);
  EXPECT_EQ(port.Read(0x20c0), 0x10u);
  port.Write(0x7fffffff, 1);
  EXPECT_EQ(port.Read(0x7fffffff), 0u);
}

TEST(RegisterAccess, SaysWhereThoseAreThatEnginesOnlyStoreTo) {
  TestDevice guest;
  gpu::RegisterPort& port = guest.device().registers(hw::Engine::kRcs);
  unsigned places = 0;
  for (uint32_t offset = 0; offset < hw::kMmioBytes; offset += 4) {
    uint32_t* place = port.PlaceOf(offset);
    if (place == nullptr) continue;
    ++places;
    port.Write(offset, offset ^ 0xffff5555);
    ASSERT_EQ(std::atomic_ref(*place).load(), offset ^ 0xffff5555) << std::hex << offset;
    std::atomic_ref(*place).store(offset);
    ASSERT_EQ(port.Read(offset), offset);
  }
  EXPECT_GT(places, hw::kMmioBytes / 4 * 9 / 10);
  EXPECT_EQ(port.PlaceOf(0x7014), nullptr);  // masked, and of a context
  EXPECT_EQ(port.PlaceOf(0x23a0), nullptr);  // two halves
  EXPECT_EQ(port.PlaceOf(hw::kMmioBytes), nullptr);
}

TEST(RegisterAccess, LetsTheExecutionListUnitMoveItsPointer) {
  TestDevice guest;
  gpu::RegisterPort& port = guest.device().registers(hw::Engine::kBcs);
  EXPECT_EQ(port.Read(0x223a0), 7u);
  guest.SetReg(0x223a0, 0xffff0505);
  EXPECT_EQ(port.Read(0x223a0), 0x505u);
  port.Write(0x223a0, 0);
  EXPECT_EQ(guest.Reg(0x223a0), 0x500u);
}

TEST(RegisterAccess, SurvivesRandomAccesses) {
  std::mt19937_64 random(1);
  std::vector<std::byte> buffer(64);
  for (const hw::Platform platform : kPlatforms) {
    TestDevice guest(ConfigOf(platform));
    constexpr Region kRegions[] = {Region::kBar0, Region::kBar2, Region::kBar4, Region::kConfig};
    for (int i = 0; i < 200000; ++i) {
      const Region region = kRegions[random() % 4];
      const uint64_t size = guest.device().RegionSize(region);
      uint64_t offset = random() % size;
      if (region == Region::kBar0 && random() % 4 != 0) offset %= hw::kMmioBytes;
      const uint64_t bytes = std::min<uint64_t>(1 + random() % buffer.size(), size - offset);
      const std::span<std::byte> span = std::span(buffer).first(bytes);
      if (random() % 2 == 0) {
        guest.device().Read(region, offset, span);
      } else {
        for (std::byte& b : span) b = static_cast<std::byte>(random());
        guest.device().Write(region, offset, span);
      }
      if (i % 1000 == 0) guest.EnableMemory();
    }
    guest.device().Reset();
    guest.EnableMemory();
    EXPECT_EQ(guest.Read<uint64_t>(Region::kBar0, 0x78000), 0x4776544776544776u);
  }
}

}  // namespace
}  // namespace gvt::vgpu
