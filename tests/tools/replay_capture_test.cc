// What real drivers submitted, run by the device: after each submission of a bundled capture,
// memory, registers and interrupts are those of the slow model.
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <filesystem>

#include "tools/gvtcore/replay_file.h"

namespace gvt::tools {
namespace {

namespace fs = std::filesystem;

std::vector<fs::path> Captures() {
  std::vector<fs::path> files;
  if (!fs::exists("bench/corpora")) return files;
  for (const fs::directory_entry& entry : fs::directory_iterator("bench/corpora")) {
    if (entry.path().string().ends_with(".aub.xz")) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

uint64_t CountOf(const ReplayReport& report, const std::string& name) {
  for (const auto& [key, count] : report.counts) {
    if (key == name) return count;
  }
  return 0;
}

class ReplayedCapture : public testing::TestWithParam<fs::path> {};

TEST_P(ReplayedCapture, LeavesWhatTheSlowModelLeaves) {
  const ReplayReport report = ReplayFile(GetParam().string(), {});
  if (report.difference) {
    ADD_FAILURE() << "submission " << report.difference->first << ": " << report.difference->second;
  }
  if (report.error) ADD_FAILURE() << report.error->Message();
  EXPECT_EQ(CountOf(report, "skipped"), 0u);
  EXPECT_GT(CountOf(report, "commands"), 0u);
  EXPECT_GT(CountOf(report, "pages"), 0u);
}

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(ReplayedCapture);
INSTANTIATE_TEST_SUITE_P(Corpus, ReplayedCapture, testing::ValuesIn(Captures()),
                         [](const testing::TestParamInfo<fs::path>& param) {
                           std::string name = param.param.filename().string();
                           name.resize(name.find('.'));
                           std::replace_if(
                               name.begin(), name.end(),
                               [](unsigned char c) { return std::isalnum(c) == 0; }, '_');
                           return name;
                         });

}  // namespace
}  // namespace gvt::tools
