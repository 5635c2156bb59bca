// Every bundled capture (or those in the folder that GVT_CORPUS names) replays to what its manifest
// says.
#include <gtest/gtest.h>

#include <algorithm>

#include "capture/capture_file.h"
#include "files.h"

namespace gvt::capture {
namespace {

TEST(Corpus, HasTheSubmissionsPerEngineThatItsManifestSays) {
  const std::string folder = testing::CorpusFolder();
  const auto rows = testing::ReadManifest(folder + "/manifest.csv");
  EXPECT_GE(rows.size(), 28u);
  for (const testing::ManifestRow& row : rows) {
    SCOPED_TRACE(row.file);
    auto file = OpenCapture(folder + "/" + row.file, {});
    ASSERT_TRUE(file.has_value()) << file.error().Message();
    std::map<hw::Engine, uint64_t> engines;
    Submission submission;
    while ((*file)->NextSubmission(&submission) == NextResult::kSubmission) {
      EXPECT_EQ(submission.problem, SubmissionProblem::kNone) << submission.index;
      EXPECT_LT(submission.ring.head, submission.ring.tail);
      ++engines[submission.engine];
      // The ring starts a batch, whose first dword is mapped.
      const auto ring = testing::ReadDwords((*file)->memory(), hw::AddressSpace::kGgtt,
                                            submission.ring.start + submission.ring.head,
                                            (submission.ring.tail - submission.ring.head) / 4);
      const auto start = std::find(ring.begin(), ring.end(), 0x18800101u);
      ASSERT_GE(ring.end() - start, 3);
      const Gma batch(uint64_t{start[2]} << 32 | start[1]);
      EXPECT_NE((*file)->memory().Page(hw::AddressSpace::kPpgtt, batch), nullptr);
    }
    EXPECT_FALSE((*file)->error()) << (*file)->error()->Message();
    EXPECT_EQ(engines, row.engines);
    EXPECT_EQ(submission.index + 1, row.submissions);
    EXPECT_EQ((*file)->progress().stream_bytes, row.stream_bytes);
  }
}

}  // namespace
}  // namespace gvt::capture
