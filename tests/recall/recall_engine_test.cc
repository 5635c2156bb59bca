// The engine that remembers beside the interpreter: the same report, bit for bit, whatever it
// knows.
#include "recall/recall_engine.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <memory>
#include <thread>
#include <tuple>
#include <vector>

#include "scanner/interpreter.h"
#include "tests/oracle/recurring_streams.h"
#include "tests/oracle/report_text.h"
#include "tests/oracle/test_scale.h"
#include "tests/recall/eager_engine.h"

namespace gvt::recall {
namespace {

using scanner::ScanReport;
using scanner::Segment;

// Scans `piece` dwords more at a time.
ScanReport ScanInPieces(const scanner::ScanEngine& engine, const Segment& whole, size_t piece) {
  ScanReport report;
  for (size_t have = std::min(piece, whole.dwords.size());;
       have = std::min(have + piece, whole.dwords.size())) {
    Segment part = whole;
    part.dwords = whole.dwords.first(have);
    part.complete = whole.complete && have == whole.dwords.size();
    engine.Scan(part, &report);
    if (report.end != scanner::SegmentEnd::kNeedMore || have == whole.dwords.size()) return report;
  }
}

scanner::Policy NarrowPolicy(bool audit_only) {
  scanner::Policy policy;
  policy.aperture = Range{0x100000, 0x180000};
  policy.hidden = Range{0x180000, 0x200000};
  policy.audit_only = audit_only;
  return policy;
}

class Twins : public testing::TestWithParam<std::tuple<hw::Platform, bool>> {
 protected:
  void Compare(const MemorySettings& settings, uint32_t rounds) {
    const auto [platform, audit_only] = GetParam();
    const scanner::Policy policy = NarrowPolicy(audit_only);
    const scanner::Interpreter interpreter(platform, policy);
    const auto engine = MakeEagerEngine(platform, policy, settings);
    oracle::RecurringStreams streams(rounds + settings.sequences, platform, hw::Engine::kRcs,
                                     policy);
    for (uint32_t i = 0; i < rounds * oracle::TestScale(); ++i) {
      const Segment segment = streams.Next();
      ScanReport expected;
      interpreter.Scan(segment, &expected);
      ScanReport report;
      engine->Scan(segment, &report);
      ASSERT_EQ(report, expected) << oracle::SegmentText(segment) << oracle::ReportText(report)
                                  << "interpreter:\n"
                                  << oracle::ReportText(expected);
      const size_t piece = 1 + i % 97;
      ASSERT_EQ(ScanInPieces(*engine, segment, piece), expected) << piece;
    }
    statistics_ = engine->statistics();
  }

