// gvtcore demo: several vGPUs at work at once, beside a hostile one.
#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "tools/gvtcore/commands.h"
#include "tools/gvtcore/demo_report.h"
#include "tools/gvtcore/demo_run.h"
#include "tools/gvtcore/demo_timeline.h"
#include "tools/gvtcore/report_total.h"

namespace gvt::tools {
namespace {

constexpr uint32_t kMostVgpus = 32;

// Small, and as different as they are: OpenGL, Vulkan, OpenCL, video, 2D.
constexpr const char* kBundled[] = {"skl-iris-glxgears",      "skl-neo-avgblur-unsharp",
                                    "kbl-zinkanv-xs-voronoi", "skl-ihd-h264dec",
                                    "skl-igt-uploadblit",     "kbl-iris-es2gears"};

struct DemoCommandOptions {
  std::vector<std::string> files;
  DemoSettings settings;
  std::string html;
  std::string perfetto;
  bool json = false;
};

constexpr const char* kFooter = R"(Examples:
  gvtcore demo
      Three vGPUs replay bundled captures for five seconds, beside a hostile guest.
  gvtcore demo --vgpus 8 --seconds 20 --check
      More of them, and what each workload leaves in memory is held to a slow model's.
  gvtcore demo --html demo.html --perfetto demo.json game.aub.xz
      A capture of your own; a picture, and a trace for ui.perfetto.dev.

Exit status: 0 the others lost nothing, 1 they did, 2 a file or the command line is wrong.)";

bool WriteFile(const std::string& path, const std::string& content) {
  std::FILE* file = std::fopen(path.c_str(), "wb");
  const bool written =
      file != nullptr && std::fwrite(content.data(), 1, content.size(), file) == content.size();
  const bool closed = file != nullptr && std::fclose(file) == 0;
  if (!written || !closed) fmt::print(stderr, "gvtcore: cannot write {}\n", Printable(path));
  return written && closed;
}

std::vector<std::string> FilesOf(const DemoCommandOptions& options) {
  if (!options.files.empty()) return options.files;
  std::vector<std::string> files;
  for (const char* name : kBundled) {
    files.push_back(fmt::format("{}/{}.aub.xz", GVT_BUNDLED_CAPTURES, name));
  }
  if (files.size() > options.settings.vgpus) files.resize(options.settings.vgpus);
  return files;
}

// False: the reason was told.
bool Load(const DemoCommandOptions& options, std::vector<DemoCapture>* captures) {
  for (const std::string& file : FilesOf(options)) {
    auto capture = LoadDemoCapture(file);
    if (!capture) {
      fmt::print(stderr, "gvtcore: {}\n", Printable(capture.error().Message()));
      return false;
    }
    if (hw::GenerationOf(capture->platform) != hw::Generation::kGen9) {
      fmt::print(stderr, "gvtcore: {}: not a capture of Gen9\n", Printable(file));
      return false;
    }
    if (capture->workloads.empty()) {
      fmt::print(stderr, "gvtcore: {}: nothing that could be run\n", Printable(file));
      return false;
    }
    captures->push_back(std::move(capture).value());
  }
  return true;
}

int RunDemoCommand(DemoCommandOptions options) {
  std::vector<DemoCapture> captures;
  if (!Load(options, &captures)) return kExitError;
  options.settings.shows_progress = isatty(STDERR_FILENO) != 0;
  const Result<DemoResult> result = RunDemo(captures, options.settings);
  if (!result) {
    fmt::print(stderr, "gvtcore: no vGPU could be made\n");
    return kExitError;
  }
  if (options.json) {
    fmt::print("{}", DemoJson(*result));
  } else {
    fmt::print("{}", DemoText(*result, ColoursFor(STDOUT_FILENO)));
  }
  if (!options.html.empty() && !WriteFile(options.html, DemoHtml(*result))) return kExitError;
  if (!options.perfetto.empty() && !WriteFile(options.perfetto, DemoTrace(*result))) {
    return kExitError;
  }
  return DemoIsClean(*result) ? kExitClean : kExitRefusals;
}

}  // namespace

void AddDemoCommand(CommandLine* line) {
  auto options = std::make_shared<DemoCommandOptions>();
  Command command = line->Add("demo", "Several vGPUs at work at once, beside a hostile guest");
  command.Add("FILE", &options->files,
              "AUB captures of Gen9, one a vGPU, in turn; default: bundled ones");
  command.Add("--seconds", &options->settings.seconds, "How long they work; default 5")
      .Named("N")
      .Between(0.1, 3600.0);
  command
      .Add("--vgpus", &options->settings.vgpus,
           "How many, beside the hostile one; default 3, at most 32")
      .Named("N")
      .Between(1u, kMostVgpus);
  command.Flag("--check", &options->settings.checks,
               "Hold what each workload leaves in memory to the slow model's");
  command.Flag("--json", &options->json, "JSON on standard output");
  command.Add("--html", &options->html, "Write a page with a timeline").Named("FILE");
  command.Add("--perfetto", &options->perfetto, "Write a trace that Perfetto reads").Named("FILE");
  command.Does(kFooter, [options] { return RunDemoCommand(*options); });
}

}  // namespace gvt::tools
