// gvtcore qemu: runs QEMU with a virtual GPU in it.
//
// The device comes from a library that is preloaded into QEMU and answers for VFIO
// (hostif/vfio_preload); QEMU takes it for a PCI device that the kernel passes through.
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "hostif/vfio_preload/names.h"
#include "tools/gvtcore/child_process.h"
#include "tools/gvtcore/commands.h"
#include "tools/gvtcore/gpu_options.h"
#include "tools/gvtcore/locked_memory.h"
#include "tools/gvtcore/report_total.h"
#include "tools/gvtcore/text_table.h"
#include "tools/gvtcore/vfio_folder.h"

namespace gvt::tools {
namespace {

namespace fs = std::filesystem;
namespace preload = hostif::vfio_preload;

struct QemuOptions {
  GpuOptions gpu;
  std::string scan = "on";
  std::string stats;
  std::string trace;
  std::string control;
  std::string library;
  std::string share;
  std::vector<std::string> words;
};

constexpr const char* kFooter = R"(Examples:
  gvtcore qemu -- qemu-system-x86_64 -m 2G -vga none -drive file=debian.img
  gvtcore qemu --device kbl --stats gpu.json -- qemu-system-x86_64 -M q35 ...
  gvtcore qemu --share /dev/shm/gpu --weight 16 -- qemu-system-x86_64 ...
  gvtcore qemu --type V5_4:2 -- qemu-system-x86_64 ...
  gvtcore qemu --control gpu.fifo -- qemu-system-x86_64 ... & echo scan off > gpu.fifo

Exit status: that of QEMU, 128 + N if signal N ended it; 2 if it could not be started.)";

void Complain(const std::string& text) {
  fmt::print(stderr, "gvtcore: {}\n", Printable(text));
}

// Beside the program or where a build or an installation puts libraries; nullopt: nowhere.
std::optional<fs::path> FindLibrary(const std::string& wanted) {
  std::vector<fs::path> places;
  if (!wanted.empty()) {
    places = {wanted};
  } else {
    std::error_code code;
    const fs::path folder = fs::read_symlink("/proc/self/exe", code).parent_path();
    places = {folder / preload::kLibraryName, folder / "../lib" / preload::kLibraryName};
  }
  for (const fs::path& place : places) {
    std::error_code code;
    const fs::path path = fs::canonical(place, code);
    if (!code && access(path.c_str(), R_OK) == 0) return path;
  }
  Complain(fmt::format("{}: not found{}", places.back().string(),
                       wanted.empty() ? "; --library says where it is" : ""));
  return std::nullopt;
}

// A FIFO at a path, made if there is none; what was made is removed.
class ControlFifo {
 public:
  ControlFifo() = default;
  ~ControlFifo() {
    if (!made_.empty()) unlink(made_.c_str());
  }
  ControlFifo(const ControlFifo&) = delete;
  ControlFifo& operator=(const ControlFifo&) = delete;

  bool Make(const std::string& path) {
    if (mkfifo(path.c_str(), 0600) == 0) {
      made_ = path;
      return true;
    }
    int error = errno;
    if (error == EEXIST) {
      struct stat status = {};
      if (stat(path.c_str(), &status) == 0 && S_ISFIFO(status.st_mode)) return true;
      Complain(path + ": exists and is not a FIFO");
      return false;
    }
    Complain(path + ": " + std::strerror(error));
    return false;
  }

 private:
  std::string made_;
};

// A VMM may change its working directory.
std::string Absolute(const std::string& path) {
  std::error_code code;
  const fs::path absolute = fs::absolute(path, code);
  return code ? path : absolute.string();
}

Environment EnvironmentOf(const QemuOptions& options, const fs::path& library) {
  const char* before = std::getenv("LD_PRELOAD");
  const bool alone = before == nullptr || *before == '\0';
  Environment environment = {
      {"LD_PRELOAD", alone ? library.string() : library.string() + ":" + before},
      {preload::kDeviceVariable, fmt::format("{:x}", options.gpu.pci_device_id())},
      {preload::kScanVariable, options.scan}};
  const std::pair<const char*, const std::string*> files[] = {
      {preload::kStatsVariable, &options.stats},
      {preload::kTraceVariable, &options.trace},
      {preload::kControlVariable, &options.control},
      {preload::kShareVariable, &options.share}};
  for (const auto& [name, path] : files) {
    if (!path->empty()) environment.emplace_back(name, Absolute(*path));
  }
  if (!options.gpu.type.empty()) {
    environment.emplace_back(preload::kTypeVariable, options.gpu.type);
  }
  const std::pair<const char*, std::optional<uint32_t>> numbers[] = {
      {preload::kWeightVariable, options.gpu.weight},
      {preload::kCapVariable, options.gpu.cap},
      {preload::kLatencyVariable, options.gpu.latency}};
  for (const auto& [name, number] : numbers) {
    if (number) environment.emplace_back(name, std::to_string(*number));
  }
  return environment;
}

// In the value of a QEMU option a comma is written twice.
std::string QemuValue(const std::string& text) {
  std::string value;
  for (const char letter : text)
    value += letter == ',' ? std::string(",,") : std::string(1, letter);
  return value;
}

int RunQemu(const QemuOptions& options) {
  if (std::string why = LockComplaint(options.words, OwnLockLimit()); !why.empty()) {
    Complain(why);
    return kExitError;
  }
  const auto library = FindLibrary(options.library);
  if (!library) return kExitError;
  if (library->string().find_first_of(": ") != std::string::npos) {
    Complain(library->string() + ": a path with a colon or a space cannot be preloaded");
    return kExitError;
  }
  VfioFolder folder;
  std::string error;
  if (!ConfigOf(options.gpu, &error)) {
    Complain(error);
    return kExitError;
  }
  if (!folder.Make(&error)) {
    Complain(error);
    return kExitError;
  }
  ControlFifo control;
  if (!options.control.empty() && !control.Make(Absolute(options.control))) return kExitError;
  std::vector<std::string> words = options.words;
  words.insert(words.end(),
               {"-device", fmt::format("vfio-pci,sysfsdev={},addr={},display=off",
                                       QemuValue(folder.device().string()), options.gpu.slot)});
  const int status = RunChild(words, EnvironmentOf(options, *library));
  if (status >= 0) return status;
  Complain(words.front() + ": " + std::strerror(-status));
  return kExitError;
}

}  // namespace

void AddQemuCommand(CommandLine* line) {
  auto options = std::make_shared<QemuOptions>();
  Command command = line->Add("qemu", "Run QEMU with a virtual GPU in it");
  AddGpuOptions(&command, &options->gpu);
  command.Add("--stats", &options->stats, "Write counters as JSON when QEMU ends").Named("FILE");
  command.Add("--trace", &options->trace, "Record a boundary trace").Named("FILE");
  command.Add("--control", &options->control, "FIFO that takes commands while QEMU runs")
      .Named("FIFO");
  command.Add("--scan", &options->scan, "Audit of command streams: on, or off to measure")
      .Named("WHEN")
      .OneOf({"on", "off"})
      .WithDefaultShown();
  command.Add("--share", &options->share, "Share engines with all who name this file")
      .Named("FILE");
  command.Add("--library", &options->library, "The library to preload").Named("FILE");
  command.Add("command", &options->words, "QEMU and its arguments, behind --")
      .Named("COMMAND")
      .Required();
  command.Does(kFooter, [options] { return RunQemu(*options); });
}

}  // namespace gvt::tools
