// Lanes find what a walk from the front finds, wherever they were right to start; scans that use
// them say what the naive scanner says.
#include "scanner/lanes.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <random>
#include <span>
#include <vector>

#include "scanner/interpreter.h"
#include "scanner/shortcuts.h"
#include "tests/oracle/naive_scanner.h"
#include "tests/oracle/report_text.h"
#include "tests/oracle/stream_generator.h"
#include "tests/oracle/test_scale.h"

namespace gvt::scanner {
namespace {

constexpr Gma kStart(0x120000);
constexpr uint32_t kBatchEnd = 0x05000000;
constexpr uint32_t kDraw = 0x7b000005;
constexpr uint32_t kDrawDwords = 7;

// About `dwords` of state commands and draws with some flushes, at times with operands that look
// like draws, and seldom anything else.
std::vector<uint32_t> Frame(oracle::StreamGenerator* generator, uint32_t dwords) {
  std::vector<uint32_t> stream;
  while (stream.size() < dwords) {
    const auto& rows = generator->rows();
    const hw::CommandRow& row = *rows[generator->Below(static_cast<uint32_t>(rows.size()))];
    const bool harmless = row.effect == hw::Effect::kNone;
    const bool flush = row.effect == hw::Effect::kPipeControl;
    if (!harmless && !flush && generator->Below(64) != 0) continue;
    std::vector<uint32_t> command = generator->Command(row, 24);
    if (generator->Below(8) == 0) command.back() = kDraw;
    stream.insert(stream.end(), command.begin(), command.end());
    if (generator->Below(3) != 0) continue;
    stream.push_back(kDraw);
    stream.resize(stream.size() + kDrawDwords - 1, 0);
  }
  return stream;
}

Segment SegmentOf(const std::vector<uint32_t>& dwords, bool privileged) {
  const auto space = privileged ? hw::AddressSpace::kGgtt : hw::AddressSpace::kPpgtt;
  return {hw::Engine::kRcs, BufferKind::kFirstLevelBatch, space, privileged, kStart, dwords, true};
}

// Where the walk that starts at `from` has a command, and what the table says of each.
void ExpectLaneIsAWalk(const StepTable& table, const std::vector<uint32_t>& dwords,
                       const Lanes& lanes, uint32_t lane) {
  uint64_t at = lanes.begin[lane];
  for (uint32_t i = 0; i < lanes.steps[lane]; ++i) {
    ASSERT_EQ(lanes.position[lane][i], at);
    const StepEntry& entry = table.EntryOf(dwords[at]);
    const bool doubt = table.DoubtOf(entry, FirstTwoAt(&dwords[at])) != 0;
    ASSERT_EQ(lanes.doubt[lane][i] != 0, doubt);
    const uint32_t bits = DoubtsOf(lanes, lane, i / Lanes::kBlock * Lanes::kBlock);
    ASSERT_EQ((bits >> i % Lanes::kBlock & 1) != 0, doubt);
    at += entry.base + entry.FieldOf(dwords[at]);
  }
  ASSERT_EQ(lanes.end[lane], at);
}

TEST(Lanes, AreWalksThatEndWhereTheNextBegins) {
  const Policy policy;
  oracle::StreamGenerator generator(1, hw::Platform::kSkl, hw::Engine::kRcs, kStart, policy);
  const StepTable& table =
      StepTable::For(hw::Generation::kGen9, hw::Engine::kRcs, FlagsToAudit(SegmentOf({}, false)));
  const auto lanes = std::make_unique<Lanes>();
  uint32_t right = 0;
  for (uint32_t round = 0; round < 200; ++round) {
    std::vector<uint32_t> dwords = Frame(&generator, Lanes::kMinStretch + generator.Below(3000));
    if (!FillLanes(table, dwords, 0, lanes.get())) continue;
    for (uint32_t k = 0; k < Lanes::kCount; ++k) {
      ExpectLaneIsAWalk(table, dwords, *lanes, k);
      if (k > 0 && lanes->end[k - 1] == lanes->begin[k]) ++right;
    }
  }
  EXPECT_GT(right, 300u);
}

TEST(Lanes, NeedSomewhereToStart) {
  const StepTable& table =
      StepTable::For(hw::Generation::kGen9, hw::Engine::kRcs, FlagsToAudit(SegmentOf({}, false)));
  const std::vector<uint32_t> noops(4096, 0);
  const auto lanes = std::make_unique<Lanes>();
  EXPECT_FALSE(FillLanes(table, noops, 0, lanes.get()));
}

TEST(Lanes, AreNotLookedForBehindTheEndOfABatch) {
  std::vector<uint32_t> dwords(5000, kDraw);
  EXPECT_EQ(LikelyEnd(dwords, 100), 100 + Lanes::kMaxStretch);
  EXPECT_EQ(LikelyEnd(dwords, 4000), 5000u);
  // Something behind it that looks like commands, and it is not near: nothing to be told by.
  dwords[4700] = kBatchEnd;
  EXPECT_EQ(LikelyEnd(dwords, 4000), 5000u);
  EXPECT_EQ(LikelyEnd(dwords, 4690), 4701u);
  // Nothing at the very end, or where lanes would start.
  std::fill(dwords.begin() + 4960, dwords.end(), 0);
  EXPECT_EQ(LikelyEnd(dwords, 4000), 4701u);
  std::fill(dwords.begin() + 4701, dwords.end(), 0);
  for (uint32_t from = 4701 - 2 * Lanes::kWindow; from <= 4700; ++from) {
    EXPECT_EQ(LikelyEnd(dwords, from), 4701u) << from;
  }
  EXPECT_EQ(LikelyEnd(dwords, 4701), 5000u);
}

// The slowest mixture for it: one lane of commands of one dword beside lanes of long ones.
TEST(Lanes, TakeAsManyStepsAsTheirPartHasDwords) {
  const StepTable& table =
      StepTable::For(hw::Generation::kGen9, hw::Engine::kRcs, FlagsToAudit(SegmentOf({}, false)));
  const auto lanes = std::make_unique<Lanes>();
  for (uint32_t slow = 0; slow < Lanes::kCount; ++slow) {
    std::vector<uint32_t> dwords(Lanes::kMaxStretch, 0);
    constexpr uint32_t kPart = Lanes::kMaxStretch / Lanes::kCount;
    for (uint32_t k = 0; k < Lanes::kCount; ++k) {
      // A draw at the end of the window in which the lane starts, and no other.
      dwords[kPart * k + Lanes::kWindow - 1] = kDraw;
      for (uint32_t i = kPart * k + 64; k != slow && i < kPart * (k + 1); ++i) dwords[i] = kDraw;
    }
    ASSERT_TRUE(FillLanes(table, dwords, 0, lanes.get()));
    for (uint32_t k = 0; k < Lanes::kCount; ++k) ExpectLaneIsAWalk(table, dwords, *lanes, k);
  }
}

TEST(Lanes, LeaveACommandThatIsLongerThanTheCopy) {
  const Policy policy;
  const Interpreter interpreter(hw::Platform::kSkl, policy);
  std::vector<uint32_t> dwords(400, 0);
  for (uint32_t i = 100; i < 400; i += 10) dwords[i] = kDraw;
  dwords[90] = 0x70030000 | 0xfff0;  // MEDIA_GATEWAY_STATE of 65,522 dwords
  for (const bool complete : {false, true}) {
    Segment segment = SegmentOf(dwords, false);
    segment.complete = complete;
    ScanReport report;
    interpreter.Scan(segment, &report);
    const ScanReport naive = oracle::NaiveScan(hw::Platform::kSkl, policy, segment);
    EXPECT_EQ(oracle::ReportText(report), oracle::ReportText(naive));
  }
}

TEST(Lanes, GiveTheNaiveReport) {
  for (const bool audit_only : {false, true}) {
    Policy policy;
    policy.audit_only = audit_only;
    oracle::StreamGenerator generator(2, hw::Platform::kSkl, hw::Engine::kRcs, kStart, policy);
    const Interpreter interpreter(hw::Platform::kSkl, policy);
    for (uint32_t round = 0; round < 60 * oracle::TestScale(); ++round) {
      std::vector<uint32_t> dwords = Frame(&generator, 300 + generator.Below(3000));
      // Ends somewhere, with something or nothing behind it; or in the midst of a command.
      if (generator.Below(2) == 0) {
        const std::span<uint32_t> rest =
            std::span(dwords).subspan(generator.Below(3000) % dwords.size());
        if (generator.Below(2) == 0) std::fill(rest.begin(), rest.end(), 0);
        rest.front() = kBatchEnd;
      }
      Segment segment = SegmentOf(dwords, generator.Below(2) == 0);
      segment.complete = generator.Below(2) == 0;
      ScanReport report;
      interpreter.Scan(segment, &report);
      const ScanReport naive = oracle::NaiveScan(hw::Platform::kSkl, policy, segment);
      ASSERT_EQ(oracle::ReportText(report), oracle::ReportText(naive)) << round;
    }
  }
}

}  // namespace
}  // namespace gvt::scanner
