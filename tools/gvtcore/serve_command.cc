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
#include "tools/gvtcore/report_total.h"
#include "tools/gvtcore/text_table.h"
#include "tools/gvtcore/type_option.h"
#include "tools/gvtcore/xen_device.h"

namespace gvt::tools {
namespace {

struct ServeOptions {
  unsigned domain = 0;
  std::string device = "skl";
  std::string slot = "02.0";
  std::string type;
  std::optional<uint32_t> server;
  std::optional<uint32_t> weight;
  std::optional<uint32_t> cap;
  std::optional<uint32_t> latency;
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

// nullopt: *error says what is wrong.
std::optional<gvtcore_vgpu_config_t> ConfigOf(const ServeOptions& options, std::string* error) {
  gvtcore_vgpu_config_t config = {};
  if (!ApplyType(options.type, &config, error)) return std::nullopt;
  config.pci_device_id = options.device == "kbl" ? 0x5916 : 0x1912;
  config.weight = options.weight.value_or(config.weight);
  config.cap_percent = options.cap.value_or(0);
  config.latency_us = options.latency.value_or(0);
  return config;
}

int RunServe(const ServeOptions& options) {
  const auto function = FunctionOf(options.slot);
  if (!function) {
    fmt::print(stderr, "gvtcore: {}: not a slot and function, as 02.0\n", Printable(options.slot));
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
  const auto config = ConfigOf(options, &error);
  const auto device = config ? XenDevice::Create(where, *config, &error) : nullptr;
  if (device == nullptr) {
    fmt::print(stderr, "gvtcore: {}\n", Printable(error));
    return kExitError;
  }
  fmt::print("domain {}, {}, server {}\n", options.domain, Printable(options.slot),
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
  command.Add("--device", &options->device, "The GPU: skl (8086:1912) or kbl (8086:5916)")
      .Named("NAME")
      .OneOf({"skl", "kbl"})
      .WithDefaultShown();
  command.Add("--type", &options->type, "GGTT, fences and weight as of GVT-g's type: V5_1 to V5_8")
      .Named("TYPE");
  command.Add("--addr", &options->slot, "Slot and function on the first PCI bus")
      .Named("SLOT")
      .WithDefaultShown();
  command.Add("--server", &options->server, "Take this request server of a killed process over")
      .Between(0, 65535)
      .Named("N");
  command.Add("--weight", &options->weight, "Share of the engines relative to others (8)")
      .Between(1, 65536)
      .Named("N");
  command.Add("--cap", &options->cap, "At most so many percent of an engine")
      .Between(1, 100)
      .Named("PERCENT");
  command.Add("--latency", &options->latency, "Work is to be begun within so many us")
      .Between(1, 1000000)
      .Named("US");
  command.Does(kFooter, [options] { return RunServe(*options); });
}

}  // namespace gvt::tools
