// Where control goes: batches, levels, self-modification, waits, errors.
#include <gtest/gtest.h>

#include <algorithm>
#include <thread>

#include "tests/gpu_soft/bench_guest.h"

namespace gvt::soft_test {
namespace {

using gpu::EngineInterrupt;
using gpu::RunEnd;
using gpu::SegmentKind;

constexpr uint64_t kBatch2 = 0x500000;
constexpr uint64_t kBatch3 = 0x600000;

TEST(Batch, ReturnsToTheRing) {
  BenchGuest guest;
  guest.Batch(Program({StoreDword(kData, 1), BatchEnd(), StoreDword(kData, 9)}));
  guest.Ring(Program({BatchStart(kBatch), StoreDword(kData + 4, 2)}));
  EXPECT_EQ(guest.Run(), RunEnd::kDrained);
  EXPECT_EQ(guest.Data(kPpgtt, 0), 1u);
  EXPECT_EQ(guest.Data(kPpgtt, 4), 2u);
}

TEST(Batch, ChainDoesNotComeBackButACallDoes) {
  BenchGuest guest;
  guest.Batch(Program({BatchStart(kBatch2, kPpgttBatch | kSecondLevel), StoreDword(kData, 1),
                       BatchStart(kBatch3), StoreDword(kData + 4, 9)}));
  guest.Batch(Program({StoreDword(kData + 8, 2), BatchEnd()}), kBatch2);
  guest.Batch(Program({StoreDword(kData + 12, 3), BatchEnd()}), kBatch3);
  guest.Ring(Program({BatchStart(kBatch), StoreDword(kData + 16, 4)}));
  EXPECT_EQ(guest.Run(), RunEnd::kDrained);
  EXPECT_EQ(guest.Data64(kPpgtt, 0), 1u);
  EXPECT_EQ(guest.Data64(kPpgtt, 8), 0x300000002u);
  EXPECT_EQ(guest.Data(kPpgtt, 16), 4u);
}

TEST(Batch, InTheGgttIsPrivilegedAndWhatItCallsMayNotBe) {
  BenchGuest guest;
  guest.Batch(Program({BatchStart(kBatch2, kPpgttBatch | kSecondLevel),
                       StoreDword(kData, 1, kUseGgtt), UserInterrupt(), BatchEnd()}),
              kBatch, kGgtt);
  guest.Batch(Program({StoreDword(kData + 4, 1, kUseGgtt), UserInterrupt(), BatchEnd()}), kBatch2);
  guest.Ring(BatchStart(kBatch, 0));
  EXPECT_EQ(guest.Run(), RunEnd::kDrained);
  EXPECT_EQ(guest.Data(kGgtt, 0), 1u);
  EXPECT_EQ(guest.Data(kGgtt, 4), 0u);
  EXPECT_EQ(guest.interrupts.raised, std::vector{EngineInterrupt::kUser});
}

TEST(Batch, ThatIsNotPrivilegedDoesNothingPrivileged) {
  BenchGuest guest;
  const Dwords attempts = Program({UserInterrupt(),
                                   StoreIndex(0x40, 1),
                                   StoreDword(kData, 1, kUseGgtt),
                                   CopyMem(kData, kData, 1u << 21),
                                   AtomicInline(kData, 4, 0, 1, 0, kUseGgtt),
                                   Srm(0x2600, kData, kUseGgtt),
                                   PipeControl(1u << 14 | 1u << 24, kData, 1),
                                   PipeControl(1u << 14 | 1u << 21, 0x40, 1),
                                   {Mi(0x07)},
                                   BatchStart(kBatch2, 0),
                                   StoreDword(kData + 4, 1)});
  ASSERT_EQ(guest.RunBatch(attempts), RunEnd::kDrained);
  EXPECT_EQ(guest.Data(kGgtt, 0), 0u);
  EXPECT_EQ(guest.memory.Get(kGgtt, kLrca + 0x40), 0u);
  EXPECT_EQ(guest.memory.Get(kGgtt, kLrca + 16), 0u);
  EXPECT_TRUE(guest.interrupts.raised.empty());
  EXPECT_EQ(guest.Data(kPpgtt, 4), 1u);
}

TEST(Batch, PredicatedStartIsTakenIffResultOneIsSet) {
  BenchGuest guest;
  guest.Batch(Program({BatchStart(kBatch2, kPpgttBatch | kPredicated), StoreDword(kData, 1),
                       Lri({0x241c, 1}), BatchStart(kBatch2, kPpgttBatch | kPredicated)}));
  guest.Batch(Program({StoreDword(kData + 4, 2), BatchEnd()}), kBatch2);
  guest.Ring(BatchStart(kBatch));
  EXPECT_EQ(guest.Run(), RunEnd::kDrained);
  EXPECT_EQ(guest.Data64(kPpgtt, 0), 0x200000001u);
}

TEST(Batch, ConditionalEndEndsItUnlessMemoryIsGreater) {
  BenchGuest guest;
  guest.Batch({5, 4}, kData + 16);
  ASSERT_EQ(guest.RunBatch(Program({ConditionalEnd(kData + 16, 4), StoreDword(kData, 1),
                                    ConditionalEnd(kData + 16, 4, 1u << 19),  // 5 & 4
                                    StoreDword(kData + 4, 1)})),
            RunEnd::kDrained);
  EXPECT_EQ(guest.Data64(kPpgtt, 0), 1u);
}

TEST(Batch, CalledByAStoredReturnAddressComesBack) {
  BenchGuest guest;
  const uint64_t back = kBatch2 + 16;  // the chain at the end of the callee
  guest.Batch(Program({StoreQword(back + 4, kBatch + 4 * 8), BatchStart(kBatch2),
                       StoreDword(kData + 4, 2), BatchEnd()}));
  guest.Batch(Program({StoreDword(kData, 1), BatchStart(0)}), kBatch2);
  guest.Ring(BatchStart(kBatch));
  EXPECT_EQ(guest.Run(), RunEnd::kDrained);
  EXPECT_EQ(guest.Data64(kPpgtt, 0), 0x200000001u);
}

TEST(Batch, ThatStoresIntoItsRestRunsWhatItStored) {
  BenchGuest guest;
  ASSERT_EQ(guest.RunBatch(Program({StoreDword(kBatch + 4 * 8, 0x05000000),  // the first dword of
                                    StoreDword(kData, 1), StoreDword(kData + 4, 2)})),  // this one
            RunEnd::kDrained);
  EXPECT_EQ(guest.Data64(kPpgtt, 0), 1u);
}

TEST(Batch, ThatJumpsToItselfRunsUntilAnotherThreadEndsIt) {
  BenchGuest guest(hw::Engine::kBcs, hw::Platform::kSkl, 16);
  guest.clock.step_ns = 1000;
  guest.Batch(BatchStart(kBatch));
  guest.Ring(Program({BatchStart(kBatch), StoreDword(kData, 1)}));
  ASSERT_TRUE(guest.streamer->Load(BenchGuest::DescriptorOf(0)));
  ASSERT_EQ(guest.streamer->Run({}), RunEnd::kWaiting);
  EXPECT_EQ(guest.registers.Read(guest.base() + 0x74), kBatch);  // ACTHD
  std::thread cpu([&] { guest.memory.Store32(kPpgtt, Gma(kBatch), 0x05000000); });
  RunEnd end = RunEnd::kWaiting;
  while (end == RunEnd::kWaiting) end = guest.Finish();
  cpu.join();
  EXPECT_EQ(end, RunEnd::kDrained);
  EXPECT_EQ(guest.Data(kPpgtt, 0), 1u);
  EXPECT_TRUE(guest.interrupts.raised.empty());
}

TEST(Batch, ThatGoesRoundThroughOthersWithoutAnEffectWaits) {
  BenchGuest guest;
  for (uint64_t i = 0; i < 5; ++i) {
    const uint64_t next = kBatch + 0x1000 * ((i + 1) % 5);
    guest.Batch(Program({Noop(), ConditionalEnd(kData, 0), BatchStart(next)}), kBatch + 0x1000 * i);
  }
  guest.Batch({1}, kData);
  guest.Ring(BatchStart(kBatch));
  EXPECT_EQ(guest.Run(), RunEnd::kWaiting);
  EXPECT_EQ(guest.Finish(), RunEnd::kWaiting);
  guest.Batch({0}, kData);
  EXPECT_EQ(guest.Finish(), RunEnd::kDrained);
}

TEST(Batch, ThatStoresWhileItGoesRoundUsesItsSlice) {
  BenchGuest guest(hw::Engine::kRcs, hw::Platform::kSkl, 16);
  guest.clock.step_ns = 100'000;
  guest.Batch(Program({Atomic(kData, 0x05, 0), BatchStart(kBatch)}));  // counts up
  guest.Ring(BatchStart(kBatch));
  ASSERT_TRUE(guest.streamer->Load(BenchGuest::DescriptorOf(0)));
  EXPECT_EQ(guest.streamer->Run({}), RunEnd::kSlice);
  EXPECT_GT(guest.Data(kPpgtt, 0), 5u);
}

// The same target every time, but each call comes back to another place.
TEST(Batch, ThatCallsAnEmptyOneAgainAndAgainIsNotALoop) {
  BenchGuest guest;
  Dwords calls;
  for (int i = 0; i < 100; ++i)
    calls = Program({calls, BatchStart(kBatch2, kPpgttBatch | kSecondLevel)});
  guest.Batch(BatchEnd(), kBatch2);
  EXPECT_EQ(guest.RunBatch(calls), RunEnd::kDrained);
}

TEST(Batch, OfManyNoopsRunsWhatStandsBetweenThem) {
  for (const size_t noops : {1u, 63u, 64u, 65u, 200u, 900u}) {
    BenchGuest guest;
    const Dwords run(noops, 0);
    EXPECT_EQ(
        guest.RunBatch(Program({run, StoreDword(kData, 1), run, StoreDword(kData + 4, 2), run})),
        RunEnd::kDrained);
    EXPECT_EQ(guest.Data64(kPpgtt, 0), 0x200000001u) << noops;
  }
}

TEST(Run, ReturnsWhenAskedToYield) {
  BenchGuest guest;
  const std::atomic<bool> yield = true;
  guest.Ring(Program({Noop(), StoreDword(kData, 1), Noop()}));
  ASSERT_TRUE(guest.streamer->Load(BenchGuest::DescriptorOf(0)));
  EXPECT_EQ(guest.streamer->Run({.yield = &yield}), RunEnd::kSlice);
  EXPECT_EQ(guest.registers.Read(0x2034), 4u);
  EXPECT_EQ(guest.Data(kPpgtt, 0), 0u);
}

TEST(Ring, WrapsAndGoesOn) {
  BenchGuest guest;
  guest.SetState(0, hw::kContextRingHead, kRingBytes - 8);
  guest.SetState(0, hw::kContextRingTail, kRingBytes - 8);
  guest.Ring(Program({Noop(), Noop(), StoreDword(kData, 1)}));
  EXPECT_EQ(guest.Run(), RunEnd::kDrained);
  EXPECT_EQ(guest.Data(kPpgtt, 0), 1u);
  EXPECT_EQ(guest.registers.Read(0x2034), 16u);
}

TEST(Ring, RunsNothingBehindItsTail) {
  BenchGuest guest;
  guest.Ring(StoreDword(kData, 1));
  guest.Ring(StoreDword(kData + 4, 2));
  guest.SetState(0, hw::kContextRingTail, 16);
  EXPECT_EQ(guest.Run(), RunEnd::kDrained);
  EXPECT_EQ(guest.Data64(kPpgtt, 0), 1u);
}

TEST(Ring, GoesOnToANewTailWithoutALoad) {
  BenchGuest guest;
  guest.Ring(StoreDword(kData, 1));
  ASSERT_EQ(guest.Run(), RunEnd::kDrained);
  guest.Ring(StoreDword(kData + 4, 2));
  EXPECT_EQ(guest.Finish(), RunEnd::kDrained);
  EXPECT_EQ(guest.Data(kPpgtt, 4), 0u);
  guest.streamer->ResampleTail();
  EXPECT_EQ(guest.Finish(), RunEnd::kDrained);
  EXPECT_EQ(guest.Data(kPpgtt, 4), 2u);
}

TEST(Semaphore, WaitsForEachComparison) {
  // (operation, value in memory) that hold against 5
  const std::vector<std::pair<uint32_t, uint32_t>> holds = {{0, 6}, {1, 5}, {1, 6}, {2, 4}, {3, 5},
                                                            {3, 4}, {4, 5}, {5, 4}, {5, 6}};
  for (uint32_t operation = 0; operation < 6; ++operation) {
    for (uint32_t memory = 4; memory <= 6; ++memory) {
      BenchGuest guest;
      guest.Batch({memory}, kData);
      const bool expected =
          std::find(holds.begin(), holds.end(), std::pair{operation, memory}) != holds.end();
      EXPECT_EQ(guest.RunBatch(SemaphoreWait(kData, 5, operation)),
                expected ? RunEnd::kDrained : RunEnd::kWaiting)
          << operation << " " << memory;
    }
  }
}

TEST(Semaphore, AnnouncesOneWaitOnceAndGoesOnWhenMemorySaysSo) {
  BenchGuest guest;
  ASSERT_EQ(guest.RunBatch(Program({SemaphoreWait(kData, 1, 4), StoreDword(kData + 4, 2)})),
            RunEnd::kWaiting);
  EXPECT_EQ(guest.Finish(), RunEnd::kWaiting);
  EXPECT_EQ(guest.interrupts.raised, std::vector{EngineInterrupt::kSemaphoreWait});
  EXPECT_EQ(guest.registers.Read(0x2068), Mi(0x1c, 4, 1u << 15 | 4u << 12));  // IPEHR
  constexpr uint32_t kRingWaitsForSemaphore = 1u << 10;
  EXPECT_NE(guest.registers.Read(0x203c) & kRingWaitsForSemaphore, 0u);
  guest.Batch({1}, kData);
  EXPECT_EQ(guest.Finish(), RunEnd::kDrained);
  EXPECT_EQ(guest.registers.Read(0x203c) & kRingWaitsForSemaphore, 0u);
  EXPECT_EQ(guest.Data(kPpgtt, 4), 2u);
}

TEST(Semaphore, BehindItRunsWhatTheCpuWroteDuringTheWait) {
  BenchGuest guest;
  ASSERT_EQ(guest.RunBatch(Program({SemaphoreWait(kData, 1, 4), StoreDword(kData + 4, 2)})),
            RunEnd::kWaiting);
  guest.Batch(StoreDword(kData + 4, 3), kBatch + 16);
  guest.Batch({1}, kData);
  EXPECT_EQ(guest.Finish(), RunEnd::kDrained);
  EXPECT_EQ(guest.Data(kPpgtt, 4), 3u);
}

class CommandError : public testing::Test {
 protected:
  void ExpectError(uint32_t header, uint64_t address) {
    EXPECT_EQ(guest.registers.Read(0x20b0), 1u);
    EXPECT_EQ(guest.registers.Read(0x2068), header);
    EXPECT_EQ(guest.registers.Read(0x2074), Low32(address));
    EXPECT_EQ(guest.interrupts.raised, std::vector{EngineInterrupt::kCommandError});
    EXPECT_EQ(guest.Finish(), RunEnd::kFault) << "until it is reset";
  }
  BenchGuest guest;
};

TEST_F(CommandError, ComesFromAnUnknownCommandAndWhatIsBeforeItHasRun) {
  ASSERT_EQ(guest.RunBatch(Program({StoreDword(kData, 1), {0x0f800000 | 0x1f000000}})),
            RunEnd::kFault);
  EXPECT_EQ(guest.Data(kPpgtt, 0), 1u);
  ExpectError(0x1f800000, kBatch + 16);
}

TEST_F(CommandError, ComesFromWhatTheAuditRefuses) {
  guest.segments.Refuse(kBatch);
  ASSERT_EQ(guest.RunBatch(StoreDword(kData, 1)), RunEnd::kFault);
  EXPECT_EQ(guest.Data(kPpgtt, 0), 0u);
  ExpectError(Mi(0x20, 4), kBatch);
}

TEST_F(CommandError, ComesFromABatchThatIsNotThere) {
  guest.Ring(BatchStart(0x123000));
  ASSERT_EQ(guest.Run(), RunEnd::kFault);
  ExpectError(0, 0x123000);
  EXPECT_EQ(guest.registers.Read(0x2140), 0x123001u);  // BBADDR
}

TEST_F(CommandError, ComesFromAThirdLevel) {
  guest.Batch(Program({BatchStart(kBatch3, kPpgttBatch | kSecondLevel), BatchEnd()}), kBatch2);
  ASSERT_EQ(guest.RunBatch(BatchStart(kBatch2, kPpgttBatch | kSecondLevel)), RunEnd::kFault);
  ExpectError(Mi(0x31, 3, kPpgttBatch | kSecondLevel), kBatch2);
}

TEST_F(CommandError, ComesFromDataWithoutAPageAndNamesIt) {
  ASSERT_EQ(guest.RunBatch(StoreDword(0x7654321000, 1)), RunEnd::kFault);
  ExpectError(Mi(0x20, 4), kBatch);
  EXPECT_EQ(guest.registers.Read(0x4094) & 1, 1u);
  EXPECT_EQ(guest.registers.Read(0x4b10), 0x7654321u);
}

TEST_F(CommandError, ComesFromARingThatCannotBe) {
  guest.SetState(0, hw::kContextRingTail, kRingBytes);
  ASSERT_EQ(guest.Run(), RunEnd::kFault);
  EXPECT_EQ(guest.registers.Read(0x20b0), 1u);
}

TEST_F(CommandError, EndsWithAReset) {
  ASSERT_EQ(guest.RunBatch({0x1f800000}), RunEnd::kFault);
  guest.streamer->Reset();
  EXPECT_EQ(guest.registers.Read(0x20b0), 0u);
  EXPECT_EQ(guest.registers.Read(0x2034), 0u);
  EXPECT_EQ(guest.State(0, hw::kContextRingHead), 0u) << "nothing is written back";
  guest.MakeContext(0);
  guest.Ring(StoreDword(kData, 1));
  EXPECT_EQ(guest.Run(), RunEnd::kDrained);
}

TEST(DataFault, AReadOnlyPageSwallowsStores) {
  BenchGuest guest;
  guest.memory.Select(BenchGuest::RootOf(0));
  guest.memory.MakeReadOnly(kPpgtt, kData);
  ASSERT_EQ(guest.RunBatch(Program({StoreDword(kData, 1), StoreDword(kData + 0x1000, 2)})),
            RunEnd::kDrained);
  EXPECT_EQ(guest.Data(kPpgtt, 0), 0u);
  EXPECT_EQ(guest.Data(kPpgtt, 0x1000), 2u);
}

TEST(Segments, AreEnteredOnceEachTimeControlComes) {
  BenchGuest guest;
  ASSERT_EQ(guest.RunBatch(StoreDword(kData, 1)), RunEnd::kDrained);
  const auto& entries = guest.segments.entries();
  ASSERT_EQ(entries.size(), 3u);
  EXPECT_EQ(entries[0].kind, SegmentKind::kRing);
  EXPECT_EQ(entries[0].limit_dwords, 4u);
  EXPECT_EQ(entries[1].kind, SegmentKind::kFirstLevelBatch);
  EXPECT_FALSE(entries[1].privileged);
  EXPECT_EQ(entries[2].address.value, kRingStart + 12);
  EXPECT_EQ(entries[2].limit_dwords, 1u);
}

}  // namespace
}  // namespace gvt::soft_test
