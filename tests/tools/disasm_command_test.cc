#include <gtest/gtest.h>

#include <algorithm>

#include "tests/tools/program.h"

namespace gvt::tools {
namespace {

using testing::Capture;
using testing::RunGvtcore;
using testing::ScratchDwords;

size_t Count(const std::string& text, const std::string& what) {
  size_t count = 0;
  for (size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++count;
  return count;
}

TEST(DisasmCommand, PrintsRingThenBatchOfOneSubmission) {
  const auto outcome =
      RunGvtcore({"disasm", "--submission", "3", Capture("skl-iris-glxgears.aub.xz")});
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_EQ(Count(outcome.out, "\nsubmission "), 1u);
  EXPECT_NE(outcome.out.find("submission 3, rcs"), std::string::npos);
  const size_t ring = outcome.out.find("\nring at ggtt:");
  const size_t batch = outcome.out.find("\nbatch at ppgtt:");
  ASSERT_NE(ring, std::string::npos);
  ASSERT_NE(batch, std::string::npos);
  EXPECT_LT(ring, batch);
  EXPECT_NE(outcome.out.find("MI_BATCH_BUFFER_END"), std::string::npos);
  EXPECT_EQ(outcome.out.find("context image"), std::string::npos);
}

TEST(DisasmCommand, NoRingAndContextChooseTheSegments) {
  const auto outcome = RunGvtcore({"disasm", "--submission", "0", "--no-ring", "--context",
                                   Capture("skl-iris-glxgears.aub.xz")});
  EXPECT_EQ(outcome.out.find("\nring at"), std::string::npos);
  EXPECT_NE(outcome.out.find("\ncontext image at ggtt:"), std::string::npos);
  EXPECT_NE(outcome.out.find("RING_TAIL[rcs]"), std::string::npos);
}

TEST(DisasmCommand, ContextImagesThatDidNotChangeAreNamedOnly) {
  const auto outcome = RunGvtcore({"disasm", "--context", Capture("skl-iris-glxgears.aub.xz")});
  EXPECT_GE(Count(outcome.out, "\ncontext image unchanged\n"), 1u);
}

TEST(DisasmCommand, EngineLeavesOthersOut) {
  const auto outcome =
      RunGvtcore({"disasm", "--engine", "vecs", Capture("skl-igt-multiengine-nop.aub.xz")});
  EXPECT_EQ(Count(outcome.out, "\nsubmission "), 1u);
}

TEST(DisasmCommand, MarksWhatAScanWouldRefuseAndGoesOn) {
  const std::string file = ScratchDwords("refused.bin", {0x7a000004, 0x01104000, 0xfef00000, 0, 1,
                                                         0, 0x7b0a0000, 0, 0, 0, 0, 0x05000000});
  const auto outcome = RunGvtcore({"disasm", "--raw", "--platform", "skl", file});
  EXPECT_EQ(outcome.status, 1);
  EXPECT_NE(outcome.out.find("> refused, ggtt-from-user (dword 2)"), std::string::npos);
  EXPECT_NE(outcome.out.find("> refused, unknown-command"), std::string::npos);
  EXPECT_NE(outcome.out.find("... 2 more MI_NOOP"), std::string::npos);
  EXPECT_NE(outcome.out.find("MI_BATCH_BUFFER_END"), std::string::npos);
}

TEST(DisasmCommand, ShowsTheCommandThatTheBufferCutsOff) {
  std::vector<uint32_t> page(1024, 0);
  page[1022] = 0x7a000004;
  const auto outcome =
      RunGvtcore({"disasm", "--raw", "--platform", "skl", ScratchDwords("cut.bin", page)});
  EXPECT_EQ(outcome.status, 1);
  EXPECT_NE(outcome.out.find("! cut off: 2 of 6 dwords are there"), std::string::npos);
  EXPECT_NE(outcome.out.find("> refused, truncated-command"), std::string::npos);
}

TEST(DisasmCommand, BadFileIsExitStatusTwo) {
  const auto outcome = RunGvtcore({"disasm", "no-such-file.aub"});
  EXPECT_EQ(outcome.status, 2);
  EXPECT_EQ(outcome.out, "");
  EXPECT_NE(outcome.err.find("no-such-file.aub: offset 0"), std::string::npos);
}

}  // namespace
}  // namespace gvt::tools
