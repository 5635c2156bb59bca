// Source of the map's form: linux v6.1 tools/perf/Documentation/jit-interface.txt.
#include "jit/code_names.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace gvt::jit {
namespace {

// Where perf looks, whatever TMPDIR says.
constexpr const char* kFolder = "/tmp";

// The process's map, to be added to; -1: there is none to be had. Others may write to the folder:
// what is there already is taken only if it is a plain file of ours that has no other name.
int OpenPerfMap() {
  char path[64];
  std::snprintf(path, sizeof path, "%s/perf-%ld.map", kFolder, static_cast<long>(getpid()));
  const int file = open(path, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (file < 0) return -1;
  struct stat found = {};
  const bool ours = fstat(file, &found) == 0 && S_ISREG(found.st_mode) && found.st_nlink == 1 &&
                    found.st_uid == geteuid();
  if (ours) return file;
  close(file);
  return -1;
}

// Whether `word` is in a list that commas divide.
bool Lists(std::string_view list, std::string_view word) {
  while (!list.empty()) {
    const size_t end = std::min(list.find(','), list.size());
    if (list.substr(0, end) == word) return true;
    list.remove_prefix(std::min(end + 1, list.size()));
  }
  return false;
}

}  // namespace

std::unique_ptr<CodeNames> CodeNames::Create() {
  const char* const wish = std::getenv("GVTCORE_JIT_SYMBOLS");
  if (wish == nullptr) return nullptr;
  const int perf_map = Lists(wish, "perf") ? OpenPerfMap() : -1;
  const bool gdb = Lists(wish, "gdb");
  if (perf_map < 0 && !gdb) return nullptr;
  return std::unique_ptr<CodeNames>(new CodeNames(perf_map, gdb));
}

CodeNames::~CodeNames() {
  if (perf_map_ >= 0) close(perf_map_);
}

void CodeNames::Add(std::span<const uint8_t> code, const std::string& name) {
  if (perf_map_ >= 0) {
    char line[128];
    const int length =
        std::snprintf(line, sizeof line, "%zx %zx %s\n", reinterpret_cast<uintptr_t>(code.data()),
                      code.size(), name.c_str());
    // What does not fit on the disk is a name less.
    [[maybe_unused]] const ssize_t written =
        write(perf_map_, line, std::min(static_cast<size_t>(length), sizeof line - 1));
  }
  if (gdb_) symbols_.push_back(std::make_unique<GdbSymbol>(code, name));
}

}  // namespace gvt::jit
