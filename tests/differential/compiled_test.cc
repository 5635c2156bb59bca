// The engine that remembers and compiles over real streams and over changes to what it has learned
// of them: the interpreter's report, bit for bit.
//
// mutation_test.cc says what must come of a change; here, that both say the same. GVT_TEST_SCALE
// multiplies the number of changes.
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "recall/recall_engine.h"
#include "scanner/interpreter.h"
#include "scanner/segment_walker.h"
#include "tests/differential/corpus.h"
#include "tests/differential/mutation.h"
#include "tests/differential/piece_collector.h"
#include "tests/oracle/report_text.h"
#include "tests/oracle/test_scale.h"
#include "tests/recall/eager_engine.h"
#include "tools/common/capture_workload.h"

namespace gvt::differential {
namespace {

using scanner::ScanReport;
using scanner::Segment;

constexpr uint32_t kMutationsPerCapture = 1000;

class Twins final : public scanner::ScanEngine {
 public:
  Twins(hw::Platform platform, const scanner::Policy& policy)
      : interpreter_(platform, policy), engine_(recall::MakeEagerEngine(platform, policy)) {}

  // The report of the engine that remembers. Both begin with what earlier calls left in it.
  void Scan(const Segment& segment, ScanReport* report) const override {
    ScanReport expected = *report;
    interpreter_.Scan(segment, &expected);
    engine_->Scan(segment, report);
    if (!difference_.empty() || *report == expected) return;
    difference_ = oracle::SegmentText(segment) + oracle::ReportText(*report) + "interpreter:\n" +
                  oracle::ReportText(expected);
  }

  // Both reports of the first segment that they differ on; empty if there is none.
  const std::string& difference() const { return difference_; }
  recall::MemoryStatistics statistics() const { return engine_->statistics(); }

 private:
  const scanner::Interpreter interpreter_;
  std::unique_ptr<recall::RecallEngine> engine_;
  mutable std::string difference_;
};

class Compiled : public testing::TestWithParam<CorpusFile> {};

TEST_P(Compiled, ScansACaptureAsTheInterpreterDoes) {
  const scanner::Policy policy;
  std::unique_ptr<Twins> twins;
  const std::string error = ForEachWorkload(
      GetParam(), [&](const capture::CaptureFile& capture, const capture::Submission&,
                      const scanner::Workload& workload) {
        if (twins == nullptr) twins = std::make_unique<Twins>(capture.info().platform, policy);
        scanner::SegmentWalker walker(*twins, policy);
        tools::CaptureSource source(capture.memory());
        walker.Walk(workload, source, nullptr);
      });
  EXPECT_EQ(error, "");
  ASSERT_NE(twins, nullptr);
  EXPECT_EQ(twins->difference(), "");
  RecordProperty("sequences", std::to_string(twins->statistics().learned));
}

TEST_P(Compiled, JudgesChangesAsTheInterpreterDoes) {
  constexpr uint64_t kSeed = 11;
  Random random(kSeed);
  std::string error;
  const std::vector<Piece> pieces = PiecesOf(GetParam(), &random, &error);
  ASSERT_EQ(error, "");
  ASSERT_FALSE(pieces.empty());
  scanner::Policy policy;
  policy.aperture = Range{0x1000000, 0x8000000};
  policy.hidden = Range{0x10000000, 0x20000000};
  const Twins twins(pieces[0].platform, policy);
  ScanReport report;
  const auto scan = [&](const Mutation& mutation) {
    report.Clear();
    twins.Scan(SegmentOf(mutation), &report);
  };
  for (int lesson = 0; lesson < 3; ++lesson) {
    for (const Piece& piece : pieces) {
      Mutation unchanged;
      unchanged.piece = piece;
      unchanged.engine = piece.engine;
      scan(unchanged);
    }
  }
  for (uint32_t i = 0; i < kMutationsPerCapture * oracle::TestScale(); ++i) {
    const auto kind = static_cast<MutationKind>(i % kMutationKindCount);
    scan(NextMutation(kind, pieces, policy, random));
    ASSERT_EQ(twins.difference(), "") << "mutation " << i;
  }
  RecordProperty("sequences", std::to_string(twins.statistics().learned));
}

std::string CaseName(const testing::TestParamInfo<CorpusFile>& file) {
  return CorpusCaseName(file.param);
}

INSTANTIATE_TEST_SUITE_P(Files, Compiled, testing::ValuesIn(CorpusFiles()), CaseName);
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(Compiled);

}  // namespace
}  // namespace gvt::differential
