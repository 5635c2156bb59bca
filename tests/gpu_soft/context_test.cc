// Context restore and save, and going on in the middle of a batch.
#include <gtest/gtest.h>

#include "gpu/saved_registers.h"
#include "hw/register_policy.h"
#include "tests/gpu_soft/bench_guest.h"

namespace gvt::soft_test {
namespace {

using gpu::RunEnd;
using gpu::SegmentKind;

// Lets `id` run one command after another, saved and loaded again in between.
RunEnd RunInPieces(BenchGuest& guest, unsigned id) {
  const std::atomic<bool> yield = true;
  for (int i = 0; i < 10'000; ++i) {
    if (!guest.streamer->Load(BenchGuest::DescriptorOf(id))) return RunEnd::kFault;
    const RunEnd end = guest.streamer->Run({.yield = &yield});
    guest.streamer->Save();
    if (end != RunEnd::kSlice) return end;
  }
  return RunEnd::kSlice;
}

TEST(Context, WithoutAPageIsNotLoaded) {
  BenchGuest guest;
  EXPECT_FALSE(guest.streamer->Load(0x40000000 | 0x119));
  EXPECT_EQ(guest.streamer->Run({}), RunEnd::kDrained);
}

TEST(Context, ThatIsEmptyIsDrainedAtOnce) {
  BenchGuest guest;
  EXPECT_EQ(guest.Run(), RunEnd::kDrained);
  EXPECT_TRUE(guest.segments.entries().empty());
}

TEST(Context, SaveWritesHeadClearsInhibitAndLeavesTheTail) {
  BenchGuest guest;
  guest.Ring(StoreDword(kData, 1));
  ASSERT_EQ(guest.Run(), RunEnd::kDrained);
  guest.SetState(0, hw::kContextRingTail, 0x80);  // the guest submits more
  guest.streamer->Save();
  EXPECT_EQ(guest.State(0, hw::kContextRingHead), 16u);
  EXPECT_EQ(guest.State(0, hw::kContextRingTail), 0x80u);
  EXPECT_EQ(guest.State(0, hw::kContextControl) & hw::kContextRestoreInhibit, 0u);
}

TEST(Context, CountsOnlyTheTimeThatItRuns) {
  BenchGuest guest;
  guest.SetState(0, hw::kContextTimestamp, 1000);
  guest.clock.now_ns = 5'000'000;
  guest.interrupts.on_raise = [&](gpu::EngineInterrupt) { guest.clock.now_ns += 1'000'000; };
  guest.Ring(Program({UserInterrupt(), Srm(0x23a8, kData), Noop()}));
  ASSERT_EQ(guest.Run(), RunEnd::kDrained);
  guest.clock.now_ns += 7'000'000;
  guest.streamer->Save();
  EXPECT_EQ(guest.Data(kPpgtt, 0), 13'000u);
  EXPECT_EQ(guest.State(0, hw::kContextTimestamp), 13'000u);
}

TEST(Context, KeepsItsGeneralPurposeRegistersToItself) {
  BenchGuest guest;
  guest.Ring(Lri({guest.Gpr(7), 0x77, 0x2580, 0x00010001}), 0);  // and CS_CHICKEN1, a masked one
  guest.Ring(Lri({guest.Gpr(7), 0x11, 0x2580, 0x00010000}), 1);
  ASSERT_EQ(guest.Run(0), RunEnd::kDrained);
  guest.streamer->Save();
  ASSERT_EQ(guest.Run(1), RunEnd::kDrained);
  guest.streamer->Save();
  EXPECT_EQ(guest.GprValue(7), 0x11u);
  ASSERT_EQ(guest.Run(0), RunEnd::kDrained);
  EXPECT_EQ(guest.GprValue(7), 0x77u);
  EXPECT_EQ(guest.registers.Read(0x2580), 1u);
}

// Whatever a batch may write, no other context sees.
TEST(Context, KeepsEachRegisterThatABatchMayWriteToItself) {
  for (const hw::Platform platform : {hw::Platform::kBdw, hw::Platform::kSkl, hw::Platform::kBxt}) {
    for (const hw::Engine engine : {hw::Engine::kRcs, hw::Engine::kBcs, hw::Engine::kVcs}) {
      BenchGuest guest(engine, platform);
      const hw::NonPrivilegeSlots& slots = hw::StockNonPrivilegeSlots(platform, engine);
      for (uint32_t i = 0; i < slots.size(); ++i) {
        guest.registers.Write(guest.base() + 0x4d0 + 4 * i, slots[i]);
      }
      ASSERT_EQ(guest.Run(0), RunEnd::kDrained);
      guest.streamer->Save();
      ASSERT_EQ(guest.Run(1), RunEnd::kDrained);
      std::vector<uint32_t> writable;
      for (uint32_t offset = 0; offset < 0x40000; offset += 4) {
        hw::RegisterRequest request;
        request.platform = platform;
        request.engine = engine;
        request.offset = offset;
        request.value_known = true;
        if (hw::JudgeRegister(request).allowed()) writable.push_back(offset);
      }
      ASSERT_GT(writable.size(), 30u);
      for (const uint32_t offset : writable) guest.registers.Write(offset, 0xffff1234);
      guest.streamer->Save();
      ASSERT_EQ(guest.Run(0), RunEnd::kDrained);
      for (const uint32_t offset : writable) {
        EXPECT_EQ(guest.registers.Read(offset), 0u) << std::hex << offset;
      }
      guest.streamer->Save();
      ASSERT_EQ(guest.Run(1), RunEnd::kDrained);
      for (const uint32_t offset : writable) {
        EXPECT_EQ(guest.registers.Read(offset) & 0xffff, 0x1234u) << std::hex << offset;
      }
    }
  }
}

TEST(Context, SavedListFitsTheImageOnEveryEngine) {
  for (unsigned p = 0; p < hw::kPlatformCount; ++p) {
    for (unsigned e = 0; e < hw::kEngineCount; ++e) {
      const auto& saved =
          gpu::SavedRegistersOf(static_cast<hw::Platform>(p), static_cast<hw::Engine>(e));
      EXPECT_LT(170 + 2 * saved.in_list().size() + 10, hw::kContextDwords) << p << " " << e;
    }
  }
}

TEST(Context, ImageLoadsNoRegisterThatIsNotAContexts) {
  BenchGuest guest;
  ASSERT_EQ(guest.Run(0), RunEnd::kDrained);
  guest.streamer->Save();
  guest.SetState(0, 170, 0x11000005);  // three registers, behind the layout
  guest.SetState(0, 171, 0x229c);      // GFX_MODE, with execlists off
  guest.SetState(0, 172, 0x80000000);
  guest.SetState(0, 173, 0x22030);  // the blitter's tail
  guest.SetState(0, 174, 0x40);
  guest.SetState(0, 175, 0x2358);  // a clock
  guest.SetState(0, 176, 0x40);
  guest.registers.Write(0x229c, 0x80008000);
  ASSERT_EQ(guest.Run(0), RunEnd::kDrained);
  EXPECT_EQ(guest.registers.Read(0x229c), 0x8000u);
  EXPECT_EQ(guest.registers.Read(0x22030), 0u);
  EXPECT_EQ(guest.registers.Read(0x2358), 0u);
}

TEST(Context, PreemptedAtEachCommandGoesOnThere) {
  BenchGuest guest;
  guest.Batch(Program({AtomicInline(kData, 5, 0, 0), SetPredicate(2), AtomicInline(kData, 5, 0, 0),
                       BatchStart(kBatch + 0x1000, kPpgttBatch | kSecondLevel),
                       AtomicInline(kData, 5, 0, 0), BatchStart(kBatch + 0x2000)}));
  guest.Batch(
      Program({AtomicInline(kData + 4, 5, 0, 0), AtomicInline(kData + 4, 5, 0, 0), BatchEnd()}),
      kBatch + 0x1000);
  guest.Batch(Program({SetPredicate(0), AtomicInline(kData + 8, 5, 0, 0), BatchEnd()}),
              kBatch + 0x2000);
  guest.Ring(Program({BatchStart(kBatch), UserInterrupt(), BatchStart(kBatch), UserInterrupt()}));
  EXPECT_EQ(RunInPieces(guest, 0), RunEnd::kDrained);
  EXPECT_EQ(guest.Data64(kPpgtt, 0), 0x400000006u);
  EXPECT_EQ(guest.Data(kPpgtt, 8), 2u);
  EXPECT_EQ(guest.interrupts.raised.size(), 2u);
}

TEST(Context, PreemptedInsideAPrivilegedBatchIsPrivilegedAgain) {
  BenchGuest guest;
  guest.Batch(Program({Noop(), StoreDword(kData, 1, kUseGgtt), BatchEnd()}), kBatch, kGgtt);
  guest.Ring(BatchStart(kBatch, 0));
  EXPECT_EQ(RunInPieces(guest, 0), RunEnd::kDrained);
  EXPECT_EQ(guest.Data(kGgtt, 0), 1u);
}

TEST(Context, WithRestoreInhibitedForgetsTheBatchThatItWasIn) {
  BenchGuest guest;
  const std::atomic<bool> yield = true;
  const Dwords check = {Mi(0x05)};  // MI_ARB_CHECK
  guest.Batch(Program({check, check, StoreDword(kData, 1), BatchEnd()}));
  guest.Ring(Program({BatchStart(kBatch), StoreDword(kData + 4, 2)}));
  ASSERT_TRUE(guest.streamer->Load(BenchGuest::DescriptorOf(0)));
  ASSERT_EQ(guest.streamer->Run({.yield = &yield}), RunEnd::kSlice);
  ASSERT_EQ(guest.streamer->Run({.yield = &yield}), RunEnd::kSlice);
  guest.streamer->Save();
  EXPECT_EQ(guest.State(0, hw::kContextBbAddr), kBatch + 4 + 1);
  guest.SetState(0, hw::kContextControl, 0x00010001);
  EXPECT_EQ(guest.Run(), RunEnd::kDrained);
  EXPECT_EQ(guest.Data64(kPpgtt, 0), 0x200000000u);
}

TEST(Context, RunsItsWorkaroundBatchesAtEachRestore) {
  BenchGuest guest;
  ASSERT_EQ(guest.Run(), RunEnd::kDrained);
  guest.streamer->Save();
  const uint64_t indirect = 0x900000;
  const uint64_t per_context = 0x901000;
  Dwords code = Program({AtomicInline(kData, 5, 0, 0, 0, kUseGgtt)});
  code.resize(16, 0);  // one cache line
  guest.Batch(code, indirect, kGgtt);
  guest.Batch(Program({AtomicInline(kData + 4, 5, 0, 0, 0, kUseGgtt), BatchEnd()}), per_context,
              kGgtt);
  guest.SetState(0, hw::kContextIndirectCtx, indirect | 1);
  guest.SetState(0, hw::kContextPerCtxPointer, per_context | 1);
  guest.Ring(StoreDword(kData, 1));
  EXPECT_EQ(guest.Run(), RunEnd::kDrained);
  guest.streamer->Save();
  EXPECT_EQ(guest.Run(), RunEnd::kDrained);
  EXPECT_EQ(guest.Data64(kGgtt, 0), 0x200000002u);
  EXPECT_EQ(guest.segments.entries()[0].kind, SegmentKind::kIndirectContext);
  EXPECT_EQ(guest.segments.entries()[1].kind, SegmentKind::kPerContextBatch);
  EXPECT_EQ(guest.segments.entries()[2].kind, SegmentKind::kRing);
}

TEST(Context, OverridesWhatItsIndirectContextWritesByItsOwnRegisters) {
  constexpr uint32_t kChicken = 0x7014;  // masked; the kernel's workaround batch clears its bit 12
  BenchGuest guest;
  guest.Ring(Lri({kChicken, 0x10001000}));
  ASSERT_EQ(guest.Run(), RunEnd::kDrained);
  guest.streamer->Save();
  const uint64_t indirect = 0x900000;
  Dwords code = Lri({kChicken, 0x10000000});
  code.resize(16, 0);  // one cache line
  guest.Batch(code, indirect, kGgtt);
  guest.SetState(0, hw::kContextIndirectCtx, indirect | 1);
  guest.Ring(StoreDword(kData, 1));
  ASSERT_EQ(guest.Run(), RunEnd::kDrained);
  EXPECT_EQ(guest.registers.Read(kChicken), 0x1000u);
  guest.streamer->Save();
  ASSERT_EQ(guest.Run(), RunEnd::kDrained);
  EXPECT_EQ(guest.registers.Read(kChicken), 0x1000u);
}

TEST(Context, WithThreeLevelsBindsAllItsRoots) {
  BenchGuest guest;
  guest.Ring(StoreDword(kData, 1));
  ASSERT_TRUE(guest.streamer->Load((BenchGuest::DescriptorOf(0) & ~(3u << 3)) | 1u << 3));
  EXPECT_EQ(guest.Finish(), RunEnd::kDrained);
  EXPECT_EQ(guest.Data(kPpgtt, 0), 1u);
  EXPECT_EQ(guest.registers.Read(0x2270), BenchGuest::RootOf(0));
}

TEST(Context, OfASharedVirtualMemoryModeIsACommandError) {
  BenchGuest guest;
  guest.Ring(StoreDword(kData, 1));
  ASSERT_TRUE(guest.streamer->Load(BenchGuest::DescriptorOf(0) & ~(3u << 3)));
  EXPECT_EQ(guest.Finish(), RunEnd::kFault);
}

// On hardware a context that waits stays on its engine, and its clock runs.
TEST(Context, SpendsTimeWhileItWaits) {
  BenchGuest guest;
  guest.Ring(Program({SemaphoreWait(kData, 1, 4), StoreDword(kData + 4, 2)}));
  ASSERT_EQ(guest.Run(), RunEnd::kWaiting);
  const uint32_t before = guest.registers.Read(guest.base() + 0x3a8);
  guest.clock.now_ns += 1'000'000;
  guest.Batch({1}, kData);
  ASSERT_EQ(guest.Finish(), RunEnd::kDrained);
  EXPECT_EQ(guest.registers.Read(guest.base() + 0x3a8) - before, 12'000u);  // 12 MHz
}

TEST(Context, KeepsTheLiveRegistersUpToDate) {
  BenchGuest guest;
  guest.Batch(SemaphoreWait(kData, 1, 4));
  guest.Ring(BatchStart(kBatch));
  ASSERT_EQ(guest.Run(), RunEnd::kWaiting);
  EXPECT_EQ(guest.registers.Read(0x2038), kRingStart);
  EXPECT_EQ(guest.registers.Read(0x2034), 12u);
  EXPECT_EQ(guest.registers.Read(0x2030), 16u);
  EXPECT_EQ(guest.registers.Read(0x2074), kBatch);
  EXPECT_EQ(guest.registers.Read(0x2140), kBatch | 1);
  EXPECT_EQ(guest.registers.Read(0x2110), 0x20u);
  EXPECT_EQ(guest.registers.Read(0x206c), 0xfffffffeu);
}

}  // namespace
}  // namespace gvt::soft_test
