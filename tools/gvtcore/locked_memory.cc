// Source: qemu-options.hx 7.2 (-m, -overcommit); mlockall(2), capabilities(7).
#include "tools/gvtcore/locked_memory.h"

#include <fmt/format.h>
#include <sys/resource.h>

#include <charconv>
#include <fstream>
#include <string_view>

namespace gvt::tools {
namespace {

constexpr uint64_t kMiB = uint64_t{1} << 20;
constexpr uint64_t kDefaultMemory = 128 * kMiB;  // of QEMU's machines for PCs

// The value of `name` in "name=value,...", or of what has no name and comes first; empty: not
// there.
std::string_view ValueOf(std::string_view list, std::string_view name) {
  for (bool first = true; !list.empty(); first = false) {
    const size_t end = list.find(',');
    const std::string_view part = list.substr(0, end);
    list = end == std::string_view::npos ? std::string_view() : list.substr(end + 1);
    const size_t equal = part.find('=');
    if (equal == std::string_view::npos ? first : part.substr(0, equal) == name) {
      return part.substr(equal == std::string_view::npos ? 0 : equal + 1);
    }
  }
  return {};
}

// What follows -m: MiB, or with a suffix.
uint64_t MemoryBytes(std::string_view value) {
  const std::string_view text = ValueOf(value, "size");
  uint64_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (error != std::errc()) return kDefaultMemory;
  const char suffix = end == text.data() + text.size() ? 'M' : *end;
  switch (suffix | 0x20) {
    case 'k': return count << 10;
    case 'g': return count << 30;
    case 't': return count << 40;
    default: return count << 20;
  }
}

bool MayLockAnything() {
  constexpr unsigned kIpcLock = 14;  // CAP_IPC_LOCK
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.rfind("CapEff:", 0) != 0) continue;
    const size_t digits = line.find_first_not_of(" \t", 7);
    uint64_t effective = 0;
    if (digits == std::string::npos) return false;
    std::from_chars(line.data() + digits, line.data() + line.size(), effective, 16);
    return (effective >> kIpcLock & 1) != 0;
  }
  return false;
}

}  // namespace

LockLimit OwnLockLimit() {
  rlimit limit = {};
  if (getrlimit(RLIMIT_MEMLOCK, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return {};
  return MayLockAnything() ? LockLimit{} : LockLimit{limit.rlim_cur};
}

std::string LockComplaint(std::span<const std::string> words, LockLimit limit) {
  uint64_t memory = kDefaultMemory;
  bool locks = false;
  for (size_t i = 0; i + 1 < words.size(); ++i) {
    // QEMU takes options with one dash or two.
    std::string_view option = words[i];
    if (option.substr(0, 2) == "--") option.remove_prefix(1);
    if (option == "-m") memory = MemoryBytes(words[i + 1]);
    if (option == "-overcommit") locks = ValueOf(words[i + 1], "mem-lock") == "on";
  }
  if (!locks || memory <= limit.bytes) return {};
  return fmt::format(
      "-overcommit mem-lock=on: {} MiB of guest memory are to be locked, and QEMU's own; "
      "RLIMIT_MEMLOCK allows {} MiB. Raise it (as root: ulimit -l unlimited, or prlimit "
      "--memlock=unlimited --pid $$; LimitMEMLOCK=infinity in a unit of systemd), or leave "
      "mem-lock out: the GPU needs no locked memory",
      memory / kMiB, limit.bytes / kMiB);
}

}  // namespace gvt::tools
