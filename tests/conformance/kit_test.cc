// The kit: right hosts pass, and each line finds the host that breaks it.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <memory>
#include <set>
#include <string>

#include "hostif/acrn/table.h"
#include "hostif/conformance/members.h"
#include "hostif/conformance/run.h"
#include "hostif/embedded/table.h"
#include "hostif/kvm/table.h"
#include "hostif/module/module.h"
#include "tests/conformance/hosts_table.h"

namespace gvt::hostif::conformance {
namespace {

std::unique_ptr<Module> Load(const std::string& name) {
  std::string error;
  std::unique_ptr<Module> module =
      Module::Load(std::string(GVT_MODULES) + "/" + name + ".so", &error);
  EXPECT_NE(module, nullptr) << error;
  return module;
}

// The options by which the kit starts this program anew, with the host of that name.
Options WithFreshProcess(const std::string& host) {
  setenv("GVT_RESUMING_HOST", host.c_str(), 1);
  Options options;
  options.fresh_process = {"/proc/self/exe", "--gtest_brief=1",
                           "--gtest_filter=Conformance.GoesOnIfAsked"};
  return options;
}

TEST(Conformance, GoesOnIfAsked) {
  const char* host = std::getenv("GVT_RESUMING_HOST");
  if (host == nullptr) return;  // nobody asks
  const std::unique_ptr<Module> module = std::string(host) == "embedded" ? nullptr : Load(host);
  const auto status =
      ResumeIfAsked(module == nullptr ? embedded::TableModule() : module->description());
  EXPECT_EQ(status.value_or(0), 0);
}

class RightHost : public testing::TestWithParam<const char*> {};

TEST_P(RightHost, Passes) {
  const std::unique_ptr<Module> module = Load(GetParam());
  ASSERT_NE(module, nullptr);
  const Report report = Try(module->description(), WithFreshProcess(GetParam()));
  EXPECT_EQ(report.error, "");
  for (const LineResult& result : report.lines) {
    EXPECT_NE(result.verdict.outcome, Outcome::kFailed)
        << result.line->id << ": " << result.verdict.reason;
  }
  EXPECT_EQ(report.lines.size(), AllLines().size());
  EXPECT_TRUE(report.passed());
  if (std::string(GetParam()) == "xxxgt") ExpectColumn("module (xxxgt)", report);
}

INSTANTIATE_TEST_SUITE_P(Conformance, RightHost,
                         testing::Values("minimal_host", "kvmgt", "xengt", "acrngt", "xxxgt",
                                         "broken"),
                         [](const auto& host) { return std::string(host.param); });

TEST(Conformance, EmbeddedPasses) {
  const Report report = Try(embedded::TableModule(), WithFreshProcess("embedded"));
  for (const LineResult& result : report.lines) {
    EXPECT_NE(result.verdict.outcome, Outcome::kFailed)
        << result.line->id << ": " << result.verdict.reason;
  }
  ExpectColumn("embedded", report);
}

TEST(Conformance, FiguresStandBesideTheirFloors) {
  Options options;
  options.only = "is-valid-gfn";
  options.figures = true;
  const std::unique_ptr<Module> module = Load("xengt");
  ASSERT_NE(module, nullptr);
  std::set<std::string> names;
  for (const Figure& figure : Try(module->description(), options).figures) {
    EXPECT_GT(figure.ns, 0) << figure.name;
    EXPECT_GT(figure.ratio(), 0) << figure.name;
    names.insert(figure.name);
  }
  EXPECT_EQ(names, (std::set<std::string>{"mmio.read", "mmio.write", "read-gpa.8", "read-gpa.4096",
                                          "read-gpa.65536", "inject-msi", "page-track"}));
  options.figures = false;
  EXPECT_TRUE(Try(module->description(), options).figures.empty());
}

// What counts as a line: neither a comment nor a blank one.
TEST(Conformance, TheMinimalHostHasTwentyLines) {
  std::ifstream file("examples/minimal_host.c");
  size_t lines = 0;
  for (std::string text; std::getline(file, text);) {
    const bool is_comment = text.rfind("/*", 0) == 0 || text.rfind(" *", 0) == 0;
    if (!text.empty() && !is_comment) ++lines;
  }
  EXPECT_GT(lines, 10u);
  EXPECT_LE(lines, 20u);
}

TEST(Conformance, EachLineFindsTheHostThatBreaksIt) {
  for (const Line* line : AllLines()) {
    setenv("GVT_BROKEN_LINE", line->id, 1);
    const std::unique_ptr<Module> module = Load("broken");
    ASSERT_NE(module, nullptr);
    Options options = WithFreshProcess("broken");
    options.only = line->id;
    options.patience_ms = 300;
    const Report report = Try(module->description(), options);
    EXPECT_FALSE(report.passed()) << line->id << " does not bite";
    EXPECT_EQ(report.lines.size(), 1u) << line->id;
  }
  unsetenv("GVT_BROKEN_LINE");
}

// The operations of mpt.h.
const std::set<std::string> kOperations = {"emulate_cfg_read",
                                           "emulate_cfg_write",
                                           "emulate_mmio_read",
                                           "emulate_mmio_write",
                                           "vgpu_create",
                                           "vgpu_destroy",
                                           "vgpu_release",
                                           "vgpu_reset",
                                           "vgpu_activate",
                                           "vgpu_deactivate",
                                           "vgpu_query_plane",
                                           "vgpu_get_dmabuf",
                                           "write_protect_handler",
                                           "emulate_hotplug",
                                           "set_handle",
                                           "vgpu_save",
                                           "vgpu_restore",
                                           "memory_add",
                                           "memory_remove",
                                           "memory_move",
                                           "vgpu_type"};
static_assert(sizeof(gvtcore_mpt_ops_t) == sizeof(size_t) + 21 * sizeof(void*));

TEST(Conformance, LinesHaveIdsOfTheirOwnAndNameMembers) {
  std::set<std::string> members;
  for (const Member& member : kMembers) members.insert(std::string(member.name));
  std::set<std::string> ids;
  std::set<std::string> named;
  for (const Line* line : AllLines()) {
    EXPECT_TRUE(ids.insert(line->id).second) << line->id;
    const std::string member = line->member;
    if (members.count(member) != 0) named.insert(member);
    EXPECT_EQ(
        members.count(member) + kOperations.count(member) + (member.rfind("gvtcore_", 0) == 0), 1u)
        << member;
  }
  EXPECT_EQ(named, members);
}

// The cells of what cannot be run are judged here, those of what can by its own report, too.
TEST(Hosts, TheTableInTheDocumentsIsTrue) {
  const std::unique_ptr<Module> xxxgt = Load("xxxgt");
  ASSERT_NE(xxxgt, nullptr);
  ExpectColumn("embedded", *embedded::TableModule().table);
  ExpectColumn("kvm", kvm::Table());
  ExpectColumn("acrn (stand-in)", acrn::Table());
  ExpectColumn("module (xxxgt)", *xxxgt->description().table);
}

// The second table: what the core does for a host, and the line that holds it to that.
TEST(Hosts, EveryOperationHasALine) {
  std::set<std::string> backed;
  std::ifstream file("docs/hosts.md");
  for (std::string text; std::getline(file, text);) {
    const std::vector<std::string> cells = CellsOf(text);
    if (cells.size() != 3 || cells[0].front() != '`') continue;
    for (const Line* line : AllLines()) {
      if (IsNamed(cells.back(), line->id)) backed.insert(cells[0].substr(1, cells[0].size() - 2));
    }
  }
  for (const std::string& name : kOperations) EXPECT_EQ(backed.count(name), 1u) << name;
  for (const Line* line : AllLines()) {
    const std::string member = line->member;
    if (member.rfind("gvtcore_", 0) != 0) continue;
    EXPECT_EQ(backed.count(member), 1u) << member;
  }
}

TEST(Module, SaysWhyItCannotBeUsed) {
  std::string error;
  EXPECT_EQ(Module::Load("no-such-file.so", &error), nullptr);
  EXPECT_NE(error.find("no-such-file.so"), std::string::npos);
  EXPECT_NE(WhyUnfit(nullptr), "");
  gvtcore_module_t module = {};
  EXPECT_NE(WhyUnfit(&module).find("too short"), std::string::npos);
  module.size = sizeof module;
  module.version = 7;
  EXPECT_NE(WhyUnfit(&module).find("version 7"), std::string::npos);
  module.version = GVTCORE_MODULE_VERSION;
  EXPECT_NE(WhyUnfit(&module), "");
  module.name = "x";
  gvtcore_mpt_t table = {};
  module.table = &table;
  EXPECT_NE(WhyUnfit(&module).find("inject_msi"), std::string::npos);
}

}  // namespace
}  // namespace gvt::hostif::conformance
