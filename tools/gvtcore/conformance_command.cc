// gvtcore conformance: holds a host to the contract of include/gvtcore/module.h.
#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <system_error>

#include "examples/tiny_vmm/module.h"
#include "hostif/conformance/run.h"
#include "hostif/embedded/table.h"
#include "hostif/module/module.h"
#include "tools/gvtcore/commands.h"
#include "tools/gvtcore/report_total.h"
#include "tools/gvtcore/text_table.h"

namespace gvt::tools {
namespace {

using hostif::conformance::LineResult;
using hostif::conformance::Outcome;
using hostif::conformance::Report;
using Json = nlohmann::ordered_json;

struct ConformanceOptions {
  std::string host = "embedded";
  hostif::conformance::Options kit;
  bool json = false;
  bool lines = false;
};

constexpr const char* kFooter = R"(Examples:
  gvtcore conformance
      The host that is built in; it needs no hypervisor.
  gvtcore conformance kvm
      The machine's own /dev/kvm.
  gvtcore conformance xen
      A real Xen; in its control domain, with the module that makes domains.
  gvtcore conformance acrn
      The host for ACRN on a stand-in for it; no ACRN is needed, and none is used.
  gvtcore conformance ./mygt.so
      A host of your own; see docs/porting-a-hypervisor.md.
  gvtcore conformance --figures kvm
      Beside the lines, what a call of the host's costs.
  gvtcore conformance --only read-gpa ./mygt.so
      The lines about one member.

Exit status: 0 no line failed, 1 one did, 2 the host or the command line is wrong.)";

std::string_view NameOf(Outcome outcome) {
  switch (outcome) {
    case Outcome::kPassed: return "passed";
    case Outcome::kFailed: return "failed";
    case Outcome::kNotTried: return "not tried";
    case Outcome::kDefault: return "default";
  }
  return "?";
}

void PrintText(const Report& report) {
  const Colours colours = ColoursFor(STDOUT_FILENO);
  fmt::print("{}{}{}, type {}\n\n", colours.bold, Printable(report.host), colours.off, report.type);
  for (const LineResult& result : report.lines) {
    const std::string_view colour = result.verdict.outcome == Outcome::kFailed   ? colours.red
                                    : result.verdict.outcome == Outcome::kPassed ? colours.green
                                                                                 : colours.dim;
    fmt::print("  {}{:<9}{}  {:<29} {}", colour, NameOf(result.verdict.outcome), colours.off,
               result.line->id, result.line->text);
    if (!result.verdict.reason.empty()) fmt::print(": {}", Printable(result.verdict.reason));
    fmt::print("\n");
  }
  fmt::print("\n{} passed, {} failed, {} by the core's default, {} not tried\n",
             report.Count(Outcome::kPassed), report.Count(Outcome::kFailed),
             report.Count(Outcome::kDefault), report.Count(Outcome::kNotTried));
}

void PrintFigures(const Report& report) {
  if (report.figures.empty()) return;
  fmt::print("\n");
  for (const hostif::conformance::Figure& figure : report.figures) {
    fmt::print("  {:<16} {:>9.0f} ns  {:>6.1f} x {} ({:.0f} ns)\n", figure.name, figure.ns,
               figure.ratio(), figure.floor, figure.floor_ns);
  }
}

Json FiguresOf(const Report& report) {
  Json figures = Json::array();
  for (const hostif::conformance::Figure& figure : report.figures) {
    figures.push_back({{"name", figure.name},
                       {"ns", figure.ns},
                       {"floor", figure.floor},
                       {"floor_ns", figure.floor_ns},
                       {"ratio", figure.ratio()}});
  }
  return figures;
}

void PrintJson(const Report& report) {
  Json lines = Json::array();
  for (const LineResult& result : report.lines) {
    lines.push_back({{"id", result.line->id},
                     {"member", result.line->member},
                     {"text", result.line->text},
                     {"mandatory", result.line->mandatory},
                     {"outcome", NameOf(result.verdict.outcome)},
                     {"reason", Printable(result.verdict.reason)}});
  }
  const Json json = {{"host", Printable(report.host)},
                     {"type", report.type},
                     {"passed", report.passed()},
                     {"lines", lines},
                     {"figures", FiguresOf(report)}};
  fmt::print("{}\n", json.dump(2));
}

int ListLines() {
  for (const hostif::conformance::Line* line : hostif::conformance::AllLines()) {
    fmt::print("{:<29} {:<21} {}{}\n", line->id, line->member, line->text,
               line->mandatory ? "" : " (if there is the member)");
  }
  return kExitClean;
}

// nullptr: it is the path of a module.
const gvtcore_module_t* BuiltIn(const std::string& host) {
  if (host == "embedded") return &hostif::embedded::TableModule();
  if (host == "kvm") return &tiny_vmm::KvmModule();
  return nullptr;
}

// The host for Xen is tried with domains that a module makes, which alone needs the libraries of
// one Xen; that for ACRN with one that stands in for it. They lie beside the program.
std::string ModulePath(const std::string& host) {
  const char* name = host == "xen"    ? "../lib/gvtcore_xen_domains.so"
                     : host == "acrn" ? "../lib/gvtcore_acrn_stand_in.so"
                                      : nullptr;
  if (name == nullptr) return host;
  std::error_code code;
  const auto program = std::filesystem::read_symlink("/proc/self/exe", code);
  return (program.parent_path() / name).lexically_normal().string();
}

// What is missing for the host for Xen, and how to get it.
std::string WhatXenWants(const std::string& path, bool loaded) {
  if (!std::filesystem::exists(path)) {
    return "xen: this build has no host for Xen; install libxen-dev, then build and install again";
  }
  if (!loaded) return "xen: the module that makes domains does not load; install libxenmisc4.17";
  return "xen: there is no Xen below, or this is not its control domain; run this in dom0, as root";
}

int FailWith(const ConformanceOptions& options, const std::string& error, bool loaded) {
  const bool is_xen = options.host == "xen";
  fmt::print(stderr, "gvtcore: {}\n",
             Printable(is_xen ? WhatXenWants(ModulePath(options.host), loaded) : error));
  return kExitError;
}

int RunConformance(const ConformanceOptions& options) {
  if (options.lines) return ListLines();
  std::unique_ptr<hostif::Module> module;
  if (BuiltIn(options.host) == nullptr) {
    std::string error;
    module = hostif::Module::Load(ModulePath(options.host), &error);
    if (module == nullptr) return FailWith(options, error, false);
  }
  const gvtcore_module_t& host = module != nullptr ? module->description() : *BuiltIn(options.host);
  if (const auto status = hostif::conformance::ResumeIfAsked(host)) return *status;
  hostif::conformance::Options kit = options.kit;
  kit.fresh_process = {"/proc/self/exe", "conformance", options.host};
  const Report report = hostif::conformance::Try(host, kit);
  if (!report.error.empty()) return FailWith(options, report.error, true);
  if (report.lines.empty()) {
    fmt::print(stderr, "gvtcore: {}: no such line\n", Printable(options.host));
    return kExitError;
  }
  if (options.json) {
    PrintJson(report);
  } else {
    PrintText(report);
    PrintFigures(report);
  }
  return report.passed() ? kExitClean : kExitRefusals;
}

}  // namespace

void AddConformanceCommand(CommandLine* line) {
  auto options = std::make_shared<ConformanceOptions>();
  Command command = line->Add("conformance", "Hold a host to its contract");
  command.Add("HOST", &options->host, "embedded (default), kvm, xen, acrn, or the path of a module")
      .Named("");
  command.Add("--only", &options->kit.only, "Lines whose id begins so").Named("ID");
  command.Flag("--json", &options->json, "JSON on standard output");
  command.Flag("--figures", &options->kit.figures, "Measure what a call costs, too");
  command.Flag("--lines", &options->lines, "Print the contract's lines, and try nothing");
  command.Does(kFooter, [options] { return RunConformance(*options); });
}

}  // namespace gvt::tools
