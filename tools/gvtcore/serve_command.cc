// gvtcore serve: a virtual GPU for a domain of Xen's that a toolstack has made.
#include <fmt/format.h>
#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <charconv>
#include <csignal>
#include <memory>
#include <optional>
#include <string>

#include "tools/gvtcore/commands.h"
#include "tools/gvtcore/gpu_options.h"
#include "tools/gvtcore/report_total.h"
#include "tools/gvtcore/text_table.h"
#include "tools/gvtcore/xen_device.h"

namespace gvt::tools {
namespace {

struct ServeOptions {
  unsigned domain = 0;
  GpuOptions gpu;
  std::optional<uint32_t> server;
};

constexpr const char* kFooter = R"(Examples:
  xl create -p guest.cfg && gvtcore serve --xen $(xl domid guest) --addr 05.0 &
      xl unpause guest
  gvtcore serve --xen 3 --server 1
      Takes over from a process that was killed.

The device is there until SIGTERM or SIGINT, or until the domain ends. SIGUSR1 marks
what the device writes for a migration that is under way, SIGUSR2 does not.

Exit status: 0; 2 Xen or the command line is wrong.)";

// "05.0" as device and function; nullopt: it is none.
std::optional<uint32_t> FunctionOf(const std::string& slot) {
  uint32_t device = 0;
  uint32_t function = 0;
  const char* end = slot.data() + slot.size();
  const auto first = std::from_chars(slot.data(), end, device, 16);
  if (first.ec != std::errc() || first.ptr == end || *first.ptr != '.') return std::nullopt;
  const auto second = std::from_chars(first.ptr + 1, end, function, 16);
  if (second.ec != std::errc() || second.ptr != end) return std::nullopt;
  if (device > 0x1f || function > 7) return std::nullopt;
  return device << 3 | function;
}

int RunServe(const ServeOptions& options) {
  const auto function = FunctionOf(options.gpu.slot);
  if (!function) {
    fmt::print(stderr, "gvtcore: {}: not a slot and function, as 02.0\n",
               Printable(options.gpu.slot));
    return kExitError;
  }
  // Before there is a thread: all of them leave the signals to us.
  sigset_t signals;
  sigemptyset(&signals);
  for (const int number : {SIGTERM, SIGINT, SIGUSR1, SIGUSR2}) sigaddset(&signals, number);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  const int signal_file = signalfd(-1, &signals, SFD_CLOEXEC);
  hostif::xen::XenDomain::Options where;
  where.domain = static_cast<uint16_t>(options.domain);
  where.function = *function;
  if (options.server) where.server = static_cast<uint16_t>(*options.server);
  std::string error;
  const auto config = ConfigOf(options.gpu, &error);
  const auto device = config ? XenDevice::Create(where, *config, &error) : nullptr;
  if (device == nullptr) {
    fmt::print(stderr, "gvtcore: {}\n", Printable(error));
    return kExitError;
  }
  fmt::print("domain {}, {}, server {}\n", options.domain, Printable(options.gpu.slot),
             device->server());
  std::fflush(stdout);
  for (;;) {
    if (!device->Serve(signal_file)) {
      fmt::print(stderr, "gvtcore: domain {}: Xen fails\n", options.domain);
      return kExitError;
    }
    signalfd_siginfo signal = {};
    // None is there when the domain has gone.
    pollfd waiting = {signal_file, POLLIN, 0};
    const bool came =
        poll(&waiting, 1, 0) == 1 && read(signal_file, &signal, sizeof signal) == sizeof signal;
    if (!came) return kExitClean;
    if (signal.ssi_signo == SIGTERM || signal.ssi_signo == SIGINT) break;
    device->MarkWrites(signal.ssi_signo == SIGUSR1);
  }
  device->End();
  return kExitClean;
}

}  // namespace

void AddServeCommand(CommandLine* line) {
  auto options = std::make_shared<ServeOptions>();
  Command command = line->Add("serve", "Give a domain of Xen's a virtual GPU");
  command.Add("--xen", &options->domain, "The domain")
      .Named("DOMID")
      .Between(1u, 32751u)
      .Required();
  AddGpuOptions(&command, &options->gpu);
  command.Add("--server", &options->server, "Take this request server of a killed process over")
      .Between(0, 65535)
      .Named("N");
  command.Does(kFooter, [options] { return RunServe(*options); });
}

}  // namespace gvt::tools
