// The kit: right hosts pass, and each line finds the host that breaks it.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "hostif/acrn/table.h"
#include "hostif/conformance/run.h"
#include "hostif/embedded/table.h"
#include "hostif/kvm/table.h"
#include "hostif/module/module.h"

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

// Every member but `type`, of which nothing depends.
struct Member {
  const char* name;
  bool (*is_there)(const gvtcore_mpt_t& table);
};
#define GVT_MEMBER(name)                                                    \
  Member {                                                                  \
#name, [](const gvtcore_mpt_t& table) { return table.name != nullptr; } \
  }
const Member kMembers[] = {GVT_MEMBER(host_init),
                           GVT_MEMBER(host_exit),
                           GVT_MEMBER(attach_vgpu),
                           GVT_MEMBER(detach_vgpu),
                           GVT_MEMBER(inject_msi),
                           GVT_MEMBER(from_virt_to_mfn),
                           GVT_MEMBER(enable_page_track),
                           GVT_MEMBER(disable_page_track),
                           GVT_MEMBER(read_gpa),
                           GVT_MEMBER(write_gpa),
                           GVT_MEMBER(gfn_to_mfn),
                           GVT_MEMBER(dma_map_guest_page),
                           GVT_MEMBER(dma_unmap_guest_page),
                           GVT_MEMBER(dma_pin_guest_page),
                           GVT_MEMBER(map_gfn_to_mfn),
                           GVT_MEMBER(set_trap_area),
                           GVT_MEMBER(set_opregion),
                           GVT_MEMBER(set_edid),
                           GVT_MEMBER(get_vfio_device),
                           GVT_MEMBER(put_vfio_device),
                           GVT_MEMBER(is_valid_gfn)};
#undef GVT_MEMBER

TEST(Conformance, LinesHaveIdsOfTheirOwnAndNameMembers) {
  std::set<std::string> members;
  for (const Member& member : kMembers) members.insert(member.name);
  std::set<std::string> ids;
  std::set<std::string> named;
  for (const Line* line : AllLines()) {
    EXPECT_TRUE(ids.insert(line->id).second) << line->id;
    EXPECT_EQ(members.count(line->member), 1u) << line->member;
    named.insert(line->member);
  }
  EXPECT_EQ(named, members);
}

// The cells of a row of a table in Markdown; empty: it is no row.
std::vector<std::string> CellsOf(const std::string& row) {
  std::vector<std::string> cells;
  for (size_t at = row.find('|'); at != std::string::npos;) {
    const size_t next = row.find('|', at + 1);
    if (next == std::string::npos) break;
    cells.push_back(next > at + 2 ? row.substr(at + 2, next - at - 3) : "");
    at = next;
  }
  return cells;
}

// Whether `pattern` ("`read-gpa.*`, `workload.runs`") names lines of the member, and no others.
void ExpectBacked(const std::string& pattern, const std::string& member) {
  bool backed = false;
  for (size_t at = pattern.find('`'); at != std::string::npos; at = pattern.find('`', at + 1)) {
    const size_t end = pattern.find('`', at + 1);
    std::string id = pattern.substr(at + 1, end - at - 1);
    if (id.back() == '*') id.pop_back();
    for (const Line* line : AllLines()) {
      if (std::string(line->id).compare(0, id.size(), id) != 0) continue;
      EXPECT_EQ(line->member, member) << id;
      backed = true;
    }
    at = end;
  }
  EXPECT_TRUE(backed) << member << ": no such line as " << pattern;
}

TEST(Hosts, TheTableInTheDocumentsIsTrue) {
  const std::unique_ptr<Module> xxxgt = Load("xxxgt");
  ASSERT_NE(xxxgt, nullptr);
  const std::map<std::string, const gvtcore_mpt_t*> tables = {
      {"embedded", embedded::TableModule().table},
      {"kvm", &kvm::Table()},
      {"acrn (stand-in)", &acrn::Table()},
      {"module (xxxgt)", xxxgt->description().table}};
  std::ifstream file("docs/hosts.md");
  std::vector<std::string> header;
  size_t rows = 0;
  for (std::string text; std::getline(file, text);) {
    const std::vector<std::string> cells = CellsOf(text);
    if (cells.size() < 2) continue;
    if (cells[0] == "member") header = cells;
    for (const Member& member : kMembers) {
      if (cells[0] != "`" + std::string(member.name) + "`") continue;
      ++rows;
      ASSERT_EQ(cells.size(), header.size()) << member.name;
      for (size_t i = 1; i + 1 < cells.size(); ++i) {
        const auto table = tables.find(header[i]);
        if (table == tables.end()) continue;  // a host that is no table, or not of this test
        EXPECT_EQ(cells[i].rfind("**native**", 0) == 0, member.is_there(*table->second))
            << member.name << ", " << header[i];
      }
      ExpectBacked(cells.back(), member.name);
    }
  }
  EXPECT_EQ(rows, std::size(kMembers));
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
