#include "tools/gvtcore/command_line.h"

#include "tools/gvtcore/commands.h"

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
  gvtcore serve --xen 3               a virtual GPU for a domain of Xen's
  gvtcore scan --help                 all options of a command)";

}  // namespace

int RunCommandLine(int argc, const char* const* argv) {
  CommandLine line("gvtcore", "gvtcore " GVTCORE_VERSION,
                   "Virtual Intel GPUs (Gen9), and audits of command streams (Gen8, Gen9).",
                   kFooter);
  AddScanCommand(&line);
  AddDisasmCommand(&line);
  AddQemuCommand(&line);
  AddReplayCommand(&line);
  AddDemoCommand(&line);
  AddConformanceCommand(&line);
#ifdef GVT_HAVE_XEN
  AddServeCommand(&line);
#endif
  return line.Run(argc, argv);
}

}  // namespace gvt::tools
