#include "vgpu/interrupt_unit.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "test_device.h"

namespace gvt::vgpu {
namespace {

using gpu::EngineInterrupt;

constexpr uint32_t kMasterEnable = 1u << 31;

struct Wire {
  hw::Engine engine;
  uint32_t group;
  unsigned shift;
  uint32_t summary;
};
constexpr Wire kWires[] = {
    {hw::Engine::kRcs, 0x44300, 0, 1u << 0},  {hw::Engine::kBcs, 0x44300, 16, 1u << 1},
    {hw::Engine::kVcs, 0x44310, 0, 1u << 2},  {hw::Engine::kVcs2, 0x44310, 16, 1u << 3},
    {hw::Engine::kVecs, 0x44330, 0, 1u << 6},
};

// Everything unmasked and enabled, as after the driver's set-up.
class Interrupts : public testing::Test {
 protected:
  Interrupts() {
    guest_.EnableMsi();
    for (const uint32_t group : {0x44300u, 0x44310u, 0x44320u, 0x44330u}) {
      guest_.SetReg(group + 4, 0);
      guest_.SetReg(group + 12, ~0u);
    }
    for (const Wire& wire : kWires) guest_.SetReg(hw::EngineMmioBase(wire.engine) + 0xa8, 0);
    guest_.SetReg(kMasterInterrupt, kMasterEnable);
  }
  void Raise(hw::Engine engine, EngineInterrupt interrupt) {
    guest_.device().interrupts(engine).Raise(interrupt);
  }
  uint32_t messages() { return guest_.host().messages; }

