// The demo, for a moment; and what it is made of.
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "tests/tools/program.h"
#include "tools/gvtcore/demo_capture.h"
#include "tools/gvtcore/demo_report.h"
#include "tools/gvtcore/demo_run.h"
#include "tools/gvtcore/demo_timeline.h"

namespace gvt::tools {
namespace {

using testing::Capture;
using testing::FileContent;
using testing::RunGvtcore;
using Json = nlohmann::json;

TEST(DemoCapture, HoldsWhatEachWorkloadNeedsAndLeaves) {
  auto capture = LoadDemoCapture(Capture("skl-iris-glxgears.aub.xz"));
  ASSERT_TRUE(capture.has_value());
  const DemoCapture& demo = *capture;
  EXPECT_EQ(demo.name, "skl-iris-glxgears");
  EXPECT_EQ(demo.workloads.size() + demo.skipped, 31u);
  ASSERT_FALSE(demo.workloads.empty());
  for (const DemoWorkload& workload : demo.workloads) {
    EXPECT_FALSE(workload.ring.empty());
    EXPECT_TRUE(std::ranges::any_of(workload.memory, [&](const DemoMemory& memory) {
      return memory.page == workload.image_page;
    }));
    EXPECT_TRUE(std::ranges::any_of(
        workload.memory, [](const DemoMemory& memory) { return !memory.effects.empty(); }));
    for (const DemoMemory& memory : workload.memory) {
      ASSERT_LT(memory.content, demo.contents.size());
      EXPECT_LT(memory.page, demo.end_page);
    }
    for (const DemoMapping& mapping : workload.mappings) {
      EXPECT_TRUE(mapping.page < demo.free_ggtt_page ||
                  mapping.page >= demo.free_ggtt_page + kDemoFreePages);
    }
  }
}

TEST(DemoCommand, HarmsNobodyAndKeepsMemoryAsTheModelHasIt) {
  const std::string html = testing::ScratchFile("demo.html", "");
  const std::string trace = testing::ScratchFile("demo-trace.json", "");
  const auto outcome =
      RunGvtcore({"demo", "--seconds", "0.2", "--vgpus", "2", "--check", "--json", "--html", html,
                  "--perfetto", trace, Capture("skl-iris-glxgears.aub.xz"),
                  Capture("skl-igt-multiengine-nop.aub.xz")});
  ASSERT_EQ(outcome.status, 0) << outcome.out << outcome.err;
  const Json report = Json::parse(outcome.out);
  ASSERT_EQ(report["vgpus"].size(), 2u);
  for (const Json& vgpu : report["vgpus"]) {
    EXPECT_GE(vgpu["workloads"], 1);
    EXPECT_EQ(vgpu["lost"], 0);
    EXPECT_EQ(vgpu["pages_wrong"], 0);
    EXPECT_EQ(vgpu["refusals"], 0);
    EXPECT_TRUE(vgpu["refusals_by_rule"].empty());
  }
  EXPECT_GE(report["vgpus"][0]["pages_checked"], 1);
  EXPECT_GE(report["hostile"]["attacks"][0]["tries"], 1);
  EXPECT_GE(report["hostile"]["refusals_by_rule"]["unknown-command"], 1);

  const std::string page = FileContent(html);
  EXPECT_NE(page.find("<svg"), std::string::npos);
  EXPECT_NE(page.find("skl-iris-glxgears rcs"), std::string::npos);
  EXPECT_EQ(page.find("<script"), std::string::npos);
  const Json events = Json::parse(FileContent(trace))["traceEvents"];
  EXPECT_TRUE(std::ranges::any_of(events, [](const Json& event) { return event["ph"] == "X"; }));
}

TEST(DemoRun, FindsMemoryThatIsNotAsExpected) {
  auto loaded = LoadDemoCapture(Capture("skl-iris-glxgears.aub.xz"));
  ASSERT_TRUE(loaded.has_value());
  std::vector<DemoCapture> captures{*loaded};
  for (DemoMemory& memory : captures[0].workloads[0].memory) {
    for (DemoEffect& effect : memory.effects) effect.value ^= 1;
  }
  DemoSettings settings;
  settings.seconds = 0.1;
  settings.vgpus = 1;
  settings.checks = true;
  const Result<DemoResult> result = RunDemo(captures, settings);
  ASSERT_TRUE(result.has_value());
  EXPECT_EQ((*result).lost(), 0u);
  EXPECT_GE((*result).wrong(), 1u);
  EXPECT_FALSE(DemoIsClean(*result));
}

TEST(DemoCommand, RefusesWhatItCannotRun) {
  EXPECT_EQ(RunGvtcore({"demo", "no-such-file"}).status, 2);
  const auto gen8 = RunGvtcore({"demo", Capture("bdw-iris-xs-atunnel.aub.xz")});
  EXPECT_EQ(gen8.status, 2);
  EXPECT_NE(gen8.err.find("not a capture of Gen9"), std::string::npos);
}

TEST(DemoLatency, IsThatOfRanks) {
  std::vector<uint64_t> values;
  for (uint64_t i = 1000; i > 0; --i) values.push_back(i);
  const DemoLatency latency = LatencyOf(values);
  EXPECT_EQ(latency.p50_ns, 501u);
  EXPECT_EQ(latency.p99_ns, 991u);
  EXPECT_EQ(latency.p999_ns, 1000u);
  EXPECT_EQ(LatencyOf({}).p999_ns, 0u);
}

DemoResult HarmedResult() {
  DemoResult result;
  result.seconds = 1;
  result.checked = true;
  result.vgpus.resize(1);
  result.vgpus[0].name = "<b>";
  result.vgpus[0].tally.pages_checked = 7;
  result.vgpus[0].tally.pages_wrong = 1;
  result.vgpus[0].tally.first_wrong = "workload 3, 0x1000: model 0x1, memory 0x2";
  result.vgpus[0].events.push_back({hw::Engine::kBcs, 3, 1000, 2000, 5000});
  result.attacks.push_back({"noise"});
  result.hostile_events.push_back({hw::Engine::kRcs, 0, 1500, 1500, 9000});
  return result;
}

TEST(DemoReport, NamesTheFirstHarm) {
  const DemoResult result = HarmedResult();
  EXPECT_FALSE(DemoIsClean(result));
  const std::string text = DemoText(result, Colours{});
  EXPECT_NE(text.find("The others were harmed"), std::string::npos);
  EXPECT_NE(text.find("1 of 7 pages"), std::string::npos);
  EXPECT_NE(text.find("workload 3, 0x1000"), std::string::npos);
  EXPECT_EQ(Json::parse(DemoJson(result))["status"], 1);
}

TEST(DemoTimeline, DrawsWaitingAndRunningInTheLaneOfTheEngine) {
  const std::string page = DemoHtml(HarmedResult());
  EXPECT_NE(page.find("&lt;b&gt; bcs"), std::string::npos);
  EXPECT_EQ(page.find("<b>"), std::string::npos);
  EXPECT_NE(page.find("workload 3: waited 1.0 us, ran 3.0 us"), std::string::npos);
  EXPECT_NE(page.find("hostile, noise"), std::string::npos);
}

TEST(DemoTimeline, TracesAProcessAVgpu) {
  const Json trace = Json::parse(DemoTrace(HarmedResult()));
  unsigned slices = 0;
  for (const Json& event : trace["traceEvents"]) {
    if (event["ph"] != "X") continue;
    ++slices;
    if (event["pid"] == 2) {
      EXPECT_EQ(event["name"], "noise, runs");
      EXPECT_EQ(event["dur"], 7.5);
    }
  }
  EXPECT_EQ(slices, 3u);
}

}  // namespace
}  // namespace gvt::tools
