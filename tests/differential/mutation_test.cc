// No false accept, no false refuse: at least a thousand changes to the batches of each capture,
// each with the verdict that follows from how it was made.
//
// GVT_SEED chooses other changes, GVT_TEST_SCALE multiplies their number; a failure names the seed
// and the number of the change.
#include "tests/differential/mutation.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "scanner/interpreter.h"
#include "tests/differential/corpus.h"
#include "tests/differential/piece_collector.h"
#include "tests/oracle/naive_scanner.h"
#include "tests/oracle/report_text.h"
#include "tests/oracle/test_scale.h"

namespace gvt::differential {
namespace {

using scanner::Action;
using scanner::Rule;
using scanner::ScanReport;
using scanner::Segment;
using scanner::SegmentEnd;

constexpr uint32_t kMutationsPerCapture = 1200;

// What is wrong with the report on a mutation, or "".
std::string Judge(const Mutation& mutation, const ScanReport& report) {
  if (!mutation.rule) return report.clean() ? "" : "false refuse";
  if (report.clean()) return "false accept";
  // Of very many findings the last ones are only counted.
  if (mutation.only_last && report.refusal_count > report.refusals.size()) return "";
  const scanner::Refusal& refusal = report.refusals.back();
  if (refusal.rule != *mutation.rule) return "wrong rule";
  if (refusal.dword != mutation.dword) return "wrong command";
  if (mutation.detail && refusal.detail != *mutation.detail) return "wrong operand";
  if (!mutation.only_last && report.refusal_count != 1) return "too many refusals";
  const bool goes_on = scanner::MildestAction(*mutation.rule) == Action::kNoop;
  if (goes_on == (report.end == SegmentEnd::kRefused)) return "wrong end";
  return "";
}

// The audited, patched copy holds nothing that would be refused.
std::string JudgePatched(const scanner::Interpreter& interpreter, const Mutation& mutation,
                         const ScanReport& report) {
  if (report.end == SegmentEnd::kRefused) return "";
  std::vector<uint32_t> patched(mutation.piece.dwords);
  for (const scanner::Patch& patch : report.patches) {
    std::fill_n(patched.begin() + patch.dword, patch.count, patch.value);
  }
  Segment segment = SegmentOf(mutation);
  segment.dwords = patched;
  ScanReport again;
  interpreter.Scan(segment, &again);
  if (!again.clean()) return "patched copy is not clean\n" + oracle::ReportText(again);
  return again.end == report.end && again.position == report.position ? ""
                                                                      : "patched copy ends "
                                                                        "elsewhere";
}

class Mutations : public testing::TestWithParam<CorpusFile> {
 protected:
  static std::vector<Piece> Pieces(Random* random) {
    std::string error;
    std::vector<Piece> pieces = PiecesOf(GetParam(), random, &error);
    EXPECT_EQ(error, "");
    return pieces;
  }
};

uint64_t Seed() {
  const char* seed = std::getenv("GVT_SEED");
  return seed == nullptr ? 1 : std::strtoull(seed, nullptr, 10);
}

TEST_P(Mutations, AreJudgedAsTheyWereMade) {
  Random pieces_random(Seed());
  const std::vector<Piece> pieces = Pieces(&pieces_random);
  ASSERT_FALSE(pieces.empty());
  scanner::Policy policy;
  policy.aperture = Range{0x1000000, 0x8000000};
  policy.hidden = Range{0x10000000, 0x20000000};
  const scanner::Interpreter interpreter(pieces[0].platform, policy);
  const uint32_t count = kMutationsPerCapture * oracle::TestScale();
  std::printf("seed %" PRIu64 ", %" PRIu32 " mutations of %zu pieces\n", Seed(), count,
              pieces.size());
  for (uint32_t i = 0; i < count; ++i) {
    Random random(Seed() * 1000003 + i);
    const auto kind = static_cast<MutationKind>(i % kMutationKindCount);
    const Mutation mutation = NextMutation(kind, pieces, policy, random);
    const Segment segment = SegmentOf(mutation);
    ScanReport report;
    interpreter.Scan(segment, &report);
    std::string wrong = Judge(mutation, report);
    if (wrong.empty()) wrong = JudgePatched(interpreter, mutation, report);
    const ScanReport naive = oracle::NaiveScan(mutation.piece.platform, policy, segment);
    if (wrong.empty() && !(naive == report)) wrong = "naive scanner:\n" + oracle::ReportText(naive);
    ASSERT_EQ(wrong, "") << "GVT_SEED=" << Seed() << ", mutation " << i << ": " << mutation.what
                         << " at dword " << mutation.dword << "\n"
                         << oracle::SegmentText(segment) << oracle::ReportText(report);
  }
}

// What a user batch may do, a privileged one may do as well.
TEST_P(Mutations, PiecesAreCleanAsPrivilegedBatchesToo) {
  Random random(Seed());
  const scanner::Policy policy;
  const std::vector<Piece> pieces = Pieces(&random);
  for (const Piece& piece : pieces) {
    Mutation unchanged;
    unchanged.piece = piece;
    unchanged.engine = piece.engine;
    for (const bool privileged : {false, true}) {
      unchanged.privileged = privileged;
      ScanReport report;
      scanner::Interpreter(piece.platform, policy).Scan(SegmentOf(unchanged), &report);
      ASSERT_TRUE(report.clean()) << oracle::SegmentText(SegmentOf(unchanged))
                                  << oracle::ReportText(report);
    }
  }
}

std::string CaseName(const testing::TestParamInfo<CorpusFile>& file) {
  return CorpusCaseName(file.param);
}

INSTANTIATE_TEST_SUITE_P(Files, Mutations, testing::ValuesIn(CorpusFiles()), CaseName);
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(Mutations);

}  // namespace
}  // namespace gvt::differential
