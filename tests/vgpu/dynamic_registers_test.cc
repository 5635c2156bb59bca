// Registers that answer: power, clocks, resets, engines, display.
#include <gtest/gtest.h>

#include "hw/platform.h"
#include "test_device.h"

namespace gvt::vgpu {
namespace {

constexpr hw::Engine kEngines[] = {hw::Engine::kRcs, hw::Engine::kBcs, hw::Engine::kVcs,
                                   hw::Engine::kVcs2, hw::Engine::kVecs};

TEST(DynamicRegisters, AcknowledgeForcewake) {
  TestDevice guest;
  constexpr struct {
    uint32_t request;
    uint32_t acknowledge;
  } kDomains[] = {{0xa188, 0x130044}, {0xa270, 0x0d88}, {0xa278, 0x0d84}};
  for (const auto& domain : kDomains) {
    guest.SetReg(domain.request, 0x00010001);
    EXPECT_EQ(guest.Reg(domain.acknowledge), 1u);
    guest.SetReg(domain.request, 0x00010000);
    EXPECT_EQ(guest.Reg(domain.acknowledge), 0u);
  }
}

TEST(DynamicRegisters, AnswerTheMailboxAtOnce) {
  TestDevice guest;
  const auto ask = [&](uint32_t command, uint32_t data) {
    guest.SetReg(0x138128, data);
    guest.SetReg(0x138124, 0x80000000 | command);
    EXPECT_EQ(guest.Reg(0x138124), 0u) << "ready, without an error";
    return guest.Reg(0x138128);
  };
  EXPECT_EQ(ask(0x06, 0), 0x1e1a1100u);
  EXPECT_EQ(ask(0x06, 1), 0x61514b3du);
  EXPECT_EQ(ask(0x07, 3), 1u);
  EXPECT_EQ(ask(0x21, 0), 1u);
  EXPECT_EQ(ask(0x05, 0x30), 0x31u);
  EXPECT_EQ(ask(0x42, 0x1234), 0x1234u);
}

TEST(DynamicRegisters, ReportPowerWellsAsRequested) {
  TestDevice guest;
  guest.SetReg(0x45404, 0x20000002);
  EXPECT_EQ(guest.Reg(0x45404), 0x30000003u);
  guest.SetReg(0x45404, 0x50000001);  // states alone ask for nothing
  EXPECT_EQ(guest.Reg(0x45404), 0u);
}

TEST(DynamicRegisters, LockPllsThatAreEnabled) {
  TestDevice guest;
  EXPECT_EQ(guest.Reg(0x6c060), 1u);
  guest.SetReg(0x46010, 0x40000000);
  EXPECT_EQ(guest.Reg(0x46010), 0u);
  EXPECT_EQ(guest.Reg(0x6c060), 0u);
  guest.SetReg(0x46014, 0x80000000);
  guest.SetReg(0x46060, 0x80000000);
  EXPECT_EQ(guest.Reg(0x46014), 0xc0000000u);
  EXPECT_EQ(guest.Reg(0x6c060), 0x01000100u);
  guest.SetReg(0x45008, 0);
  EXPECT_EQ(guest.Reg(0x45008), 0u);
  guest.SetReg(0x45008, 0x80000000);
  EXPECT_EQ(guest.Reg(0x45008), 0xc0000000u);
}

TEST(DynamicRegisters, GrantAResetToEachEngineThatAsks) {
  TestDevice guest;
  for (const hw::Engine engine : kEngines) {
    const uint32_t control = hw::EngineMmioBase(engine) + 0xd0;
    guest.SetReg(control, 0x00010001);
    EXPECT_EQ(guest.Reg(control), 3u);
    guest.SetReg(control, 0x00000000);  // no mask: nothing changes
    EXPECT_EQ(guest.Reg(control), 3u);
    guest.SetReg(control, 0x00010000);
    EXPECT_EQ(guest.Reg(control), 0u);
  }
}

TEST(DynamicRegisters, SayThatAStoppedEngineIsIdle) {
  TestDevice guest;
  EXPECT_EQ(guest.Reg(0x209c), 0x200u);
  guest.SetReg(0x209c, 0x01000100);
  EXPECT_EQ(guest.Reg(0x209c), 0x300u);
  guest.SetReg(0x209c, 0x01000000);
  EXPECT_EQ(guest.Reg(0x209c), 0x200u);
}

TEST(DynamicRegisters, ResetOneEngineWithoutTouchingTheOthers) {
  TestDevice guest;
  for (const uint32_t base : {0x2000u, 0x22000u}) {
    guest.SetReg(base + 0x34, 0x100);
    guest.SetReg(base + 0x80, 0xffff0000);
  }
  guest.device().registers(hw::Engine::kRcs).Write(0x20b8, 1);
  guest.SetReg(0x941c, 1u << 1);
  EXPECT_EQ(guest.Reg(0x941c), 0u);
  EXPECT_EQ(guest.Reg(0x2034), 0u);
  EXPECT_EQ(guest.Reg(0x20b8), 0u);
  EXPECT_EQ(guest.Reg(0x2080), 0xffff0000u);
  EXPECT_EQ(guest.Reg(0x22034), 0x100u);
  EXPECT_EQ(guest.device().statistics().engine_resets, 1u);
}

TEST(DynamicRegisters, ResetTheGtButNotInterruptsFencesAndGgtt) {
  TestDevice guest;
  guest.ReadPvinfo();
  guest.SetReg(0x229c, 0x80008000);
  guest.SetReg(0x9120, 0);
  guest.SetReg(0x44304, 0x1234);
  guest.SetReg(0x100004, 0x5678);
  guest.Map(0x1000, 0x2000);
  guest.SetReg(0x941c, 1);
  EXPECT_EQ(guest.Reg(0x229c), 0u);
  EXPECT_EQ(guest.Reg(0x9120), 0x02800000u);
  EXPECT_EQ(guest.Reg(0x44304), 0x1234u);
  EXPECT_EQ(guest.Reg(0x100004), 0x5678u);
  EXPECT_NE(guest.device().ggtt().Translate(Gma(0x1000)), sched::kNoPage);
  EXPECT_EQ(guest.Reg(0x78050), 4u);
}

TEST(DynamicRegisters, ForgetErrorsThatAreWrittenBack) {
  TestDevice guest;
  gpu::RegisterPort& port = guest.device().registers(hw::Engine::kVcs);
  port.Write(0x120b0, 1);
  port.Write(0x120b8, 1);
  EXPECT_EQ(guest.Reg(0x120b0), 1u);
  guest.SetReg(0x120b8, 0);
  EXPECT_EQ(guest.Reg(0x120b8), 1u) << "live status is not written";
  guest.SetReg(0x120b0, 1);
  EXPECT_EQ(guest.Reg(0x120b0), 0u);
  EXPECT_EQ(guest.Reg(0x120b8), 0u);
}

TEST(DynamicRegisters, ShowTimeAtTwelveMegahertz) {
  TestDevice guest;
  EXPECT_EQ(guest.Reg(0xa26c), 4u);
  guest.clock().now_ns = 1'000'000'000;
  for (const hw::Engine engine : kEngines) {
    EXPECT_EQ(guest.Reg(hw::EngineMmioBase(engine) + 0x358), 12'000'000u);
  }
  guest.clock().now_ns = 400'000'000'000;
  EXPECT_EQ(guest.Read<uint64_t>(Region::kBar0, 0x2358), 4'800'000'000u);
  guest.SetReg(0x2358, 0);
  EXPECT_EQ(guest.Read<uint64_t>(Region::kBar0, 0x2358), 4'800'000'000u);
}

TEST(DynamicRegisters, PassOnTlbFlushes) {
  TestDevice guest;
  guest.SetReg(0x426c, 1);
  EXPECT_EQ(guest.Reg(0x426c), 0u);
  EXPECT_EQ(guest.host().flushed_engines, uint32_t{hw::EngineBit(hw::Engine::kBcs)});
  guest.SetReg(0x101008, 1);
  EXPECT_EQ(guest.host().flushed_engines, 0x1fu);
}

TEST(DynamicRegisters, IgnoreSubmissionsToAnEngineThatIsNotThere) {
  TestDevice guest;
  for (int i = 0; i < 8; ++i) guest.SetReg(0x1c230, 0x12345001);
  EXPECT_EQ(guest.host().wakes, 0u);
  EXPECT_EQ(guest.Reg(0x1c234), 0u);
  EXPECT_EQ(guest.Reg(0x1c238), 0u);
}

TEST(DynamicRegisters, HaveNoMonitorToTalkTo) {
  TestDevice guest;
  guest.SetReg(0x64010, 0xfe40023f);
  EXPECT_EQ(guest.Reg(0x64010) & 0xd2000000, 0x50000000u);  // done, timed out, not busy
  guest.SetReg(0x64010, 0x7e40023f);
  EXPECT_EQ(guest.Reg(0x64010) & 0xd2000000, 0u);
  EXPECT_EQ(guest.Reg(0xc5108) & 0xe00, 0xc00u);  // ready, not acknowledged, not active
  guest.SetReg(0xc501c, 0x100);
  EXPECT_EQ(guest.Reg(0xc501c), 0x1110u);
  guest.SetReg(0x70008, 0x80000000);
  EXPECT_EQ(guest.Reg(0x70008), 0xc0000000u);
  guest.SetReg(0x64300, 0);
  EXPECT_EQ(guest.Reg(0x64300), 0x80u);
}

TEST(DynamicRegisters, HaveAsManyFencesAsTheGuestWasTold) {
  DeviceConfig config;
  config.fence_count = 2;
  TestDevice guest(config);
  guest.Write<uint64_t>(Region::kBar0, 0x100008, 0x1122334455667788);
  EXPECT_EQ(guest.Read<uint64_t>(Region::kBar0, 0x100008), 0x1122334455667788u);
  guest.SetReg(0x100010, ~0u);
  EXPECT_EQ(guest.Reg(0x100010), 0u);
}

}  // namespace
}  // namespace gvt::vgpu
