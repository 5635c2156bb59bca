#include "scanner/interpreter.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "hw/noop_run.h"
#include "scanner/limits.h"
#include "tests/oracle/assembler.h"
#include "tests/oracle/naive_scanner.h"
#include "tests/oracle/report_text.h"
#include "tests/oracle/stream_generator.h"
#include "tests/oracle/test_scale.h"

namespace gvt::scanner {
namespace {

constexpr Gma kStart(0x100000);

std::vector<uint32_t> Code(std::initializer_list<std::string_view> lines) {
  return oracle::Code(hw::Generation::kGen9, hw::Engine::kRcs, lines);
}

Segment SegmentOf(const std::vector<uint32_t>& dwords, BufferKind kind, bool privileged) {
  Segment segment;
  segment.kind = kind;
  segment.space = privileged ? hw::AddressSpace::kGgtt : hw::AddressSpace::kPpgtt;
  segment.privileged = privileged;
  segment.start = kStart;
  segment.dwords = dwords;
  return segment;
}

Segment UserBatch(const std::vector<uint32_t>& dwords) {
  return SegmentOf(dwords, BufferKind::kFirstLevelBatch, false);
}

ScanReport Scan(const Segment& segment, const Policy& policy = {}) {
  ScanReport report;
  Interpreter(hw::Platform::kSkl, policy).Scan(segment, &report);
  return report;
}

std::vector<uint32_t> Repeat(const std::vector<uint32_t>& dwords, uint32_t times) {
  std::vector<uint32_t> all;
  for (uint32_t i = 0; i < times; ++i) all.insert(all.end(), dwords.begin(), dwords.end());
  return all;
}

// The report of a scan that first sees `first` dwords, then all.
ScanReport ScanInTwo(const Interpreter& interpreter, const Segment& segment, size_t first) {
  ScanReport report;
  Segment part = segment;
  part.dwords = segment.dwords.first(first);
  part.complete = false;
  interpreter.Scan(part, &report);
  if (report.end != SegmentEnd::kNeedMore) return report;
  interpreter.Scan(segment, &report);
  return report;
}

// Reports of one segment at every place where its copy may have ended first.
class Resume : public testing::TestWithParam<bool> {};

TEST_P(Resume, GivesTheSameReportWhereverTheCopyEnded) {
  const bool audit_only = GetParam();
  Policy policy;
  policy.aperture = Range{0x100000, 0x140000};
  policy.audit_only = audit_only;
  const Interpreter interpreter(hw::Platform::kSkl, policy);
  oracle::StreamGenerator generator(1, hw::Platform::kSkl, hw::Engine::kRcs, kStart, policy);
  for (uint32_t i = 0; i < 400 * oracle::TestScale(); ++i) {
    const std::vector<uint32_t> dwords = generator.Stream(12);
    const auto kind = static_cast<BufferKind>(i % kBufferKindCount);
    const Segment segment = SegmentOf(dwords, kind, i / kBufferKindCount % 2 == 0);
    ScanReport whole;
    interpreter.Scan(segment, &whole);
    for (size_t first = 0; first < dwords.size(); ++first) {
      const ScanReport resumed = ScanInTwo(interpreter, segment, first);
      ASSERT_EQ(resumed, whole) << "stream " << i << ", copy of " << first << "\n"
                                << oracle::SegmentText(segment) << oracle::ReportText(resumed)
                                << "whole:\n"
                                << oracle::ReportText(whole);
    }
  }
}

TEST_P(Resume, GivesTheSameReportDwordByDword) {
  Policy policy;
  policy.audit_only = GetParam();
  const Interpreter interpreter(hw::Platform::kSkl, policy);
  oracle::StreamGenerator generator(2, hw::Platform::kSkl, hw::Engine::kRcs, kStart, policy);
  for (uint32_t i = 0; i < 400 * oracle::TestScale(); ++i) {
    const std::vector<uint32_t> dwords = generator.Stream(12);
    const Segment segment = UserBatch(dwords);
    ScanReport whole;
    interpreter.Scan(segment, &whole);
    ScanReport report;
    for (size_t count = 0; count <= dwords.size() && report.end == SegmentEnd::kNeedMore; ++count) {
      Segment part = segment;
      part.dwords = segment.dwords.first(count);
      part.complete = count == dwords.size();
      interpreter.Scan(part, &report);
    }
    ASSERT_EQ(report, whole) << "stream " << i;
  }
}

// Pages of MI_NOOP are stepped over in another way than commands.
TEST(Interpreter, GivesTheSameReportOfLongPaddingWhereverTheCopyEnded) {
  std::vector<uint32_t> dwords(1000, hw::kPlainNoop);
  const auto store = Code({"MI_STORE_DATA_IMM @200000 7"});
  dwords.insert(dwords.begin() + 501, store.begin(), store.end());
  const auto end = Code({"MI_BATCH_BUFFER_END"});
  dwords.insert(dwords.end(), end.begin(), end.end());
  const Interpreter interpreter(hw::Platform::kSkl, Policy{});
  const Segment segment = UserBatch(dwords);
  const ScanReport whole = Scan(segment);
  EXPECT_EQ(whole.commands, 1002u);
  for (size_t first = 0; first < dwords.size(); ++first) {
    EXPECT_EQ(oracle::ReportText(ScanInTwo(interpreter, segment, first)), oracle::ReportText(whole))
        << first;
  }
}

INSTANTIATE_TEST_SUITE_P(AuditOnly, Resume, testing::Bool());

// Applies a report's patches to a copy of the dwords.
std::vector<uint32_t> Patched(std::vector<uint32_t> dwords, const ScanReport& report) {
  for (const Patch& patch : report.patches) {
    std::fill_n(dwords.begin() + patch.dword, patch.count, patch.value);
  }
  return dwords;
}

TEST(Interpreter, FindsNothingInWhatItPatched) {
  const Policy policy;
  const Interpreter interpreter(hw::Platform::kSkl, policy);
  oracle::StreamGenerator generator(3, hw::Platform::kSkl, hw::Engine::kRcs, kStart, policy);
  for (uint32_t i = 0; i < 5000 * oracle::TestScale(); ++i) {
    const std::vector<uint32_t> dwords = generator.Stream(12);
    const Segment segment = SegmentOf(dwords, static_cast<BufferKind>(i % kBufferKindCount),
                                      i / kBufferKindCount % 2 == 0);
    ScanReport report;
    interpreter.Scan(segment, &report);
    const std::vector<uint32_t> patched = Patched(dwords, report);
    Segment again = segment;
    again.dwords = std::span(patched).first(report.position);
    again.complete = false;
    ScanReport second;
    interpreter.Scan(again, &second);
    ASSERT_TRUE(second.clean()) << "stream " << i << "\n"
                                << oracle::ReportText(report) << "patched:\n"
                                << oracle::ReportText(second);
    ASSERT_EQ(second.position, report.position) << "stream " << i;
  }
}

TEST(Interpreter, KeepsTheFirstRefusalsAndCountsAll) {
  const uint32_t count = kMaxRefusalsPerSegment + 10;
  std::vector<uint32_t> dwords = Repeat(Code({"MI_LOAD_REGISTER_IMM 2030 0"}), count);
  dwords.push_back(Code({"MI_BATCH_BUFFER_END"})[0]);
  const ScanReport report = Scan(UserBatch(dwords));
  EXPECT_EQ(report.refusal_count, count);
  EXPECT_EQ(report.refusals.size(), kMaxRefusalsPerSegment);
  EXPECT_EQ(report.patches.size(), count);
}

TEST(Interpreter, IsReenteredBehindAsManyStoresAsItFollows) {
  const auto store = Code({"MI_STORE_DATA_IMM @7abc00000000 0"});
  std::vector<uint32_t> dwords = Repeat(store, kMaxStoresPerSegment + 1);
  const ScanReport report = Scan(UserBatch(dwords));
  EXPECT_EQ(report.end, SegmentEnd::kReenter);
  EXPECT_EQ(report.position, kMaxStoresPerSegment * store.size());
  EXPECT_EQ(report.commands, kMaxStoresPerSegment);
}

TEST(Interpreter, IsReenteredBehindAsManyEventsAsItKeeps) {
  std::vector<uint32_t> dwords = Repeat(Code({"MI_USER_INTERRUPT"}), kMaxEventsPerSegment + 1);
  const ScanReport report = Scan(SegmentOf(dwords, BufferKind::kRing, true));
  EXPECT_EQ(report.end, SegmentEnd::kReenter);
  EXPECT_EQ(report.events.size(), kMaxEventsPerSegment);
}

TEST(Interpreter, IsReenteredBehindAsManyPatchesAsItKeeps) {
  std::vector<uint32_t> dwords = Repeat(Code({"MI_ARB_ON_OFF"}), kMaxPatchesPerSegment + 1);
  const ScanReport report = Scan(UserBatch(dwords));
  EXPECT_EQ(report.end, SegmentEnd::kReenter);
  EXPECT_EQ(report.patches.size(), kMaxPatchesPerSegment);
}

TEST(Interpreter, RefusesASegmentWithoutAnEndAtTheLimit) {
  std::vector<uint32_t> dwords(kMaxSegmentDwords, 0);
  const ScanReport report = Scan(UserBatch(dwords));
  ASSERT_EQ(report.refusals.size(), 1u);
  EXPECT_EQ(report.refusals[0].rule, Rule::kSegmentLimit);
  EXPECT_EQ(report.position, kMaxSegmentDwords);
  // A command that reaches past the limit is the same to it.
  dwords[kMaxSegmentDwords - 2] = Code({"MI_LOAD_REGISTER_IMM 2600 0"})[0];
  const ScanReport cut = Scan(UserBatch(dwords));
  ASSERT_EQ(cut.refusals.size(), 1u);
  EXPECT_EQ(cut.refusals[0].rule, Rule::kSegmentLimit);
  EXPECT_EQ(cut.position, kMaxSegmentDwords - 2);
}

TEST(Interpreter, TakesASegmentOfNoDwords) {
  EXPECT_EQ(Scan(UserBatch({})).refusals[0].rule, Rule::kBatchUnmapped);
  EXPECT_EQ(Scan(SegmentOf({}, BufferKind::kRing, true)).end, SegmentEnd::kEndOfBuffer);
  Segment more = UserBatch({});
  more.complete = false;
  EXPECT_EQ(Scan(more).end, SegmentEnd::kNeedMore);
}

// A harder action than MI_NOOP stops at the command, whichever rule it is for.
TEST(Interpreter, StopsAtTheCommandThatBreaksARaisedRule) {
  const Policy default_policy;
  oracle::StreamGenerator generator(5, hw::Platform::kSkl, hw::Engine::kRcs, kStart,
                                    default_policy);
  const Interpreter mild(hw::Platform::kSkl, default_policy);
  for (int i = 0; i < 2000; ++i) {
    const std::vector<uint32_t> dwords = generator.Stream(12);
    ScanReport first;
    mild.Scan(UserBatch(dwords), &first);
    if (first.clean() || first.end == SegmentEnd::kReenter) continue;
    Policy policy;
    ASSERT_TRUE(policy.Raise(first.refusals[0].rule, Action::kStopVgpu));
    const ScanReport report = Scan(UserBatch(dwords), policy);
    ASSERT_EQ(report.end, SegmentEnd::kRefused);
    ASSERT_EQ(report.worst, Action::kStopVgpu);
    ASSERT_EQ(report.position, first.refusals[0].dword);
    ASSERT_EQ(report.refusal_count, 1u);
  }
}

TEST(Interpreter, PatchesNothingWhenItOnlyAudits) {
  Policy policy;
  policy.audit_only = true;
  oracle::StreamGenerator generator(6, hw::Platform::kSkl, hw::Engine::kRcs, kStart, policy);
  for (int i = 0; i < 2000; ++i) {
    const std::vector<uint32_t> dwords = generator.Stream(12);
    ASSERT_TRUE(Scan(UserBatch(dwords), policy).patches.empty());
  }
}

}  // namespace
}  // namespace gvt::scanner
