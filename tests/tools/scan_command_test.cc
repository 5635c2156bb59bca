// gvtcore scan from the outside: exit status, streams, and that its counts are the manifest's.
#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>
#include <sstream>

#include "tests/tools/program.h"
#include "tools/gvtcore/compared_engine.h"

namespace gvt::tools {
namespace {

using testing::Capture;
using testing::RunGvtcore;
using testing::ScratchDwords;
using testing::ScratchFile;
using Json = nlohmann::json;

constexpr uint32_t kBatchEnd = 0x05000000;
// PIPE_CONTROL with a post-sync write to a GGTT address.
const std::vector<uint32_t> kGgttWriter = {0x7a000004, 0x01104000, 0xfef00000, 0, 1, 0, kBatchEnd};

std::vector<std::string> RawScan(const std::string& file) {
  return {"scan", "--raw", "--platform", "skl", file};
}

Json ScanJson(std::vector<std::string> arguments, int status) {
  arguments.insert(arguments.begin(), {"scan", "--json"});
  const auto outcome = RunGvtcore(arguments);
  EXPECT_EQ(outcome.status, status) << outcome.err;
  Json json = Json::parse(outcome.out, nullptr, false);
  EXPECT_FALSE(json.is_discarded()) << "standard output is not one JSON document";
  return json;
}

// file -> column -> value
std::map<std::string, std::map<std::string, std::string>> Manifest() {
  std::istringstream text(testing::FileContent(Capture("manifest.csv")));
  // A cell in double quotes may hold commas.
  const auto cells = [](const std::string& line) {
    std::vector<std::string> list(1);
    bool quoted = false;
    for (const char c : line) {
      if (c == '"') {
        quoted = !quoted;
      } else if (c == ',' && !quoted) {
        list.emplace_back();
      } else {
        list.back() += c;
      }
    }
    return list;
  };
  std::string line;
  std::getline(text, line);
  const auto head = cells(line);
  std::map<std::string, std::map<std::string, std::string>> rows;
  while (std::getline(text, line)) {
    const auto row = cells(line);
    for (size_t i = 0; i < row.size() && i < head.size(); ++i) rows[row[0]][head[i]] = row[i];
  }
  return rows;
}

TEST(ScanCommand, ExitsWithZeroOnACleanCapture) {
  const auto outcome = RunGvtcore({"scan", Capture("skl-iris-glxgears.aub.xz")});
  EXPECT_EQ(outcome.status, 0);
  EXPECT_EQ(outcome.err, "");
  EXPECT_NE(outcome.out.find("clean: a guest may run every command"), std::string::npos);
  EXPECT_NE(outcome.out.find("3DPRIMITIVE"), std::string::npos);
}

TEST(ScanCommand, ExitsWithOneOnARefusalAndShowsItsPlace) {
  const auto outcome = RunGvtcore(RawScan(ScratchDwords("writer.bin", kGgttWriter)));
  EXPECT_EQ(outcome.status, 1);
  EXPECT_NE(outcome.out.find("refused, ggtt-from-user: PIPE_CONTROL"), std::string::npos);
  EXPECT_NE(outcome.out.find("non-privileged batch names a GGTT address"), std::string::npos);
  EXPECT_NE(outcome.out.find("batch at ppgtt:0x000000100000, offset 0x0"), std::string::npos);
  EXPECT_NE(outcome.out.find("> 000000100000: 7a000004 01104000 fef00000"), std::string::npos);
  EXPECT_NE(outcome.out.find("write immediate to ggtt:0xfef00000"), std::string::npos);
}

TEST(ScanCommand, ExitsWithTwoOnABadFileAndStillScansTheOthers) {
  const std::string xz = testing::FileContent(Capture("skl-iris-glxgears.aub.xz"));
  std::string corrupt = xz;
  for (size_t i = corrupt.size() / 2; i < corrupt.size() / 2 + 64; ++i) corrupt[i] ^= 0x55;
  const std::vector<std::string> bad = {
      "no-such-file.aub",
      "docs",  // a folder
      ScratchFile("empty.aub", ""),
      ScratchFile("text.txt", "This is not a capture at all.\n"),
      ScratchFile("short.aub.xz", xz.substr(0, xz.size() / 2)),
      ScratchFile("corrupt.aub.xz", corrupt),
  };
  for (const std::string& file : bad) {
    SCOPED_TRACE(file);
    const std::string good = Capture("bdw-iris-xs-atunnel.aub.xz");
    const auto outcome = RunGvtcore({"scan", "--json", file, good});
    EXPECT_EQ(outcome.status, 2);
    // File, offset, reason.
    EXPECT_NE(outcome.err.find("gvtcore: " + file + ": offset "), std::string::npos) << outcome.err;
    const Json json = Json::parse(outcome.out);
    EXPECT_EQ(json["files"][0]["status"], "error");
    EXPECT_NE(json["files"][0]["error"]["reason"], "");
    EXPECT_EQ(json["files"][1]["status"], "clean");
    EXPECT_EQ(json["files"][1]["batch_commands"], 2125);
    EXPECT_EQ(json["total"]["files_with_error"], 1);
  }
}

TEST(ScanCommand, ReportsWhatCameBeforeTheErrorOfATruncatedFile) {
  const std::string xz = testing::FileContent(Capture("skl-iris-xs-engine.aub.xz"));
  const std::string cut = ScratchFile("cut.aub.xz", xz.substr(0, xz.size() * 9 / 10));
  const Json json = ScanJson({cut}, 2);
  EXPECT_GT(json["files"][0]["submissions"], 0);
  EXPECT_GT(json["files"][0]["batch_commands"], 0);
}

TEST(ScanCommand, ExitsWithTwoOnABadCommandLine) {
  EXPECT_EQ(RunGvtcore({}).status, 2);
  EXPECT_EQ(RunGvtcore({"scan"}).status, 2);
  EXPECT_EQ(RunGvtcore({"scan", "--no-such-option", "x"}).status, 2);
  EXPECT_EQ(RunGvtcore({"scan", "--engine", "gpu", "x"}).status, 2);
  EXPECT_EQ(RunGvtcore({"scan", "--threads", "0", "x"}).status, 2);
  const auto raw = RunGvtcore({"scan", "--raw", "x"});
  EXPECT_EQ(raw.status, 2);
  EXPECT_NE(raw.err.find("--platform"), std::string::npos);
  EXPECT_EQ(RunGvtcore({"--help"}).status, 0);
  EXPECT_EQ(RunGvtcore({"scan", "--help"}).status, 0);
  EXPECT_EQ(RunGvtcore({"--version"}).out, "gvtcore " GVTCORE_VERSION "\n");
}

// Says that each segment has `commands` commands.
class CountingEngine final : public scanner::ScanEngine {
 public:
  explicit CountingEngine(uint32_t commands) : commands_(commands) {}
  void Scan(const scanner::Segment&, scanner::ScanReport* report) const override {
    report->end = scanner::SegmentEnd::kBatchEnd;
    report->commands = commands_;
  }

