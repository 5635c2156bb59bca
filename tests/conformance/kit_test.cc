// The kit: right hosts pass, and each line finds the host that breaks it.
#include <gtest/gtest.h>

#include <cstdlib>
#include <memory>
#include <set>
#include <string>

#include "hostif/conformance/run.h"
#include "hostif/embedded/table.h"
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

class RightHost : public testing::TestWithParam<const char*> {};

TEST_P(RightHost, Passes) {
  const std::unique_ptr<Module> module = Load(GetParam());
  ASSERT_NE(module, nullptr);
  const Report report = Try(module->description());
  EXPECT_EQ(report.error, "");
  for (const LineResult& result : report.lines) {
    EXPECT_NE(result.verdict.outcome, Outcome::kFailed)
        << result.line->id << ": " << result.verdict.reason;
  }
  EXPECT_EQ(report.lines.size(), AllLines().size());
  EXPECT_TRUE(report.passed());
}

INSTANTIATE_TEST_SUITE_P(Conformance, RightHost,
                         testing::Values("kvmgt", "xengt", "acrngt", "xxxgt", "broken"),
                         [](const auto& host) { return std::string(host.param); });

TEST(Conformance, EmbeddedPasses) {
  const Report report = Try(embedded::TableModule());
  for (const LineResult& result : report.lines) {
    EXPECT_NE(result.verdict.outcome, Outcome::kFailed)
        << result.line->id << ": " << result.verdict.reason;
  }
}

TEST(Conformance, EachLineFindsTheHostThatBreaksIt) {
  for (const Line* line : AllLines()) {
    setenv("GVT_BROKEN_LINE", line->id, 1);
    const std::unique_ptr<Module> module = Load("broken");
    ASSERT_NE(module, nullptr);
    Options options;
    options.only = line->id;
    options.patience_ms = 300;
    const Report report = Try(module->description(), options);
    EXPECT_FALSE(report.passed()) << line->id << " does not bite";
    EXPECT_EQ(report.lines.size(), 1u) << line->id;
  }
  unsetenv("GVT_BROKEN_LINE");
}

TEST(Conformance, LinesHaveIdsOfTheirOwnAndNameMembers) {
  const std::set<std::string> members = {"host_init",
                                         "host_exit",
                                         "attach_vgpu",
                                         "detach_vgpu",
                                         "inject_msi",
                                         "from_virt_to_mfn",
                                         "enable_page_track",
                                         "disable_page_track",
                                         "read_gpa",
                                         "write_gpa",
                                         "gfn_to_mfn",
                                         "dma_map_guest_page",
                                         "dma_unmap_guest_page",
                                         "dma_pin_guest_page",
                                         "map_gfn_to_mfn",
                                         "set_trap_area",
                                         "set_opregion",
                                         "set_edid",
                                         "get_vfio_device",
                                         "put_vfio_device",
                                         "is_valid_gfn"};
  std::set<std::string> ids;
  std::set<std::string> named;
  for (const Line* line : AllLines()) {
    EXPECT_TRUE(ids.insert(line->id).second) << line->id;
    EXPECT_EQ(members.count(line->member), 1u) << line->member;
    named.insert(line->member);
  }
  EXPECT_EQ(named, members);  // every one but `type`, of which nothing depends
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
