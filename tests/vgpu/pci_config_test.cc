#include "vgpu/pci_config.h"

#include <gtest/gtest.h>

#include <vector>

#include "test_device.h"

namespace gvt::vgpu {
namespace {

TEST(PciConfig, NamesTheFunction) {
  TestDevice skl;
  EXPECT_EQ(skl.Config(0x00), 0x19128086u);
  EXPECT_EQ(skl.Config(0x08), 0x03000006u);
  DeviceConfig config;
  config.pci_device_id = 0x5916;
  TestDevice kbl(config);
  EXPECT_EQ(kbl.Config(0x00), 0x59168086u);
  EXPECT_EQ(kbl.Config(0x08), 0x03000004u);
}

TEST(PciConfig, HasWhatTheDriverOfTheGttReads) {
  TestDevice guest;
  EXPECT_EQ(guest.Read<uint16_t>(Region::kConfig, 0x50), 0x00c0);  // 8 MiB of entries, no stolen
  EXPECT_EQ(guest.Config(0x5c), 0u);                               // BDSM
  EXPECT_EQ(guest.Config(0xfc), 0u);                               // ASLS
  EXPECT_EQ(guest.Read<uint8_t>(Region::kConfig, 0x3d), 0);        // no interrupt pin
}

TEST(PciConfig, SizesEachBar) {
  TestDevice guest;
  for (const uint32_t bar : {0x10u, 0x14u, 0x18u, 0x1cu, 0x20u, 0x24u, 0x30u}) {
    guest.SetConfig(bar, ~0u);
  }
  EXPECT_EQ(guest.Config(0x10), 0xff000004u);
  EXPECT_EQ(guest.Config(0x14), 0xffffffffu);
  EXPECT_EQ(guest.Config(0x18), 0xf000000cu);
  EXPECT_EQ(guest.Config(0x1c), 0xffffffffu);
  EXPECT_EQ(guest.Config(0x20), 0xffffffc1u);
  EXPECT_EQ(guest.Config(0x24), 0u);
  EXPECT_EQ(guest.Config(0x30), 0u);
}

TEST(PciConfig, SizesTheApertureAsConfigured) {
  for (const uint32_t mib : {128u, 256u, 512u}) {
    DeviceConfig config;
    config.aperture_bytes = uint64_t{mib} << 20;
    TestDevice guest(config);
    guest.SetConfig(0x18, ~0u);
    EXPECT_EQ(guest.Config(0x18), ~(mib << 20) + 1 + 0xc);
    EXPECT_EQ(guest.device().RegionSize(Region::kBar2), config.aperture_bytes);
  }
}

TEST(PciConfig, MovesABar) {
  TestDevice guest;
  guest.SetConfig(0x18, 0xe0000000);
  EXPECT_EQ(guest.Config(0x18), 0xe000000cu);
  guest.SetConfig(0x18, 0x40001234);
  EXPECT_EQ(guest.Config(0x18), 0x4000000cu);
}

TEST(PciConfig, AnswersNothingWhileMemoryDecodingIsOff) {
  TestDevice guest(DeviceConfig{}, TestDevice::Decoding::kOff);
  EXPECT_EQ(guest.Reg(0x78000), ~0u);
  EXPECT_EQ(guest.Read<uint64_t>(Region::kBar0, TestDevice::kGgtt), ~uint64_t{0});
  EXPECT_EQ(guest.Read<uint16_t>(Region::kBar2, 0x10), 0xffff);
  EXPECT_EQ(guest.Read<uint32_t>(Region::kBar4, 0), ~0u);
  guest.SetReg(0x2080, 0x1000);
  guest.EnableMemory();
  EXPECT_EQ(guest.Reg(0x2080), 0u);
  EXPECT_EQ(guest.Read<uint32_t>(Region::kBar4, 0), 0u);
  guest.SetReg(0x2080, 0x1000);
  guest.Write<uint16_t>(Region::kConfig, 4, 0);
  EXPECT_EQ(guest.Reg(0x2080), ~0u);
  guest.EnableMemory();
  EXPECT_EQ(guest.Reg(0x2080), 0x1000u);
}

TEST(PciConfig, KeepsOnlyTheCommandBitsThatItHas) {
  TestDevice guest;
  guest.Write<uint16_t>(Region::kConfig, 4, 0xffff);
  EXPECT_EQ(guest.Read<uint16_t>(Region::kConfig, 4), 0x0507);
  guest.Write<uint16_t>(Region::kConfig, 6, 0xffff);
  EXPECT_EQ(guest.Read<uint16_t>(Region::kConfig, 6), 0x0010);  // capabilities; no error was set
}

TEST(PciConfig, ListsMsiAndPowerManagement) {
  TestDevice guest;
  const auto first = guest.Read<uint8_t>(Region::kConfig, 0x34);
  EXPECT_EQ(guest.Read<uint8_t>(Region::kConfig, first), 0x05);
  const auto second = guest.Read<uint8_t>(Region::kConfig, first + 1u);
  EXPECT_EQ(guest.Read<uint8_t>(Region::kConfig, second), 0x01);
  EXPECT_EQ(guest.Read<uint8_t>(Region::kConfig, second + 1u), 0x00);
}

TEST(PciConfig, HasOneMessageOf32Bits) {
  TestDevice guest;
  guest.Write<uint16_t>(Region::kConfig, 0xae, 0xffff);
  EXPECT_EQ(guest.Read<uint16_t>(Region::kConfig, 0xae), 0x0001);
  guest.SetConfig(0xb0, 0xfee01007);
  EXPECT_EQ(guest.Config(0xb0), 0xfee01004u);
}

TEST(PciConfig, LatchesThePowerState) {
  TestDevice guest;
  guest.Write<uint16_t>(Region::kConfig, 0xd4, 0xffff);
  EXPECT_EQ(guest.Read<uint16_t>(Region::kConfig, 0xd4), 3);
  guest.device().Reset();
  EXPECT_EQ(guest.Read<uint16_t>(Region::kConfig, 0xd4), 0);
}

TEST(PciConfig, TakesAnyWidthAtAnyOffset) {
  PciConfig config(0x1912, uint64_t{256} << 20);
  const std::vector<std::byte> ones(64, std::byte{0xff});
  std::vector<std::byte> seen(64);
  for (uint64_t offset = 0; offset < kConfigBytes + 16; ++offset) {
    for (size_t bytes = 1; bytes <= 9; ++bytes) {
      config.Write(offset, std::span(ones).first(bytes));
      config.Read(offset, std::span(seen).first(bytes));
    }
  }
  config.Read(kConfigBytes - 2, std::span(seen).first(4));
  EXPECT_EQ(seen[0], std::byte{0});
  EXPECT_EQ(seen[2], std::byte{0xff});
  config.Read(~uint64_t{0} - 1, seen);
  EXPECT_EQ(seen[0], std::byte{0xff});
  uint16_t id = 0;
  config.Read(2, std::as_writable_bytes(std::span(&id, 1)));
  EXPECT_EQ(id, 0x1912);
}

}  // namespace
}  // namespace gvt::vgpu
