#include "tools/gvtcore/command_line.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>

#include "tools/gvtcore/commands.h"
#include "tools/gvtcore/report_total.h"

namespace gvt::tools {
namespace {

constexpr const char* kFooter = R"(Examples:
  gvtcore scan game.aub.xz            audit what a game sent to the GPU
  gvtcore disasm error-state.txt      what an engine was doing when it hung
  gvtcore qemu -- qemu-system-x86_64 -m 2G -vga none -drive file=debian.img
                                      a virtual machine with a virtual GPU
  gvtcore demo                        several vGPUs at once, beside a hostile guest
  gvtcore replay boot.trace           what a vGPU recorded, done again and compared
  gvtcore conformance ./mygt.so       whether a host keeps its contract
  gvtcore scan --help                 all options of a command)";

}  // namespace

int RunCommandLine(int argc, const char* const* argv) {
  CLI::App app("Virtual Intel GPUs (Gen9), and audits of command streams (Gen8, Gen9).", "gvtcore");
  int exit_status = kExitClean;
  app.require_subcommand(1);
  app.set_version_flag("--version", "gvtcore " GVTCORE_VERSION);
  app.footer(kFooter);
  app.get_formatter()->column_width(26);
  AddScanCommand(&app, &exit_status);
  AddDisasmCommand(&app, &exit_status);
  AddQemuCommand(&app, &exit_status);
  AddReplayCommand(&app, &exit_status);
  AddDemoCommand(&app, &exit_status);
  AddConformanceCommand(&app, &exit_status);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kExitClean : kExitError;
  } catch (const std::exception& error) {
    fmt::print(stderr, "gvtcore: {}\n", error.what());
    return kExitError;
  }
  if (std::fflush(stdout) != 0) {
    std::perror("gvtcore: standard output");
    return kExitError;
  }
  return exit_status;
}

}  // namespace gvt::tools
