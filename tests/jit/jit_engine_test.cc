// The compiled scanner beside the interpreter: the same report, bit for bit, whatever it knows.
#include "jit/jit_engine.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

#include "jit/make_engine.h"
#include "scanner/interpreter.h"
#include "tests/jit/recurring_streams.h"
#include "tests/oracle/report_text.h"
#include "tests/oracle/test_scale.h"

namespace gvt::jit {
namespace {

using scanner::ScanReport;
using scanner::Segment;

// Room for a few traces: makes the store forget often.
constexpr ArenaSizes kSmall{16384, 4096, 8192};

std::unique_ptr<JitEngine> MakeEngine(hw::Platform platform, const scanner::Policy& policy,
                                      const ArenaSizes& sizes, bool learns) {
  auto engine = JitEngine::Create(platform, policy, sizes, learns);
  EXPECT_TRUE(engine.has_value());
  return engine ? std::move(*engine) : nullptr;
}

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
  void Compare(const ArenaSizes& sizes, uint32_t rounds) {
    const auto [platform, audit_only] = GetParam();
    const scanner::Policy policy = NarrowPolicy(audit_only);
    const scanner::Interpreter interpreter(platform, policy);
    const auto jit = MakeEngine(platform, policy, sizes, false);
    ASSERT_NE(jit, nullptr);
    RecurringStreams streams(rounds + sizes.code_bytes, platform, hw::Engine::kRcs, policy);
    for (uint32_t i = 0; i < rounds * oracle::TestScale(); ++i) {
      const Segment segment = streams.Next();
      ScanReport expected;
      interpreter.Scan(segment, &expected);
      ScanReport report;
      jit->Scan(segment, &report);
      ASSERT_EQ(report, expected) << oracle::SegmentText(segment) << oracle::ReportText(report)
                                  << "interpreter:\n"
                                  << oracle::ReportText(expected);
      const size_t piece = 1 + i % 97;
      ASSERT_EQ(ScanInPieces(*jit, segment, piece), expected) << piece;
      jit->LearnNow();
    }
    traces_ = jit->store().statistics().traces;
    flushes_ = jit->store().statistics().flushes;
  }

  uint64_t traces_ = 0;
  uint64_t flushes_ = 0;
};

TEST_P(Twins, GiveTheSameReportOfStreamsThatRecurWithChanges) {
  Compare(TraceStore::kSizes, 200);
  EXPECT_GT(traces_, 20u);
}

TEST_P(Twins, GiveTheSameReportWhileTheStoreForgets) {
  Compare(kSmall, 150);
  EXPECT_GT(flushes_, 0u);
}

std::string CaseName(const testing::TestParamInfo<Twins::ParamType>& info) {
  const auto [platform, audit_only] = info.param;
  return std::string(hw::PlatformName(platform)) + (audit_only ? "_audit_only" : "");
}

INSTANTIATE_TEST_SUITE_P(Engines, Twins,
                         testing::Combine(testing::Values(hw::Platform::kBdw, hw::Platform::kSkl),
                                          testing::Bool()),
                         CaseName);

// Of other engines the interpreter is all there is.
TEST(JitEngine, KeepsTracesToTheRenderEngine) {
  const scanner::Policy policy = NarrowPolicy(false);
  const auto jit = MakeEngine(hw::Platform::kSkl, policy, kSmall, false);
  ASSERT_NE(jit, nullptr);
  RecurringStreams streams(5, hw::Platform::kSkl, hw::Engine::kVcs, policy);
  const scanner::Interpreter interpreter(hw::Platform::kSkl, policy);
  for (int i = 0; i < 50; ++i) {
    const Segment segment = streams.Next();
    ScanReport expected;
    interpreter.Scan(segment, &expected);
    ScanReport report;
    jit->Scan(segment, &report);
    ASSERT_EQ(report, expected);
    jit->LearnNow();
  }
  EXPECT_EQ(jit->store().statistics().traces, 0u);
}

// What each of several threads scans over and over, with what the interpreter says of it.
struct Work {
  std::vector<std::vector<uint32_t>> dwords;
  std::vector<Segment> segments;
  std::vector<ScanReport> expected;
};

Work MakeWork(const scanner::Policy& policy, uint32_t count) {
  RecurringStreams streams(7, hw::Platform::kSkl, hw::Engine::kRcs, policy);
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

TEST(JitEngine, GivesTheSameReportOnManyThreadsWhileItLearnsAndForgets) {
  const scanner::Policy policy = NarrowPolicy(false);
  const auto jit = MakeEngine(hw::Platform::kSkl, policy, kSmall, true);
  ASSERT_NE(jit, nullptr);
  const Work work = MakeWork(policy, 60);
  std::atomic<uint32_t> wrong{0};
  std::vector<std::thread> threads;
  for (uint32_t thread = 0; thread < 3; ++thread) {
    threads.emplace_back([&, thread] {
      ScanReport report;
      for (size_t i = 0; i < 4000u * oracle::TestScale(); ++i) {
        const size_t at = (i * (thread + 1)) % work.segments.size();
        report.Clear();
        jit->Scan(work.segments[at], &report);
        if (!(report == work.expected[at])) wrong.fetch_add(1);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong.load(), 0u);
}

TEST(JitEngine, LeavesToTheInterpreterWhatIsNoBatch) {
  const auto jit = MakeEngine(hw::Platform::kSkl, {}, TraceStore::kSizes, false);
  ASSERT_NE(jit, nullptr);
  const std::vector<uint32_t> noops(64, 0u);
  Segment ring;
  ring.kind = scanner::BufferKind::kRing;
  ring.privileged = true;
  ring.dwords = noops;
  for (int i = 0; i < 4; ++i) {
    ScanReport report;
    jit->Scan(ring, &report);
    EXPECT_EQ(report.end, scanner::SegmentEnd::kEndOfBuffer);
    EXPECT_EQ(report.commands, 64u);
  }
  EXPECT_EQ(jit->LearnNow(), 0u);
}

// Whether the process holds memory for emitted code.
bool HoldsCode() {
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    if (line.find("gvtcore-jit") != std::string::npos) return true;
  }
  return false;
}

TEST(MakeScanEngine, CompilesOnlyWhereThatIsWished) {
  ASSERT_EQ(unsetenv("GVTCORE_JIT"), 0);
  EXPECT_FALSE(HoldsCode());
  const auto interpreter = MakeScanEngine(hw::Platform::kSkl, {});
  EXPECT_FALSE(HoldsCode());
  ASSERT_EQ(setenv("GVTCORE_JIT", "off", 1), 0);
  EXPECT_NE(MakeScanEngine(hw::Platform::kSkl, {}), nullptr);
  EXPECT_FALSE(HoldsCode());
  ASSERT_EQ(setenv("GVTCORE_JIT", "on", 1), 0);
  const auto compiled = MakeScanEngine(hw::Platform::kSkl, {});
  ASSERT_EQ(unsetenv("GVTCORE_JIT"), 0);
  EXPECT_TRUE(HoldsCode());
  ScanReport reports[2];
  const std::vector<uint32_t> noops(64, 0u);
  Segment segment;
  segment.dwords = noops;
  compiled->Scan(segment, &reports[0]);
  interpreter->Scan(segment, &reports[1]);
  EXPECT_EQ(reports[0], reports[1]);
}

}  // namespace
}  // namespace gvt::jit
