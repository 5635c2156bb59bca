// One case for each *.gvt file of this folder. With GVT_VECTOR_PRINT set, prints what happened, to
// be read before it becomes an `expect` block.
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "tests/vectors/vector_file.h"
#include "tests/vectors/vector_runner.h"

namespace gvt::vectors {
namespace {

namespace fs = std::filesystem;

std::vector<fs::path> VectorFiles() {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator("tests/vectors")) {
    if (entry.path().extension() == ".gvt") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

std::string CaseName(const testing::TestParamInfo<fs::path>& info) {
  std::string name = info.param.stem().string();
  std::replace_if(
      name.begin(), name.end(), [](unsigned char c) { return std::isalnum(c) == 0; }, '_');
  return name;
}

class Vector : public testing::TestWithParam<fs::path> {};

TEST_P(Vector, GivesTheExpectedReport) {
  VectorFile vector;
  std::string error;
  ASSERT_TRUE(ReadVectorFile(GetParam(), &vector, &error)) << error;
  const VectorOutcome outcome = RunVector(&vector);
  if (std::getenv("GVT_VECTOR_PRINT") != nullptr) {
    std::printf("== %s\n%s", GetParam().filename().c_str(), outcome.text.c_str());
  }
  EXPECT_EQ(outcome.text, vector.expected);
  EXPECT_EQ(outcome.difference, "");
}

INSTANTIATE_TEST_SUITE_P(Files, Vector, testing::ValuesIn(VectorFiles()), CaseName);

TEST(VectorFolder, HasAVectorForEachKnownWeaknessOfGvtg) {
  for (int weakness = 1; weakness <= 22; ++weakness) {
    char prefix[32];
    std::snprintf(prefix, sizeof prefix, "weakness-%02d-", weakness);
    const std::vector<fs::path> files = VectorFiles();
    EXPECT_TRUE(std::any_of(files.begin(), files.end(), [&](const fs::path& path) {
      return path.filename().string().starts_with(prefix);
    })) << prefix;
  }
}

TEST(VectorReader, NamesFileAndLineOfWhatItCannotRead) {
  const fs::path path = fs::temp_directory_path() / "gvtcore-bad-vector.gvt";
  FILE* file = std::fopen(path.c_str(), "w");
  ASSERT_NE(file, nullptr);
  std::fputs("platform skl\nengine rcs\nmemory ppgtt 0x1000\n  MI_NO_SUCH_COMMAND\n", file);
  std::fclose(file);
  VectorFile vector;
  std::string error;
  EXPECT_FALSE(ReadVectorFile(path, &vector, &error));
  EXPECT_NE(error.find("gvtcore-bad-vector.gvt:4: no command"), std::string::npos) << error;
  fs::remove(path);
}

}  // namespace
}  // namespace gvt::vectors
