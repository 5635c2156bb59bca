// The program, its man pages and docs/json.md say the same.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <regex>
#include <set>

#include "scanner/rule.h"
#include "tests/tools/program.h"

namespace gvt::tools {
namespace {

using testing::FileContent;
using testing::RunGvtcore;
using Json = nlohmann::ordered_json;

std::set<std::string> LongOptions(const std::string& text) {
  static const std::regex kOption("--[a-z][a-z-]*");
  return {std::sregex_token_iterator(text.begin(), text.end(), kOption), {}};
}

// The options of a man page: what follows `.It Fl`.
std::set<std::string> ManOptions(const std::string& page) {
  static const std::regex kItem("\\.It Fl (?:[a-z] , )?-([a-z-]+)");
  std::set<std::string> options;
  for (std::sregex_iterator it(page.begin(), page.end(), kItem), end; it != end; ++it) {
    options.insert("--" + (*it)[1].str());
  }
  return options;
}

std::string OptionsPart(const std::string& help) {
  const size_t begin = help.find("Options:");
  return help.substr(begin, help.find("Examples:") - begin);
}

TEST(Documents, ManPagesListExactlyTheOptions) {
  for (const std::string command : {"scan", "disasm", "qemu", "replay", "demo", "conformance",
#ifdef GVT_HAVE_XEN
                                    "serve"
#endif
       }) {
    SCOPED_TRACE(command);
    const auto help = RunGvtcore({command, "--help"});
    EXPECT_EQ(LongOptions(OptionsPart(help.out)),
              ManOptions(FileContent("docs/man/gvtcore-" + command + ".1")));
    EXPECT_NE(help.out.find("Examples:"), std::string::npos);
  }
  EXPECT_EQ(LongOptions(OptionsPart(RunGvtcore({"--help"}).out)),
            ManOptions(FileContent("docs/man/gvtcore.1")));
}

TEST(Documents, ManPagesAreWellFormed) {
  if (!testing::HasProgram("mandoc")) GTEST_SKIP() << "no mandoc";
  for (const char* page :
       {"gvtcore.1", "gvtcore-scan.1", "gvtcore-disasm.1", "gvtcore-qemu.1", "gvtcore-replay.1",
        "gvtcore-demo.1", "gvtcore-conformance.1", "gvtcore-serve.1"}) {
    const auto outcome = testing::RunProgram(
        "mandoc", {"-T", "lint", "-W", "warning", std::string("docs/man/") + page});
    EXPECT_EQ(outcome.status, 0) << outcome.out << outcome.err;
  }
}

TEST(Documents, ManPageOfScanListsEveryRuleWithItsDefault) {
  const std::string page = FileContent("docs/man/gvtcore-scan.1");
  for (size_t i = 0; i < scanner::kRuleCount; ++i) {
    const auto rule = static_cast<scanner::Rule>(i);
    const std::string item = ".It Cm " + std::string(RuleName(rule)) + "\n" +
                             std::string(RuleText(rule)) + "; " +
                             std::string(ActionName(MildestAction(rule))) + "\n";
    EXPECT_NE(page.find(item), std::string::npos) << item;
  }
}

// Objects whose keys are data.
bool HoldsNames(const std::string& key) {
  return key == "problems" || key == "lengths" || key == "refusals_by_rule";
}

// All keys of objects but those that are data.
void CollectKeys(const Json& root, std::set<std::string>* keys) {
  std::vector<const Json*> todo{&root};
  while (!todo.empty()) {
    const Json& json = *todo.back();
    todo.pop_back();
    for (const auto& [key, value] : json.items()) {
      if (json.is_object()) keys->insert(key);
      if (value.is_structured() && !HoldsNames(key)) todo.push_back(&value);
    }
  }
}

TEST(Documents, EveryKeyOfTheJsonIsDescribed) {
  const std::string refused =
      testing::ScratchDwords("keys.bin", {0x7b0a0000, 0, 0x11000001, 0x2080, 0, 0x05000000});
  std::set<std::string> keys;
  const std::vector<std::vector<std::string>> scans = {
      {"scan", "--json", "--audit-only", "--raw", "--platform", "skl", refused},
      {"scan", "--json", "no-such-file"},
      {"scan", "--json", "--scanner", "both", testing::Capture("bdw-iris-xs-atunnel.aub.xz")},
      {"demo", "--json", "--seconds", "0.1", testing::Capture("skl-igt-multiengine-nop.aub.xz")},
      {"conformance", "--json", "--figures", "--only", "is-valid-gfn"}};
  for (const auto& arguments : scans) {
    CollectKeys(Json::parse(RunGvtcore(arguments).out), &keys);
  }
  EXPECT_GT(keys.size(), 50u);
  const std::string page = FileContent("docs/json.md");
  for (const std::string& key : keys) {
    EXPECT_NE(page.find("`" + key + "`"), std::string::npos) << key;
  }
}

}  // namespace
}  // namespace gvt::tools
