// Streams of stock drivers: not one command may be refused, and the counts are those of an
// independent reader.
#include "tests/differential/corpus.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

#include "hw/command_table.h"
#include "scanner/interpreter.h"
#include "scanner/segment_walker.h"
#include "tests/oracle/checked_engine.h"
#include "tests/oracle/report_text.h"
#include "tools/common/capture_workload.h"

namespace gvt::differential {
namespace {

using scanner::BufferKind;

// Keeps the first few refusals, with the segment that they are in.
class RefusalLog final : public scanner::WalkObserver {
 public:
  void OnSegment(const scanner::Segment& segment, const scanner::ScanReport& report) override {
    if (report.clean() || text_.size() > 4000) return;
    text_ += oracle::SegmentText(segment) + oracle::ReportText(report);
  }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

class Corpus : public testing::TestWithParam<CorpusFile> {};

TEST_P(Corpus, ScansCleanWithTheCountsOfItsManifest) {
  const CorpusFile& file = GetParam();
  const scanner::Policy policy;
  scanner::WalkTotals totals;
  uint64_t submissions = 0;
  RefusalLog refusals;
  std::string difference;
  const std::string error =
      ForEachWorkload(file, [&](const capture::CaptureFile& capture, const capture::Submission&,
                                const scanner::Workload& workload) {
        const scanner::Interpreter interpreter(capture.info().platform, policy);
        const oracle::CheckedEngine engine(interpreter, capture.info().platform, policy);
        scanner::SegmentWalker walker(engine, policy);
        tools::CaptureSource source(capture.memory());
        totals += walker.Walk(workload, source, &refusals);
        if (difference.empty()) difference = engine.difference();
        ++submissions;
      });
  EXPECT_EQ(error, "");
  EXPECT_EQ(refusals.text(), "");
  EXPECT_EQ(totals.refusals, 0u);
  EXPECT_EQ(difference, "");

  const auto first = static_cast<size_t>(BufferKind::kFirstLevelBatch);
  const auto second = static_cast<size_t>(BufferKind::kSecondLevelBatch);
  EXPECT_EQ(submissions, file.submissions);
  EXPECT_EQ(totals.batches, file.batch_buffers);
  EXPECT_EQ(totals.second_level, file.second_level_starts);
  EXPECT_EQ(totals.chained, file.chained_starts);
  EXPECT_EQ((totals.dwords[first] + totals.dwords[second]) * 4, file.batch_bytes);
  EXPECT_EQ(totals.commands[first] + totals.commands[second], file.commands);
}

std::string CaseName(const testing::TestParamInfo<CorpusFile>& file) {
  return CorpusCaseName(file.param);
}

INSTANTIATE_TEST_SUITE_P(Files, Corpus, testing::ValuesIn(CorpusFiles()), CaseName);
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(Corpus);

}  // namespace
}  // namespace gvt::differential