 private:
  const uint32_t commands_;
};

TEST(ComparedEngine, CountsSegmentsAndRemembersWhereTheFirstDifferenceIs) {
  const CountingEngine one(1);
  const CountingEngine two(2);
  scanner::Segment segment;
  segment.start = Gma(0x2000);
  scanner::ScanReport report;
  const ComparedEngine same(one, one);
  same.Scan(segment, &report);
  EXPECT_EQ(same.comparison().segments, 1u);
  EXPECT_EQ(same.comparison().differences, 0u);
  const ComparedEngine different(two, one);
  for (const uint64_t start : {0x3000u, 0x4000u}) {
    segment.start = Gma(start);
    report.Clear();
    different.Scan(segment, &report);
    EXPECT_EQ(report.commands, 2u);
  }
  EXPECT_EQ(different.comparison().segments, 2u);
  EXPECT_EQ(different.comparison().differences, 2u);
  EXPECT_EQ(different.comparison().first_difference, Gma(0x3000));
}

TEST(ScanCommand, SaysTheSameByEitherScannerAndComparesThem) {
  const std::string capture = Capture("skl-iris-xs-engine.aub.xz");
  const std::string writer = ScratchDwords("writer.bin", kGgttWriter);
  for (const auto& [file, status] : {std::pair(capture, 0), std::pair(writer, 1)}) {
    SCOPED_TRACE(file);
    std::vector<Json> said;
    for (const char* scanner : {"recall", "interpreter", "both"}) {
      std::vector<std::string> arguments = {"--scanner", scanner, file};
      if (file == writer) arguments.insert(arguments.end(), {"--raw", "--platform", "skl"});
      said.push_back(ScanJson(arguments, status));
      for (Json* part : {&said.back()["total"], &said.back()["files"][0]}) part->erase("seconds");
    }
    EXPECT_EQ(said[0], said[1]);
    Json& both = said[2]["files"][0];
    EXPECT_GT(both["compared"], 0);
    EXPECT_EQ(both["differences"], 0);
    both.erase("compared");
    both.erase("differences");
    EXPECT_EQ(said[2], said[0]);
  }
  EXPECT_NE(
      RunGvtcore({"scan", "--scanner", "both", capture}).out.find("both scanners say the same"),
      std::string::npos);
  EXPECT_EQ(RunGvtcore({"scan", "--scanner", "fast", capture}).status, 2);
}

TEST(ScanCommand, CountsWhatTheManifestCounts) {
  auto manifest = Manifest();
  ASSERT_GT(manifest.size(), 20u);
  std::vector<std::string> files;
  for (const auto& [file, row] : manifest) files.push_back(Capture(file));
  const Json json = ScanJson(files, 0);
  ASSERT_EQ(json["files"].size(), files.size());
  uint64_t commands = 0;
  for (const Json& file : json["files"]) {
    const std::string path = file["file"];
    SCOPED_TRACE(path);
    auto& row = manifest[path.substr(path.rfind('/') + 1)];
    EXPECT_EQ(file["status"], "clean");
    EXPECT_EQ(file["submissions"], std::stoull(row["submissions"]));
    EXPECT_EQ(file["batches"], std::stoull(row["batch_buffers"]));
    EXPECT_EQ(file["second_level"], std::stoull(row["second_level_starts"]));
    EXPECT_EQ(file["chained"], std::stoull(row["chained_starts"]));
    EXPECT_EQ(file["batch_bytes"], std::stoull(row["batch_bytes"]));
    EXPECT_EQ(file["batch_commands"], std::stoull(row["commands"]));
    if (!file["pci_id"].is_null()) {
      EXPECT_EQ(file["pci_id"], row["pci_id"]);
    }
    commands += file["batch_commands"].get<uint64_t>();
    const std::string top = row["top_commands"].substr(0, row["top_commands"].find(' '));
    EXPECT_EQ(file["top_commands"][0]["count"], std::stoull(top.substr(top.find(':') + 1)));
  }
  EXPECT_EQ(json["total"]["batch_commands"], commands);
}

TEST(ScanCommand, ThreadsChangeNothingButTheTimes) {
  const std::vector<std::string> files = {
      Capture("skl-iris-glxgears.aub.xz"), Capture("bdw-iris-xs-atunnel.aub.xz"),
      Capture("skl-igt-multiengine-nop.aub.xz"), Capture("skl-neonative-avgblur.aub.xz")};
  Json reports[2];
  for (int i = 0; i < 2; ++i) {
    std::vector<std::string> arguments{"--threads", i == 0 ? "1" : "4"};
    arguments.insert(arguments.end(), files.begin(), files.end());
    reports[i] = ScanJson(arguments, 0);
    reports[i]["total"].erase("seconds");
    for (Json& file : reports[i]["files"]) file.erase("seconds");
  }
  EXPECT_EQ(reports[0], reports[1]);
}

TEST(ScanCommand, EngineLeavesOtherEnginesOut) {
  const std::string file = Capture("skl-igt-multiengine-nop.aub.xz");
  EXPECT_EQ(ScanJson({file}, 0)["files"][0]["engines"].size(), 4u);
  const Json json = ScanJson({"--engine", "bcs", file}, 0);
  ASSERT_EQ(json["files"][0]["engines"].size(), 1u);
  EXPECT_EQ(json["files"][0]["engines"][0]["engine"], "bcs");
  EXPECT_EQ(json["files"][0]["submissions"], 1);
}

TEST(ScanCommand, AuditsAContextImageOnlyWhenItsContentIsNew) {
  const Json json = ScanJson({Capture("skl-iris-glxgears.aub.xz")}, 0);
  const Json& file = json["files"][0];
  EXPECT_GE(file["context_images"], 1);
  EXPECT_EQ(file["context_images"].get<int>() + file["context_images_unchanged"].get<int>(),
            file["submissions"].get<int>());
}

TEST(ScanCommand, JsonDescribesARefusal) {
  const std::string file = ScratchDwords("writer.bin", kGgttWriter);
  const Json json = ScanJson({"--raw", "--platform", "skl", "--address", "0x7000", file}, 1);
  EXPECT_EQ(json["status"], 1);
  EXPECT_EQ(json["total"]["refusals"], 1);
  const Json& refusal = json["files"][0]["refusal_list"][0];
  EXPECT_EQ(refusal["rule"], "ggtt-from-user");
  EXPECT_EQ(refusal["command"], "PIPE_CONTROL");
  EXPECT_EQ(refusal["header"], "0x7a000004");
  EXPECT_EQ(refusal["batch"], "0x7000");
  EXPECT_EQ(refusal["offset"], 0);
  EXPECT_EQ(refusal["dword"], 2);
  EXPECT_EQ(refusal["address"], "0xfef00000");
  EXPECT_EQ(refusal["around"][0]["dwords"][1], "01104000");
  EXPECT_TRUE(refusal["around"][0]["refused"]);
}

TEST(ScanCommand, SpaceGgttMakesARawBatchPrivileged) {
  const std::string file = ScratchDwords("writer.bin", kGgttWriter);
  const auto outcome = RunGvtcore({"scan", "--raw", "--platform", "skl", "--space", "ggtt", file});
  EXPECT_EQ(outcome.status, 0) << outcome.out;
}

TEST(ScanCommand, ListsOnlySomeOfManyRefusals) {
  std::vector<uint32_t> stream;
  for (int i = 0; i < 1000; ++i) {
    stream.insert(stream.end(), kGgttWriter.begin(), kGgttWriter.end() - 1);
  }
  stream.push_back(kBatchEnd);
  const std::string file = ScratchDwords("many.bin", stream);
  const Json json = ScanJson({"--raw", "--platform", "skl", file}, 1);
  EXPECT_EQ(json["files"][0]["refusals"], 1000);
  EXPECT_LE(json["files"][0]["refusal_list"].size(), 256u);
  const auto text = RunGvtcore(RawScan(file));
  EXPECT_NE(text.out.find("990 more refusals, -v shows more"), std::string::npos);
  EXPECT_LT(text.out.size(), 30000u);
}

TEST(ScanCommand, LiveLimitIsAnErrorThatNamesTheLimit) {
  const auto outcome =
      RunGvtcore({"scan", "--live-limit", "64k", Capture("skl-iris-glxgears.aub.xz")});
  EXPECT_EQ(outcome.status, 2);
  EXPECT_NE(outcome.err.find("65536"), std::string::npos) << outcome.err;
}

TEST(ScanCommand, NamesOfFilesCannotSteerTheTerminal) {
  const auto outcome = RunGvtcore({"scan", "\x1b[31mred"});
  EXPECT_EQ(outcome.status, 2);
  EXPECT_EQ(outcome.out.find('\x1b'), std::string::npos);
  EXPECT_EQ(outcome.err.find('\x1b'), std::string::npos);
}

}  // namespace
}  // namespace gvt::tools
