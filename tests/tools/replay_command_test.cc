// gvtcore replay, from outside.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/tools/program.h"

namespace gvt::tools {
namespace {

using testing::RunGvtcore;
using Json = nlohmann::json;

constexpr const char* kTrace = "tests/core/data/load.trace.xz";

// A trace of a device that has just been made: configuration space, read at `offset`.
std::string TraceWithRead(uint8_t offset, uint8_t answer) {
  std::string text = "GVTTRACE";
  for (const uint32_t word : {1u, 3u, 0x1912u, 256u, 0u, 256u, 256u, 3840u, 4u, 0u}) {
    text.append(reinterpret_cast<const char*>(&word), sizeof word);
  }
  return text + '\x01' + '\x07' + static_cast<char>(offset) + '\x01' + static_cast<char>(answer) +
         std::string(1, '\0');
}

TEST(ReplayCommand, SaysThatAllIsTheSame) {
  const auto outcome = RunGvtcore({"replay", kTrace});
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_NE(outcome.out.find("same: 5,457 events"), std::string::npos) << outcome.out;
  EXPECT_NE(outcome.out.find("tolerated: 2 reads, headless: the pipes are fused off"),
            std::string::npos);
}

TEST(ReplayCommand, NamesTheFirstDifference) {
  const std::string good = testing::ScratchFile("good.trace", TraceWithRead(0, 0x86));
  EXPECT_EQ(RunGvtcore({"replay", good}).status, 0);
  const std::string bad = testing::ScratchFile("bad.trace", TraceWithRead(0, 0x87));
  const auto outcome = RunGvtcore({"replay", bad, good});
  EXPECT_EQ(outcome.status, 1);
  EXPECT_NE(outcome.out.find("event 1: read of config at 0x0: recorded 0x87, now 0x86"),
            std::string::npos)
      << outcome.out;
}

TEST(ReplayCommand, ReportsFilesThatAreWrong) {
  const std::string cut = testing::ScratchFile("cut.trace", TraceWithRead(0, 0x86).substr(0, 50));
  const auto outcome = RunGvtcore({"replay", cut});
  EXPECT_EQ(outcome.status, 2);
  EXPECT_NE(outcome.err.find("offset 48: truncated: the trace ends inside an event"),
            std::string::npos)
      << outcome.err;
  EXPECT_EQ(RunGvtcore({"replay", "no-such-file"}).status, 2);
  EXPECT_EQ(RunGvtcore({"replay"}).status, 2);
}

TEST(ReplayCommand, WritesJson) {
  const std::string bad = testing::ScratchFile("bad.trace", TraceWithRead(0, 0x87));
  const auto outcome = RunGvtcore({"replay", "--json", kTrace, bad});
  EXPECT_EQ(outcome.status, 1);
  const Json json = Json::parse(outcome.out);
  EXPECT_EQ(json["status"], 1);
  EXPECT_EQ(json["files"][0]["status"], "same");
  EXPECT_EQ(json["files"][0]["counts"]["events"], 5457);
  EXPECT_EQ(json["files"][1]["status"], "differs");
  EXPECT_EQ(json["files"][1]["difference"]["event"], 1);
}

}  // namespace
}  // namespace gvt::tools
