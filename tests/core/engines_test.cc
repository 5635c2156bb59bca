// A guest's work from ELSP to interrupt, in process: every layer of the core, no processor.
#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "tests/core/bench.h"

namespace gvt::core_test {
namespace {

using namespace std::chrono_literals;

constexpr uint32_t kEir = 0xb0;
constexpr uint32_t kInvalidHeader = 0x7fff0000;  // no command of any engine

TEST_F(EndToEnd, BatchesRunOnFourEngines) {
  Bench bench(*host_);
  for (const hw::Engine engine : kEngines) {
    Job job = bench.MakeJob(engine);
    bench.Batch(job, Program({StoreDword(kData + 8, 0xc0ffee), BatchEnd()}));
    bench.Request(job, 77);
    ASSERT_TRUE(bench.driver->Submit(job.context));
    ASSERT_TRUE(bench.driver->WaitForValue(bench.SeqnoAt(job), 77)) << hw::EngineName(engine);
    EXPECT_EQ(bench.machine->Load32(job.data + 8), 0xc0ffeeu);
    EXPECT_TRUE(bench.driver->WaitForInterrupt(engine, kUserBit | kSwitchBit));
    EXPECT_TRUE(bench.driver->WaitForIdle(engine));
    const std::vector<uint64_t> expected{0x1, IdOf(job.context) | 0x18};
    EXPECT_EQ(bench.driver->TakeStatus(engine), expected);
  }
}

TEST_F(EndToEnd, ContextsGoOnWhereTheyWere) {
  Bench bench(*host_);
  Job job = bench.MakeJob(hw::Engine::kRcs);
  for (uint32_t round = 1; round <= 200; ++round) {
    bench.Batch(job, Program({StoreDword(kData, round), BatchEnd()}));
    bench.Request(job, round);
    ASSERT_TRUE(bench.driver->Submit(job.context));
    ASSERT_TRUE(bench.driver->WaitForValue(bench.SeqnoAt(job), round)) << round;
    ASSERT_EQ(bench.machine->Load32(job.data), round);
  }
  gvtcore_vgpu_statistics_t statistics = {};
  statistics.size = sizeof statistics;
  ASSERT_EQ(gvtcore_vgpu_statistics(bench.machine->vgpu(), &statistics), 0);
  EXPECT_EQ(statistics.submissions, 200u);
  EXPECT_EQ(statistics.batches, 200u);
  EXPECT_EQ(statistics.refusals, 0u);
  EXPECT_GT(statistics.engine_busy_ns[0], 0u);
}

TEST_F(EndToEnd, SpinnersRunUntilTheProcessorEndsThem) {
  Bench bench(*host_);
  Job job = bench.MakeJob(hw::Engine::kBcs);
  bench.Spinner(job);
  bench.Request(job, 5);
  ASSERT_TRUE(bench.driver->Submit(job.context));
  EXPECT_FALSE(bench.driver->WaitForValue(bench.SeqnoAt(job), 5, 30ms));
  const uint32_t status = hw::EngineMmioBase(hw::Engine::kBcs) + 0x234;
  EXPECT_EQ(uint64_t{bench.machine->ReadRegister(status + 4)} << 32, IdOf(job.context));
  bench.EndSpinner(job);
  EXPECT_TRUE(bench.driver->WaitForValue(bench.SeqnoAt(job), 5));
}

TEST_F(EndToEnd, SemaphoresOrderTwoEngines) {
  Bench bench(*host_);
  Job waiter = bench.MakeJob(hw::Engine::kRcs);
  Job signaller = bench.MakeJob(hw::Engine::kVcs);
  ASSERT_TRUE(bench.driver->Map(waiter.tables, Gma(kData), signaller.data));
  bench.Batch(waiter, Program({SemaphoreWait(kData, 3, 1), BatchEnd()}));
  bench.Batch(signaller, Program({StoreDword(kData, 3), BatchEnd()}));
  bench.Request(waiter, 1);
  ASSERT_TRUE(bench.driver->Submit(waiter.context));
  EXPECT_FALSE(bench.driver->WaitForValue(bench.SeqnoAt(waiter), 1, 20ms));
  bench.Request(signaller, 1);
  ASSERT_TRUE(bench.driver->Submit(signaller.context));
  EXPECT_TRUE(bench.driver->WaitForValue(bench.SeqnoAt(waiter), 1));
}

TEST_F(EndToEnd, LiteRestoreMovesTheTailOfARunningContext) {
  Bench bench(*host_);
  Job job = bench.MakeJob(hw::Engine::kRcs);
  bench.Spinner(job);
  bench.Batch(job, BatchEnd(), kPageSize);
  bench.Request(job, 1);
  ASSERT_TRUE(bench.driver->Submit(job.context));
  ASSERT_TRUE(bench.driver->WaitForInterrupt(hw::Engine::kRcs, kSwitchBit));
  bench.Request(job, 2, kBatch + kPageSize);
  ASSERT_TRUE(bench.driver->Submit(job.context));
  ASSERT_TRUE(bench.driver->WaitForInterrupt(hw::Engine::kRcs, kSwitchBit));
  const std::vector<uint64_t> expected{0x1, IdOf(job.context) | 0x8002};
  EXPECT_EQ(bench.driver->TakeStatus(hw::Engine::kRcs), expected);
  EXPECT_NE(bench.machine->Load32(bench.SeqnoAt(job)), 1u);
  bench.EndSpinner(job);
  EXPECT_TRUE(bench.driver->WaitForValue(bench.SeqnoAt(job), 2));
  EXPECT_TRUE(bench.driver->WaitForIdle(hw::Engine::kRcs));
}

TEST_F(EndToEnd, RequestsOfOneSubmissionSignalOneByOne) {
  Bench bench(*host_);
  Job job = bench.MakeJob(hw::Engine::kVecs);
  bench.Spinner(job);
  bench.Batch(job, BatchEnd(), kPageSize);
  bench.Request(job, 1, kBatch + kPageSize);
  bench.Request(job, 2);
  ASSERT_TRUE(bench.driver->Submit(job.context));
  EXPECT_TRUE(bench.driver->WaitForValue(bench.SeqnoAt(job), 1));
  EXPECT_TRUE(bench.driver->WaitForInterrupt(hw::Engine::kVecs, kUserBit));
  bench.EndSpinner(job);
  EXPECT_TRUE(bench.driver->WaitForValue(bench.SeqnoAt(job), 2));
}

TEST_F(EndToEnd, TwoElementsRunOneAfterTheOther) {
  Bench bench(*host_);
  Job first = bench.MakeJob(hw::Engine::kRcs);
  Job second = bench.MakeJob(hw::Engine::kRcs);
  for (Job* job : {&first, &second}) {
    bench.Batch(*job, BatchEnd());
    bench.Request(*job, 9);
  }
  ASSERT_TRUE(bench.driver->Submit(first.context, &second.context));
  ASSERT_TRUE(bench.driver->WaitForValue(bench.SeqnoAt(second), 9));
  ASSERT_TRUE(bench.driver->WaitForIdle(hw::Engine::kRcs));
  EXPECT_TRUE(bench.driver->WaitForInterrupt(hw::Engine::kRcs, kSwitchBit));
  const std::vector<uint64_t> expected{0x1, IdOf(first.context) | 0x14,
                                       IdOf(second.context) | 0x18};
  EXPECT_EQ(bench.driver->TakeStatus(hw::Engine::kRcs), expected);
}

TEST_F(EndToEnd, ResetEndsWhatRunsAndNothingElse) {
  Bench bench(*host_);
  Job hung = bench.MakeJob(hw::Engine::kRcs);
  Job other = bench.MakeJob(hw::Engine::kBcs);
  bench.Spinner(hung);
  bench.Spinner(other);
  bench.Request(hung, 1);
  bench.Request(other, 1);
  ASSERT_TRUE(bench.driver->Submit(hung.context));
  ASSERT_TRUE(bench.driver->Submit(other.context));
  EXPECT_FALSE(bench.driver->WaitForValue(bench.SeqnoAt(hung), 1, 10ms));
  bench.driver->ResetEngine(hw::Engine::kRcs);
  EXPECT_TRUE(bench.driver->WaitForIdle(hw::Engine::kRcs, 0ms));
  bench.EndSpinner(other);
  EXPECT_TRUE(bench.driver->WaitForValue(bench.SeqnoAt(other), 1));

  Job next = bench.MakeJob(hw::Engine::kRcs);
  bench.Batch(next, BatchEnd());
  bench.Request(next, 4);
  ASSERT_TRUE(bench.driver->Submit(next.context));
  EXPECT_TRUE(bench.driver->WaitForValue(bench.SeqnoAt(next), 4));
  EXPECT_EQ(bench.machine->Load32(bench.SeqnoAt(hung)), 0u);
}

TEST_F(EndToEnd, InvalidCommandsAreReportedAtOnceAndCuredByAReset) {
  Bench bench(*host_);
  for (const hw::Engine engine : kEngines) {
    Job job = bench.MakeJob(engine);
    bench.Batch(job, Program({StoreDword(kData, 1), {kInvalidHeader}, BatchEnd()}));
    bench.Request(job, 1);
    ASSERT_TRUE(bench.driver->Submit(job.context));
    ASSERT_TRUE(bench.driver->WaitForInterrupt(engine, kErrorBit)) << hw::EngineName(engine);
    EXPECT_EQ(bench.machine->ReadRegister(hw::EngineMmioBase(engine) + kEir) & 1, 1u);
    EXPECT_EQ(bench.machine->Load32(job.data), 1u);
    bench.driver->ResetEngine(engine);
    Job next = bench.MakeJob(engine);
    bench.Batch(next, BatchEnd());
    bench.Request(next, 2);
    ASSERT_TRUE(bench.driver->Submit(next.context));
    EXPECT_TRUE(bench.driver->WaitForValue(bench.SeqnoAt(next), 2));
    EXPECT_EQ(bench.machine->Load32(bench.SeqnoAt(job)), 0u);
  }
}

TEST_F(EndToEnd, ContextsWithoutAnImageAreACommandError) {
  Bench bench(*host_);
  Job job = bench.MakeJob(hw::Engine::kRcs);
  job.context.descriptor += uint64_t{64} << 20;  // an LRCA that no GGTT entry maps
  ASSERT_TRUE(bench.driver->Submit(job.context));
  EXPECT_TRUE(bench.driver->WaitForInterrupt(hw::Engine::kRcs, kErrorBit));
}

TEST_F(EndToEnd, SpinningGuestsLeaveTheirNeighboursTheirShare) {
  Bench selfish(*host_);
  Bench modest(*host_);
  Job spinner = selfish.MakeJob(hw::Engine::kRcs);
  selfish.Spinner(spinner);
  selfish.Request(spinner, 1);
  ASSERT_TRUE(selfish.driver->Submit(spinner.context));
  Job job = modest.MakeJob(hw::Engine::kRcs);
  const auto begin = std::chrono::steady_clock::now();
  for (uint32_t round = 1; round <= 20; ++round) {
    modest.Batch(job, BatchEnd());
    modest.Request(job, round);
    ASSERT_TRUE(modest.driver->Submit(job.context));
    ASSERT_TRUE(modest.driver->WaitForValue(modest.SeqnoAt(job), round)) << round;
  }
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 5s);
  EXPECT_EQ(selfish.machine->Load32(selfish.SeqnoAt(spinner)), 0u);
  selfish.EndSpinner(spinner);
  EXPECT_TRUE(selfish.driver->WaitForValue(selfish.SeqnoAt(spinner), 1));
}

}  // namespace
}  // namespace gvt::core_test
