// gvtcore replay, from outside.
#include <gtest/gtest.h>

#include <array>
#include <nlohmann/json.hpp>
#include <vector>

#include "capture/aub_writer.h"
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

// A capture of a fill whose rows all lie at the same place, so that little memory is drawn over
// for long.
std::string CaptureWithFill(const char* name, uint32_t width, uint32_t height) {
  constexpr uint32_t kSurface = 0x400000;
  constexpr size_t kSurfaceBytes = size_t{32768} * 4;
  capture::VectorSink sink;
  capture::AubWriter writer(&sink, {});
  const auto context = writer.CreateContext(hw::Engine::kBcs);
  EXPECT_TRUE(writer.Write(Gma(kSurface), std::vector<std::byte>(kSurfaceBytes)).has_value());
  const std::array<uint32_t, 8> fill{0x54300005, 0x03f00000, 0, height << 16 | width,
                                     kSurface,   0,          7, 0};
  EXPECT_TRUE(writer.SubmitRing(*context, fill).has_value());
  return testing::ScratchFile(
      name, {reinterpret_cast<const char*>(sink.bytes().data()), sink.bytes().size()});
}

TEST(ReplayCommand, RunsALargeBlitToItsEnd) {
  const auto outcome = RunGvtcore({"replay", "--json", CaptureWithFill("fill.aub", 32767, 200)});
  EXPECT_EQ(outcome.status, 0) << outcome.out << outcome.err;
  EXPECT_NE(outcome.out.find("\"skipped\": 0"), std::string::npos) << outcome.out;
}

TEST(ReplayCommand, SkipsABlitThatWouldTakeMinutes) {
  const auto outcome = RunGvtcore({"replay", "--json", CaptureWithFill("huge.aub", 32767, 32767)});
  EXPECT_EQ(outcome.status, 0) << outcome.out << outcome.err;
  EXPECT_NE(outcome.out.find("\"skipped\": 1"), std::string::npos) << outcome.out;
}

}  // namespace
}  // namespace gvt::tools