  TestDevice guest_;
};

TEST_F(Interrupts, ReachTheHalfAndTheSummaryOfTheirEngine) {
  for (const Wire& wire : kWires) {
    Raise(wire.engine, EngineInterrupt::kContextSwitch);
    EXPECT_EQ(guest_.Reg(wire.group + 8), 1u << (8 + wire.shift));
    EXPECT_EQ(guest_.Reg(kMasterInterrupt), kMasterEnable | wire.summary);
    guest_.SetReg(wire.group + 8, ~0u);
    EXPECT_EQ(guest_.Reg(kMasterInterrupt), kMasterEnable);
  }
}

TEST_F(Interrupts, SendOneMessageForEachRiseOfTheSummary) {
  Raise(hw::Engine::kRcs, EngineInterrupt::kContextSwitch);
  Raise(hw::Engine::kRcs, EngineInterrupt::kUser);
  Raise(hw::Engine::kVcs, EngineInterrupt::kUser);
  EXPECT_EQ(messages(), 1u);
}

TEST_F(Interrupts, SendAnotherMessageWhenTheHandlerEndsWithWorkLeft) {
  Raise(hw::Engine::kRcs, EngineInterrupt::kUser);
  guest_.SetReg(kMasterInterrupt, 0);
  EXPECT_EQ(guest_.Reg(kMasterInterrupt), 1u);
  guest_.SetReg(0x44308, 1);
  Raise(hw::Engine::kBcs, EngineInterrupt::kUser);
  EXPECT_EQ(messages(), 1u);
  guest_.SetReg(kMasterInterrupt, kMasterEnable);
  EXPECT_EQ(messages(), 2u);
}

// A handler that reads IIR, acts on it and clears it last must hear of what came in between.
TEST_F(Interrupts, AreKeptWhenTheyComeBeforeTheirBitIsCleared) {
  Raise(hw::Engine::kRcs, EngineInterrupt::kUser);
  guest_.SetReg(kMasterInterrupt, 0);
  Raise(hw::Engine::kRcs, EngineInterrupt::kUser);
  Raise(hw::Engine::kRcs, EngineInterrupt::kUser);
  guest_.SetReg(0x44308, 1);
  EXPECT_EQ(guest_.Reg(0x44308), 1u);
  guest_.SetReg(kMasterInterrupt, kMasterEnable);
  EXPECT_EQ(messages(), 2u);
  guest_.SetReg(0x44308, 1);
  EXPECT_EQ(guest_.Reg(0x44308), 0u);
}

TEST_F(Interrupts, AreSilentWhenTheHandlerEndsWithNothingLeft) {
  Raise(hw::Engine::kRcs, EngineInterrupt::kUser);
  guest_.SetReg(kMasterInterrupt, 0);
  guest_.SetReg(0x44308, 1);
  guest_.SetReg(kMasterInterrupt, kMasterEnable);
  EXPECT_EQ(messages(), 1u);
}

TEST_F(Interrupts, AreClearedByWritingOnes) {
  Raise(hw::Engine::kRcs, EngineInterrupt::kUser);
  Raise(hw::Engine::kRcs, EngineInterrupt::kContextSwitch);
  guest_.SetReg(0x44308, 0x001);
  EXPECT_EQ(guest_.Reg(0x44308), 0x100u);
}

TEST_F(Interrupts, LeaveNoTraceWhenTheGroupMasksThem) {
  guest_.SetReg(0x44304, 0x100);
  Raise(hw::Engine::kRcs, EngineInterrupt::kContextSwitch);
  EXPECT_EQ(guest_.Reg(0x44308), 0u);
  EXPECT_EQ(messages(), 0u);
}

TEST_F(Interrupts, SetIirButNoSummaryWhenNotEnabled) {
  guest_.SetReg(0x4430c, 0);
  Raise(hw::Engine::kRcs, EngineInterrupt::kContextSwitch);
  EXPECT_EQ(guest_.Reg(0x44308), 0x100u);
  EXPECT_EQ(messages(), 0u);
  guest_.SetReg(0x4430c, 0x100);
  EXPECT_EQ(messages(), 1u);
}

TEST_F(Interrupts, OfUserBatchesAreGatedByTheEnginesOwnMaskInItsHalf) {
  guest_.SetReg(0x220a8, 0xfffeffff);  // bit 0, in the upper half, is open
  Raise(hw::Engine::kBcs, EngineInterrupt::kUser);
  EXPECT_EQ(messages(), 1u);
  guest_.SetReg(0x44308, ~0u);
  guest_.SetReg(0x220a8, 0xfffffffe);  // the other half is of no concern
  Raise(hw::Engine::kBcs, EngineInterrupt::kUser);
  EXPECT_EQ(guest_.Reg(0x44308), 0u);
  Raise(hw::Engine::kBcs, EngineInterrupt::kContextSwitch);
  EXPECT_EQ(guest_.Reg(0x44308), 1u << 24);
}

TEST_F(Interrupts, WaitForMsiToBeEnabled) {
  guest_.Write<uint16_t>(Region::kConfig, 0xae, 0);
  Raise(hw::Engine::kRcs, EngineInterrupt::kUser);
  EXPECT_EQ(messages(), 0u);
  guest_.EnableMsi();
  EXPECT_EQ(messages(), 1u);
}

TEST_F(Interrupts, LetTheGuestChangeOnlyTheMasterEnable) {
  guest_.SetReg(kMasterInterrupt, ~0u);
  EXPECT_EQ(guest_.Reg(kMasterInterrupt), kMasterEnable);
  guest_.SetReg(0x44300, ~0u);  // ISR
  EXPECT_EQ(guest_.Reg(0x44300), 0u);
}

TEST_F(Interrupts, LoseNothingWhenEnginesAndHandlerRace) {
  constexpr uint32_t kRounds = 20000;
  std::atomic<bool> done{false};
  std::thread engine([&] {
    for (uint32_t i = 0; i < kRounds; ++i) Raise(hw::Engine::kVecs, EngineInterrupt::kUser);
    done = true;
  });
  uint32_t handled = 0;
  uint32_t seen = 0;
  while (!done || handled != messages()) {
    if (handled == messages()) continue;
    handled = messages();
    guest_.SetReg(kMasterInterrupt, 0);
    const uint32_t iir = guest_.Reg(0x44338);
    seen += iir & 1;
    guest_.SetReg(0x44338, iir);
    guest_.SetReg(kMasterInterrupt, kMasterEnable);
  }
  engine.join();
  EXPECT_EQ(guest_.Reg(0x44338), 0u);
  EXPECT_GT(seen, 0u);
}

}  // namespace
}  // namespace gvt::vgpu
