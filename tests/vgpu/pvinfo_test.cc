#include "vgpu/pvinfo.h"

#include <gtest/gtest.h>

#include "test_device.h"

namespace gvt::vgpu {
namespace {

TEST(Pvinfo, TellsAGuestThatItIsOne) {
  TestDevice guest;
  EXPECT_EQ(guest.Read<uint64_t>(Region::kBar0, kPvinfo), 0x4776544776544776u);
  EXPECT_EQ(guest.Read<uint16_t>(Region::kBar0, kPvinfo + 8), 1);
  EXPECT_EQ(guest.Read<uint16_t>(Region::kBar0, kPvinfo + 10), 0);
  EXPECT_EQ(guest.Reg(kPvinfo + 0x10), 0x1cu);
  EXPECT_EQ(guest.Reg(kPvinfo + 0x50), 4u);
  EXPECT_EQ(guest.Reg(kPvinfo + 0x830), ~0u);
}

TEST(Pvinfo, GivesAllMemoryToAGuestThatIsAlone) {
  TestDevice guest;
  EXPECT_EQ(guest.Reg(kPvinfo + 0x40), 0u);
  EXPECT_EQ(guest.Reg(kPvinfo + 0x44), 0x10000000u);
  EXPECT_EQ(guest.Reg(kPvinfo + 0x48), 0x10000000u);
  EXPECT_EQ(guest.Reg(kPvinfo + 0x4c), 0xf0000000u);
}

TEST(Pvinfo, NamesTheWindowsOfABalloonedGuest) {
  DeviceConfig config;
  config.low_gm_base = 0x04000000;
  config.low_gm_bytes = 0x04000000;
  config.high_gm_base = 0x20000000;
  config.high_gm_bytes = 0x18000000;
  config.vgpu_id = 7;
  TestDevice guest(config);
  EXPECT_EQ(guest.Reg(kPvinfo + 0x0c), 7u);
  EXPECT_EQ(guest.Reg(kPvinfo + 0x40), 0x04000000u);
  EXPECT_EQ(guest.Reg(kPvinfo + 0x44), 0x04000000u);
  EXPECT_EQ(guest.Reg(kPvinfo + 0x48), 0x20000000u);
  EXPECT_EQ(guest.Reg(kPvinfo + 0x4c), 0x18000000u);
}

TEST(Pvinfo, LetsTheGuestWriteItsOwnPartOnly) {
  TestDevice guest;
  guest.Write<uint64_t>(Region::kBar0, kPvinfo, 0);
  guest.SetReg(kPvinfo + 0x50, 99);
  EXPECT_EQ(guest.Read<uint64_t>(Region::kBar0, kPvinfo), 0x4776544776544776u);
  EXPECT_EQ(guest.Reg(kPvinfo + 0x50), 4u);
  guest.SetReg(kPvinfo + 0x804, 1);
  EXPECT_EQ(guest.Reg(kPvinfo + 0x804), 1u);
  guest.Write<uint64_t>(Region::kBar0, kPvinfo + 0x838, 0x123456789a000);
  guest.SetReg(kPvinfo + 0x818, 4);
  EXPECT_EQ(guest.Read<uint64_t>(Region::kBar0, kPvinfo + 0x838), 0x123456789a000u);
  EXPECT_FALSE(guest.device().failsafe());
}

TEST(Pvinfo, TakesAFailureReportAtItsWord) {
  TestDevice guest;
  guest.SetReg(kPvinfo + 0x80c, 1);
  EXPECT_TRUE(guest.device().failsafe());
  guest.SetReg(0x20d0, 0x00010001);  // stores, does not answer
  EXPECT_EQ(guest.Reg(0x20d0), 0x00010001u & ~0xfffefffeu);
  guest.EnableMsi();
  guest.SetReg(0x44304, 0);
  guest.SetReg(0x4430c, ~0u);
  guest.SetReg(0x44200, 0x80000000);
  guest.device().interrupts(hw::Engine::kRcs).Raise(gpu::EngineInterrupt::kContextSwitch);
  EXPECT_EQ(guest.host().messages, 0u);
  guest.device().Reset();
  guest.EnableMemory();
  EXPECT_FALSE(guest.device().failsafe());
  guest.SetReg(0x20d0, 0x00010001);
  EXPECT_EQ(guest.Reg(0x20d0), 3u);
}

TEST(Pvinfo, MustHaveBeenReadBeforeEnginesAreEnabled) {
  TestDevice stranger;
  stranger.SetReg(0x229c, 0x80008000);
  EXPECT_TRUE(stranger.device().failsafe());
  TestDevice guest;
  guest.ReadPvinfo();
  guest.SetReg(0x229c, 0x80008000);
  EXPECT_FALSE(guest.device().failsafe());
  EXPECT_EQ(guest.Reg(0x229c), 0x8000u);
}

}  // namespace
}  // namespace gvt::vgpu
