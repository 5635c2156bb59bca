// gvtcore scan --audit-only: what it lists, and that its diff applies to the tables.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/tools/program.h"
#include "tools/gvtcore/audit_diff.h"
#include "tools/gvtcore/audit_rows.h"
#include "tools/gvtcore/unified_diff.h"

namespace gvt::tools {
namespace {

using testing::RunGvtcore;
using testing::ScratchDwords;
using Json = nlohmann::json;

// An unknown render command of two lengths, one of MI, a length that no row has, a register that
// user batches do not have.
const std::vector<uint32_t> kNewDriver = {0x7b0a0003, 1,          2, 3, 4,     //
                                          0x7b0a0004, 1,          2, 3, 4, 5,  //
                                          0x1d000001, 7,          8,           //
                                          0x7b000007, 0,          0, 0, 0, 0,
                                          0,          0,          0,  // 3DPRIMITIVE, 9 dwords
                                          0x11000001, 0x00009840, 1,  // LRI
                                          0x05000000};

Json AuditJson() {
  const std::string file = ScratchDwords("new.bin", kNewDriver);
  const auto outcome =
      RunGvtcore({"scan", "--json", "--audit-only", "--raw", "--platform", "kbl", file});
  EXPECT_EQ(outcome.status, 1) << outcome.err;
  return Json::parse(outcome.out);
}

const Json* NeedOf(const Json& report, const std::string& opcode) {
  for (const Json& need : report["needs"]) {
    if (need["opcode"] == opcode) return &need;
  }
  return nullptr;
}

TEST(AuditOnly, GoesOnBehindRefusalsAndGroupsThem) {
  const Json report = AuditJson();
  const Json* unknown = NeedOf(report, "0x7b0a0000");
  ASSERT_NE(unknown, nullptr);
  EXPECT_EQ((*unknown)["rule"], "unknown-command");
  EXPECT_EQ((*unknown)["count"], 2);
  EXPECT_EQ((*unknown)["lengths"], (Json{{"5", 1}, {"6", 1}}));
  EXPECT_EQ((*unknown)["engines"], "rcs");
  EXPECT_TRUE((*unknown)["user"]);
  EXPECT_EQ((*unknown)["first"]["offset"], 0);
  const Json* odd = NeedOf(report, "0x7b000000");
  ASSERT_NE(odd, nullptr);
  EXPECT_EQ((*odd)["rule"], "bad-length");
  EXPECT_EQ((*odd)["command"], "3DPRIMITIVE");
  const Json* lri = NeedOf(report, "0x11000000");
  ASSERT_NE(lri, nullptr);
  EXPECT_EQ((*lri)["register_offset"], "0x9840");
}

TEST(AuditOnly, ProposesARowForEachNeedThatARowCanSatisfy) {
  const std::string diff = AuditJson()["diff"];
  EXPECT_NE(diff.find("+GVT_UNIT(UNNAMED_7B0A, kGfx, kGen9, 0x7b0a, Exact(7, 5, 6))"),
            std::string::npos)
      << diff;
  EXPECT_NE(diff.find("+GVT_MI(MI_UNNAMED_3A, kGen9, kRcs, 0x3a, Exact(7, 3), kNone, kAny)"),
            std::string::npos)
      << diff;
  EXPECT_NE(diff.find("Exact(7, 7, 9))"), std::string::npos) << diff;
}

TEST(AuditOnly, DiffAppliesToTheTables) {
  if (!testing::HasProgram("git")) GTEST_SKIP() << "no git";
  const std::string diff =
      testing::ScratchFile("tables.diff", AuditJson()["diff"].get<std::string>());
  const auto outcome = testing::RunProgram("git", {"apply", "--check", diff});
  EXPECT_EQ(outcome.status, 0) << outcome.err;
}

TEST(AuditOnly, TextShowsNeedsAndDiff) {
  const std::string file = ScratchDwords("new.bin", kNewDriver);
  const auto outcome = RunGvtcore({"scan", "--audit-only", "--raw", "--platform", "kbl", file});
  EXPECT_NE(outcome.out.find("what the drivers of these streams would need"), std::string::npos);
  EXPECT_NE(outcome.out.find("a diff to add"), std::string::npos);
}

TEST(AuditOnly, HasNothingToAddForAKnownDriver) {
  const auto outcome =
      RunGvtcore({"scan", "--audit-only", testing::Capture("skl-iris-glxgears.aub.xz")});
  EXPECT_EQ(outcome.status, 0);
  EXPECT_NE(outcome.out.find("Nothing is missing"), std::string::npos);
}

TEST(AuditRows, EveryTypeOfCommandGoesToItsTable) {
  const auto row = [](uint32_t opcode, hw::Engine engine) {
    Need need;
    need.engines = hw::EngineBit(engine);
    need.generations = hw::GenerationBit(hw::Generation::kGen8);
    need.lengths = {{4, 1}};
    return CommandRowFor(NeedKey{scanner::Rule::kUnknownCommand, opcode, 0}, need);
  };
  EXPECT_EQ(row(0x5fc00000, hw::Engine::kBcs)->text,
            "GVT_2D(XY_UNNAMED_7F_BLT, kGen8, 0x7f, Exact(7, 4))");
  EXPECT_EQ(row(0x70fe0000, hw::Engine::kRcs)->path, "hw/commands_media.inc");
  EXPECT_EQ(row(0x70fe0000, hw::Engine::kVcs)->text,
            "GVT_UNIT(UNNAMED_70FE, kMfx, kGen8, 0x70fe, Exact(11, 4))");
  EXPECT_EQ(row(0x73fe0000, hw::Engine::kVcs2)->path, "hw/commands_hcp.inc");
  EXPECT_EQ(row(0x75fe0000, hw::Engine::kVcs)->path, "hw/commands_hcp.inc");
  EXPECT_EQ(row(0x74fe0000, hw::Engine::kVecs)->path, "hw/commands_vebox.inc");
  EXPECT_EQ(row(0x00000000, hw::Engine::kVecs)->path, "hw/commands_mi.inc");
  EXPECT_EQ(row(0x20000000, hw::Engine::kRcs), std::nullopt) << "no unit has type 1";
}

TEST(AuditRows, RegistersThatControlAnEngineAreNotProposed) {
  Need need;
  need.engines = hw::EngineBit(hw::Engine::kRcs);
  need.generations = hw::GenerationBit(hw::Generation::kGen9);
  need.user = true;
  need.register_name = "RING_HWS_PGA[rcs]";
  const NeedKey key{scanner::Rule::kRegisterPrivilege, 0x11000000, 0x2080};
  EXPECT_EQ(RegisterRowFor(key, need), std::nullopt);
  need.register_name = "NEW_COUNTER";
  EXPECT_EQ(RegisterRowFor(NeedKey{key.rule, key.opcode, 0x9840}, need)->text,
            "    {\"NEW_COUNTER\", 0x9840, 1, kRcs, kGen9, StreamAccess::kUser},");
}

TEST(AuditRows, LengthColumnsAreWidened) {
  EXPECT_EQ(WithLengths("GVT_UNIT(A, kGfx, kGen9, 0x1, Exact(7, 4))", {{6, 1}}),
            "GVT_UNIT(A, kGfx, kGen9, 0x1, Exact(7, 4, 6))");
  EXPECT_EQ(WithLengths("R(A, Exact(7, 4, 5, 8), Read(1, 2, 3))", {{2, 1}}),
            "R(A, Run(7, 2, 8), Read(1, 2, 3))");
  EXPECT_EQ(WithLengths("R(A, Run(7, 4, 9))", {{12, 1}}), "R(A, Run(7, 4, 12))");
  EXPECT_EQ(WithLengths("R(A, Run(7, 3, 257, 2))", {{4, 1}}), std::nullopt);
  EXPECT_EQ(WithLengths("R(A, Fixed(1))", {{4, 1}}), std::nullopt);
  EXPECT_EQ(WithLengths("R(A, Exact(kHigh, 4))", {{4, 1}}), std::nullopt);
}

TEST(UnifiedDiff, ShowsThreeLinesAroundAChange) {
  const std::string text = "1\n2\n3\n4\n5\n6\n7\n8\n9\n";
  EXPECT_EQ(UnifiedDiff("f", text, {}), "");
  EXPECT_EQ(UnifiedDiff("f", text, {{4, 1, {"five"}}}),
            "--- a/f\n+++ b/f\n@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n");
  EXPECT_EQ(UnifiedDiff("f", text, {{9, 0, {"ten"}}}),
            "--- a/f\n+++ b/f\n@@ -7,3 +7,4 @@\n 7\n 8\n 9\n+ten\n");
}

TEST(UnifiedDiff, JoinsCloseChangesAndCountsOnBehindEarlierHunks) {
  std::string text;
  for (int i = 1; i <= 30; ++i) text += std::to_string(i) + "\n";
  const std::string diff = UnifiedDiff("f", text, {{29, 0, {"z"}}, {2, 0, {"x"}}, {4, 0, {"y"}}});
  EXPECT_NE(diff.find("@@ -1,7 +1,9 @@\n 1\n 2\n+x\n 3\n 4\n+y\n 5\n"), std::string::npos) << diff;
  EXPECT_NE(diff.find("@@ -27,4 +29,5 @@\n 27\n 28\n 29\n+z\n 30\n"), std::string::npos) << diff;
}

}  // namespace
}  // namespace gvt::tools
