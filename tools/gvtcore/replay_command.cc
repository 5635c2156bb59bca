// gvtcore replay: recordings done again on the device, one file after the other.
#include <fmt/format.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <vector>

#include "tools/gvtcore/commands.h"
#include "tools/gvtcore/replay_file.h"
#include "tools/gvtcore/replay_report.h"
#include "tools/gvtcore/report_total.h"

namespace gvt::tools {
namespace {

struct ReplayCommandOptions {
  std::vector<std::string> files;
  ReplaySettings settings;
  bool json = false;
};

constexpr const char* kFooter = R"(Examples:
  GVTCORE_TRACE=boot.trace gvtcore-host ...
      Hosts that heed the variable record what crosses the border of their vGPU.
  gvtcore replay boot.trace
      The same again, on a new vGPU: all answers, stores and interrupts are compared.
  gvtcore replay game.aub.xz
      What the capture submits, run by the device; its memory is held to a slow model's.
  gvtcore replay --json *.trace | jq '.files[].status'
      For programs; docs/json.md describes the keys.

Exit status: 0 all the same, 1 something differs, 2 a file or the command line is wrong.)";

int RunReplay(const ReplayCommandOptions& options) {
  std::vector<ReplayReport> reports;
  const Colours colours = ColoursFor(STDOUT_FILENO);
  for (const std::string& file : options.files) {
    reports.push_back(ReplayFile(file, options.settings));
    const ReplayReport& report = reports.back();
    if (!options.json && !report.origin.empty()) fmt::print("{}", ReplayText(report, colours));
    if (report.error) {
      fmt::print(stderr, "gvtcore: {}\n", Printable(report.error->Message()));
    }
  }
  if (options.json) fmt::print("{}", ReplayJson(reports));
  return ReplayExitStatus(reports);
}

}  // namespace

void AddReplayCommand(CommandLine* line) {
  auto options = std::make_shared<ReplayCommandOptions>();
  Command command = line->Add("replay", "Do what a recording says again, and compare");
  command
      .Add("FILE", &options->files,
           "Boundary trace or AUB capture, plain or compressed by xz, zstd or gzip; - reads "
           "standard input")
      .Required();
  command.Flag("--json", &options->json, "JSON on standard output");
  command
      .Add("--live-limit", &options->settings.live_limit,
           "Guest pages held of one file at a time; suffixes k, m, g; default 8g")
      .Named("BYTES")
      .Bytes();
  command.Does(kFooter, [options] { return RunReplay(*options); });
}

}  // namespace gvt::tools
