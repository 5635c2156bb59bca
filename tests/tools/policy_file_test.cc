#include "tools/gvtcore/policy_file.h"

#include <gtest/gtest.h>

#include "tests/tools/program.h"

namespace gvt::tools {
namespace {

std::string ErrorOf(std::string_view text) {
  try {
    (void)ParsePolicy(text, "p.toml");
  } catch (const PolicyError& error) {
    return error.what();
  }
  return "";
}

TEST(PolicyFile, EmptyFileIsTheDefault) {
  const scanner::Policy policy = ParsePolicy("", "p.toml");
  EXPECT_EQ(policy.aperture, scanner::Policy().aperture);
  EXPECT_EQ(policy.actions, scanner::Policy::MildestActions());
  EXPECT_EQ(policy.nonprivilege_slots, std::nullopt);
}

TEST(PolicyFile, ReadsWindowsActionsAndSlots) {
  const scanner::Policy policy = ParsePolicy(R"(
[ggtt]
aperture = { begin = 0x1000, size = 0x2000 }
hidden = { begin = 0x10000000, size = 0x1000 }
[actions]
ggtt-range = "stop-vgpu"
unknown-command = "ban-context"
[force-to-nonpriv]
rcs = [0x2580, 0x7014]
)",
                                             "p.toml");
  EXPECT_EQ(policy.aperture, (Range{0x1000, 0x3000}));
  EXPECT_EQ(policy.hidden, (Range{0x10000000, 0x10001000}));
  EXPECT_EQ(policy.ActionFor(scanner::Rule::kGgttRange), scanner::Action::kStopVgpu);
  EXPECT_EQ(policy.ActionFor(scanner::Rule::kUnknownCommand), scanner::Action::kBanContext);
  EXPECT_EQ(policy.ActionFor(scanner::Rule::kBadLength), scanner::Action::kFailBatch);
  ASSERT_TRUE(policy.nonprivilege_slots.has_value());
  const auto& rcs = (*policy.nonprivilege_slots)[0];
  EXPECT_EQ(rcs[0], 0x2580u);
  EXPECT_EQ(rcs[1], 0x7014u);
  EXPECT_EQ(rcs[2], 0x2094u) << "a slot left out names NOPID, hence nothing";
}

TEST(PolicyFile, RefusesActionsMilderThanSafe) {
  EXPECT_EQ(ErrorOf("[actions]\nbad-length = \"noop\"\n"),
            "p.toml:2: actions.bad-length: noop is milder than is safe; at least fail-batch");
}

TEST(PolicyFile, NamesFileLineKeyAndReasonOfEachMistake) {
  EXPECT_EQ(ErrorOf("\n[colour]\n"),
            "p.toml:2: colour: no such table; known: ggtt, actions, force-to-nonpriv");
  EXPECT_EQ(ErrorOf("ggtt = 3"), "p.toml:1: ggtt: must be a table");
  EXPECT_EQ(ErrorOf("[ggtt]\naper = {}"),
            "p.toml:2: ggtt.aper: no such window; known: aperture, hidden");
  EXPECT_EQ(ErrorOf("[ggtt]\naperture = { begin = 0, length = 1 }"),
            "p.toml:2: ggtt.aperture.length: no such key; known: begin, size");
  EXPECT_EQ(ErrorOf("[ggtt]\naperture = { begin = 1, size = 4096 }"),
            "p.toml:2: ggtt.aperture.begin: must be a multiple of 4096");
  EXPECT_EQ(ErrorOf("[ggtt]\naperture = { begin = -4096, size = 4096 }"),
            "p.toml:2: ggtt.aperture.begin: must lie in 0..0x100000000");
  EXPECT_EQ(ErrorOf("[ggtt]\naperture = { begin = \"0\", size = 4096 }"),
            "p.toml:2: ggtt.aperture.begin: must be an integer");
  EXPECT_EQ(ErrorOf("[ggtt]\naperture = { begin = 0xfffff000, size = 0x2000 }"),
            "p.toml:2: ggtt.aperture: must end within the GGTT's 4 GiB");
  EXPECT_NE(ErrorOf("[ggtt]\naperture = { begin = 0, size = 0x20000000 }")
                .find("ggtt: aperture and hidden overlap"),
            std::string::npos);
  EXPECT_EQ(ErrorOf("[actions]\nggtt = \"noop\""),
            "p.toml:2: actions.ggtt: no such rule; gvtcore-scan(1) lists them");
  EXPECT_EQ(ErrorOf("[actions]\nggtt-range = \"explode\""),
            "p.toml:2: actions.ggtt-range: must be noop, fail-batch, ban-context or stop-vgpu");
  EXPECT_EQ(ErrorOf("[actions]\nggtt-range = 1"),
            "p.toml:2: actions.ggtt-range: must be noop, fail-batch, ban-context or stop-vgpu");
  EXPECT_EQ(ErrorOf("[force-to-nonpriv]\nxcs = []"),
            "p.toml:2: force-to-nonpriv.xcs: no such engine; known: rcs, bcs, vcs, vcs2, vecs");
  EXPECT_EQ(ErrorOf("[force-to-nonpriv]\nrcs = [1]"),
            "p.toml:2: force-to-nonpriv.rcs: must be a multiple of 4");
  EXPECT_EQ(ErrorOf("[force-to-nonpriv]\nrcs = [0,0,0,0,0,0,0,0,0,0,0,0,0]"),
            "p.toml:2: force-to-nonpriv.rcs: must be a list of at most 12 offsets");
  EXPECT_EQ(ErrorOf("[ggtt\n").substr(0, 9), "p.toml:1:");
}

TEST(PolicyFile, WrongPolicyIsExitStatusTwo) {
  const std::string capture = testing::Capture("bdw-iris-xs-atunnel.aub.xz");
  const auto missing = testing::RunGvtcore({"scan", "--policy", "no-such.toml", capture});
  EXPECT_EQ(missing.status, 2);
  EXPECT_EQ(missing.err, "gvtcore: no-such.toml: No such file or directory\n");
  EXPECT_EQ(testing::RunGvtcore({"scan", "--policy", "docs", capture}).status, 2);
  const std::string mild =
      testing::ScratchFile("mild.toml", "[actions]\nunknown-command = \"noop\"\n");
  const auto outcome = testing::RunGvtcore({"scan", "--policy", mild, capture});
  EXPECT_EQ(outcome.status, 2);
  EXPECT_EQ(outcome.err, "gvtcore: " + mild +
                             ":2: actions.unknown-command: noop is milder than is safe; at least "
                             "fail-batch\n");
}

TEST(PolicyFile, WindowsDecideWhatAGuestOwns) {
  const std::string capture = testing::Capture("bdw-iris-xs-atunnel.aub.xz");
  const std::string narrow = testing::ScratchFile(
      "narrow.toml",
      "[ggtt]\naperture = { begin = 0, size = 0 }\nhidden = { begin = 0, size = 0 }\n");
  const auto outcome = testing::RunGvtcore({"scan", "--policy", narrow, capture});
  EXPECT_EQ(outcome.status, 1);
  EXPECT_NE(outcome.out.find("ring-shape"), std::string::npos);
}

}  // namespace
}  // namespace gvt::tools