  MemoryStatistics statistics_;
};

TEST_P(Twins, GiveTheSameReportOfStreamsThatRecurWithChanges) {
  Compare({}, 200);
  EXPECT_GT(statistics_.learned, 20u);
  if (kCompiles) {
    EXPECT_GT(statistics_.compiled, 20u);
  }
}

TEST_P(Twins, GiveTheSameReportWhileTheyForget) {
  Compare(kSmallMemory, 150);
  EXPECT_GT(statistics_.forgotten, 0u);
}

std::string CaseName(const testing::TestParamInfo<Twins::ParamType>& info) {
  const auto [platform, audit_only] = info.param;
  return std::string(hw::PlatformName(platform)) + (audit_only ? "_audit_only" : "");
}

INSTANTIATE_TEST_SUITE_P(Engines, Twins,
                         testing::Combine(testing::Values(hw::Platform::kBdw, hw::Platform::kSkl),
                                          testing::Bool()),
                         CaseName);

// Scans that need more dwords, one in the middle of the other.
TEST(RecallEngine, GivesTheSameReportOfScansByTurns) {
  const scanner::Policy policy = NarrowPolicy(false);
  const scanner::Interpreter interpreter(hw::Platform::kSkl, policy);
  const auto engine = MakeEagerEngine(hw::Platform::kSkl, policy);
  oracle::RecurringStreams streams(11, hw::Platform::kSkl, hw::Engine::kRcs, policy);
  for (uint32_t round = 0; round < 300 * oracle::TestScale(); ++round) {
    std::array<std::vector<uint32_t>, 2> dwords;
    std::array<Segment, 2> whole;
    std::array<ScanReport, 2> reports;
    for (size_t i = 0; i < 2; ++i) {
      whole[i] = streams.Next();
      dwords[i].assign(whole[i].dwords.begin(), whole[i].dwords.end());
      whole[i].dwords = dwords[i];
      // Often the same place, as where one buffer is scanned for two workloads.
      if (round % 2 != 0) whole[i].start = whole[0].start;
    }
    const size_t piece = 1 + round % 131;
    for (size_t have = piece; have < 2000; have += piece) {
      for (size_t i = 0; i < 2; ++i) {
        if (reports[i].end != scanner::SegmentEnd::kNeedMore) continue;
        Segment part = whole[i];
        part.dwords = part.dwords.first(std::min(have, part.dwords.size()));
        part.complete = part.complete && part.dwords.size() == whole[i].dwords.size();
        engine->Scan(part, &reports[i]);
      }
    }
    for (size_t i = 0; i < 2; ++i) {
      ScanReport expected;
      interpreter.Scan(whole[i], &expected);
      ASSERT_EQ(ScanInPieces(*engine, whole[i], whole[i].dwords.size()), expected);
      if (whole[i].complete) {
        ASSERT_EQ(reports[i], expected) << round;
      }
    }
  }
}

// What each of several threads scans over and over, with what the interpreter says of it.
struct Work {
  std::vector<std::vector<uint32_t>> dwords;
  std::vector<Segment> segments;
  std::vector<ScanReport> expected;
};

Work MakeWork(const scanner::Policy& policy, uint32_t count) {
  oracle::RecurringStreams streams(7, hw::Platform::kSkl, hw::Engine::kRcs, policy);
  const scanner::Interpreter interpreter(hw::Platform::kSkl, policy);
  Work work;
  for (uint32_t i = 0; i < count; ++i) {
    Segment segment = streams.Next();
    work.dwords.emplace_back(segment.dwords.begin(), segment.dwords.end());
    segment.dwords = work.dwords.back();
    work.segments.push_back(segment);
    interpreter.Scan(segment, &work.expected.emplace_back());
  }
  return work;
}

TEST(RecallEngine, GivesTheSameReportOnManyThreadsWhileItLearnsAndForgets) {
  const scanner::Policy policy = NarrowPolicy(false);
  const auto engine = MakeEagerEngine(hw::Platform::kSkl, policy, kSmallMemory);
  const Work work = MakeWork(policy, 60);
  std::atomic<uint32_t> wrong{0};
  std::vector<std::thread> threads;
  for (uint32_t thread = 0; thread < 3; ++thread) {
    threads.emplace_back([&, thread] {
      ScanReport report;
      for (size_t i = 0; i < 4000u * oracle::TestScale(); ++i) {
        const size_t at = (i * (thread + 1)) % work.segments.size();
        report.Clear();
        engine->Scan(work.segments[at], &report);
        if (!(report == work.expected[at])) wrong.fetch_add(1);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong.load(), 0u);
}

TEST(RecallEngine, LeavesToTheInterpreterWhatIsNoBatch) {
  const auto engine = MakeEagerEngine(hw::Platform::kSkl, {});
  const std::vector<uint32_t> noops(64, 0u);
  Segment ring;
  ring.kind = scanner::BufferKind::kRing;
  ring.privileged = true;
  ring.dwords = noops;
  for (int i = 0; i < 4; ++i) {
    ScanReport report;
    engine->Scan(ring, &report);
    EXPECT_EQ(report.end, scanner::SegmentEnd::kEndOfBuffer);
    EXPECT_EQ(report.commands, 64u);
  }
  EXPECT_EQ(engine->statistics().learned, 0u);
}

// Draws that differ in what is not audited: one sequence tells them all.
TEST(RecallEngine, TellsAgainWhateverThePayload) {
  RecallEngine engine(hw::Platform::kSkl, {});
  std::vector<uint32_t> batch;
  for (int i = 0; i < 40; ++i) batch.insert(batch.end(), {0x7b000005u, 0u, 0u, 0u, 0u, 0u, 0u});
  batch.push_back(0x05000000);
  for (uint32_t frame = 0; frame < 100; ++frame) {
    for (size_t at = 0; at + 1 < batch.size(); ++at) {
      if (at % 7 != 0) batch[at] = frame * 0x01010101u + static_cast<uint32_t>(at);
    }
    Segment segment;
    segment.dwords = batch;
    ScanReport report;
    engine.Scan(segment, &report);
    EXPECT_EQ(report.end, scanner::SegmentEnd::kBatchEnd);
    EXPECT_EQ(report.commands, 41u);
  }
  EXPECT_LE(engine.statistics().learned, 3u);
}

// A guest that never repeats itself is not learned from for ever.
TEST(RecallEngine, GivesUpLearningWhereNothingRecurs) {
  RecallEngine engine(hw::Platform::kSkl, {});
  std::vector<uint32_t> batch(200, 0u);
  batch.back() = 0x05000000;
  uint64_t learned = 0;
  for (uint32_t frame = 0; frame < 4000; ++frame) {
    for (size_t at = 0; at + 1 < batch.size(); ++at) {
      batch[at] = (frame * 7919u + static_cast<uint32_t>(at) * 104729u) % (1u << 20) + 1;
    }
    Segment segment;
    segment.dwords = batch;
    ScanReport report;
    engine.Scan(segment, &report);
    if (frame == 1000) learned = engine.statistics().learned;
  }
  EXPECT_LT(engine.statistics().learned, 2 * learned + 100);
}

}  // namespace
}  // namespace gvt::recall
