#include <gtest/gtest.h>

#include "tests/gpu_soft/bench_guest.h"

namespace gvt::soft_test {
namespace {

using gpu::EngineInterrupt;
using gpu::RunEnd;

TEST(StoreDataImm, WritesADwordToTheSpaceThatItNames) {
  BenchGuest guest;
  guest.Ring(Program({StoreDword(kData, 0x11), StoreDword(kData, 0x22, kUseGgtt)}));
  EXPECT_EQ(guest.Run(), RunEnd::kDrained);
  EXPECT_EQ(guest.Data(kPpgtt, 0), 0x11u);
  EXPECT_EQ(guest.Data(kGgtt, 0), 0x22u);
}

TEST(StoreDataImm, WritesAQwordWhereverADwordMayBe) {
  BenchGuest guest;
  guest.Ring(Program({StoreQword(kData, 0x1122334455667788), StoreQword(kData + 12, 0xaabbccdd)}));
  EXPECT_EQ(guest.Run(), RunEnd::kDrained);
  EXPECT_EQ(guest.Data64(kPpgtt, 0), 0x1122334455667788u);
  EXPECT_EQ(guest.Data64(kPpgtt, 12), 0xaabbccddu);
}

TEST(StoreDataImm, WithFiveDwordsAndNoQwordBitWritesTwoDwords) {
  BenchGuest guest;
  guest.Ring({Mi(0x20, 5), kData, 0, 1, 2});
  EXPECT_EQ(guest.Run(), RunEnd::kDrained);
  EXPECT_EQ(guest.Data64(kPpgtt, 0), 0x200000001u);
}

TEST(StoreDataIndex, WritesPageZeroOfTheRunningContext) {
  BenchGuest guest;
  guest.Ring(StoreIndex(0x40, 7), 1);
  EXPECT_EQ(guest.Run(1), RunEnd::kDrained);
  EXPECT_EQ(guest.memory.Get(kGgtt, BenchGuest::LrcaOf(1) + 0x40), 7u);
}

TEST(StoreDataIndex, BeyondThePageDoesNothing) {
  BenchGuest guest;
  guest.Ring(StoreIndex(0x1000, 7));
  EXPECT_EQ(guest.Run(), RunEnd::kDrained);
  EXPECT_EQ(guest.State(0, 0), 0u);
}

TEST(CopyMemMem, CopiesADwordBetweenTheSpaces) {
  BenchGuest guest;
  guest.Ring(Program(
      {StoreDword(kData, 0x77), CopyMem(kData + 8, kData, 1u << 21)}));  // destination in the GGTT
  EXPECT_EQ(guest.Run(), RunEnd::kDrained);
  EXPECT_EQ(guest.Data(kGgtt, 8), 0x77u);
}

TEST(PipeControl, WritesAnImmediateQword) {
  BenchGuest guest;
  guest.Ring(PipeControl(1u << 14 | 1u << 24, kData, 0x123456789abcdef0));
  EXPECT_EQ(guest.Run(), RunEnd::kDrained);
  EXPECT_EQ(guest.Data64(kGgtt, 0), 0x123456789abcdef0u);
}

TEST(PipeControl, OfFiveDwordsWritesAQwordWithoutItsUpperHalf) {
  BenchGuest guest;
  guest.memory.Put(kGgtt, kData, std::array{~0u, ~0u, ~0u});
  guest.Ring(Program(
      {{0x7a000003, 1u << 14 | 1u << 24, kData, 0, 7}, StoreDword(kData + 8, 8, kUseGgtt)}));
  EXPECT_EQ(guest.Run(), RunEnd::kDrained);
  EXPECT_EQ(guest.Data64(kGgtt, 0), 7u);
  EXPECT_EQ(guest.Data(kGgtt, 8), 8u);
}

TEST(PipeControl, InIndexModeWritesPageZeroOfTheContext) {
  BenchGuest guest;
  guest.Ring(PipeControl(0x344c1c, 0xd0, 0x55));  // what i915 puts before each request
  EXPECT_EQ(guest.Run(), RunEnd::kDrained);
  EXPECT_EQ(guest.memory.Get(kGgtt, kLrca + 0xd0), 0x55u);
  EXPECT_EQ(guest.memory.invalidations(), 1u);
}

TEST(PipeControl, WritesDepthCountAndTimestamp) {
  BenchGuest guest;
  guest.registers.Write(0x2350, 0x1234);
  guest.registers.Write(0x2354, 0x1);
  guest.clock.now_ns = 1'000'000;
  guest.Ring(Program({PipeControl(2u << 14, kData), PipeControl(3u << 14, kData + 8)}));
  EXPECT_EQ(guest.Run(), RunEnd::kDrained);
  EXPECT_EQ(guest.Data64(kPpgtt, 0), 0x100001234u);
  EXPECT_EQ(guest.Data64(kPpgtt, 8), 12'000u);  // 12 MHz
}

TEST(PipeControl, WritesARegisterIfThePolicyLetsIt) {
  BenchGuest guest;
  guest.Ring(Program({PipeControl(1u << 23, guest.Gpr(3), 9),            //
                      PipeControl(1u << 23, guest.base() + 0x30, 9)}));  // RING_TAIL
  const RunEnd end = guest.Run();
  EXPECT_EQ(end, RunEnd::kDrained);
  EXPECT_EQ(guest.registers.Read(guest.Gpr(3)), 9u);
  EXPECT_NE(guest.registers.Read(guest.base() + 0x30), 9u);
}

TEST(PipeControl, NotifiesBehindItsWrite) {
  BenchGuest guest;
  uint32_t seen = 0;
  guest.interrupts.on_raise = [&](EngineInterrupt) { seen = guest.memory.Get(kGgtt, kData); };
  guest.Ring(PipeControl(1u << 14 | 1u << 24 | 1u << 8, kData, 5));
  EXPECT_EQ(guest.Run(), RunEnd::kDrained);
  EXPECT_EQ(guest.interrupts.raised, std::vector{EngineInterrupt::kNotify});
  EXPECT_EQ(seen, 5u);
}

TEST(FlushDw, WritesADwordOrAQwordByItsLength) {
  BenchGuest guest(hw::Engine::kBcs);
  guest.memory.Put(kGgtt, kData, std::array{0xffffffffu, 0xffffffffu, 0xffffffffu, 0xffffffffu});
  guest.Ring(
      Program({FlushDw(1u << 14, kData | 4, 1), {Mi(0x26, 5, 1u << 14), kData + 12, 0, 2, 3}}));
  EXPECT_EQ(guest.Run(), RunEnd::kDrained);
  EXPECT_EQ(guest.Data64(kGgtt, 0), 0xffffffff00000001u);
  EXPECT_EQ(guest.Data64(kGgtt, 8), 0x300000002u);
}

TEST(FlushDw, WithoutRoomForItsOperandsNotifiesAndWritesNothing) {
  for (const uint32_t dwords : {2u, 3u}) {
    BenchGuest guest(hw::Engine::kBcs);
    Dwords flush(dwords, 0);
    flush[0] = Mi(0x26, dwords, 1u << 14 | 1u << 8);
    flush[1] = kData | 4;
    guest.Ring(Program({flush, StoreDword(kData + 8, 9, kUseGgtt)}));
    EXPECT_EQ(guest.Run(), RunEnd::kDrained);
    EXPECT_EQ(guest.Data64(kGgtt, 0), 0u);
    EXPECT_EQ(guest.Data(kGgtt, 8), 9u);
    EXPECT_EQ(guest.interrupts.raised, std::vector{EngineInterrupt::kNotify});
  }
}

TEST(FlushDw, InIndexModeInvalidatesAndWritesPageZero) {
  BenchGuest guest(hw::Engine::kVcs);
  guest.Ring({0x13244082, 0xd0, 0, 0x66});  // what i915 sends to the video engine
  EXPECT_EQ(guest.Run(), RunEnd::kDrained);
  EXPECT_EQ(guest.memory.Get(kGgtt, kLrca + 0xd0), 0x66u);
  EXPECT_EQ(guest.memory.invalidations(), 1u);
}

TEST(FlushDw, WritesTheTimestamp) {
  BenchGuest guest(hw::Engine::kVecs);
  guest.clock.now_ns = 2'000'000;
  guest.Ring(FlushDw(3u << 14, kData | 4, 0));
  EXPECT_EQ(guest.Run(), RunEnd::kDrained);
  EXPECT_EQ(guest.Data64(kGgtt, 0), 24'000u);
}

TEST(ReportHead, StoresTheOffsetOfItself) {
  BenchGuest guest;
  guest.Ring(Program({Noop(), Noop(), {Mi(0x07)}, Noop()}));
  EXPECT_EQ(guest.Run(), RunEnd::kDrained);
  EXPECT_EQ(guest.memory.Get(kGgtt, kLrca + 16), 8u);
}

TEST(ReportPerfCount, StoresIdTimestampAndZeros) {
  BenchGuest guest;
  guest.clock.now_ns = 1'000'000;
  guest.memory.Put(kPpgtt, kData, std::array{1u, 2u, 3u, 4u});
  guest.Ring({Mi(0x28, 4), kData, 0, 0xabc});
  EXPECT_EQ(guest.Run(), RunEnd::kDrained);
  EXPECT_EQ(guest.Data64(kPpgtt, 0), Join64(0xabc, 12'000));
  EXPECT_EQ(guest.Data64(kPpgtt, 8), 0u);
}

TEST(UserInterrupt, ComesBehindTheStoresBeforeIt) {
  BenchGuest guest;
  std::vector<uint32_t> seen;
  guest.interrupts.on_raise = [&](EngineInterrupt) {
    seen.push_back(guest.memory.Get(kGgtt, kData));
  };
  guest.Ring(Program({StoreDword(kData, 1, kUseGgtt), UserInterrupt(),
                      StoreDword(kData, 2, kUseGgtt), UserInterrupt()}));
  EXPECT_EQ(guest.Run(), RunEnd::kDrained);
  EXPECT_EQ(seen, (std::vector<uint32_t>{1, 2}));
}

}  // namespace
}  // namespace gvt::soft_test
