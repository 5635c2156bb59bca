// Names of emitted code for profilers and debuggers, where the environment asks for them.
//
// GVTCORE_JIT_SYMBOLS is a list of: "perf", lines in the file perf-PID.map, where Linux' perf
// looks for them; "gdb", a symbol file in memory for each sequence (jit/gdb_symbols.h). Neither
// costs anything where it is not asked for.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "jit/gdb_symbols.h"

namespace gvt::jit {

class CodeNames {
 public:
  // Null: the environment asks for nothing.
  static std::unique_ptr<CodeNames> Create();
  ~CodeNames();
  CodeNames(const CodeNames&) = delete;
  CodeNames& operator=(const CodeNames&) = delete;

  // `code`: in the execute view. Thread rule: one at a time. Cost: a system call for
  // perf; a stop of the process where a debugger is attached.
  void Add(std::span<const uint8_t> code, const std::string& name);
  // The code of all names is gone. perf keeps them: where code was emitted twice, its map has both.
  void Forget() { symbols_.clear(); }

 private:
  CodeNames(int perf_map, bool gdb) : perf_map_(perf_map), gdb_(gdb) {}

  const int perf_map_;  // a file, or -1
  const bool gdb_;
  std::vector<std::unique_ptr<GdbSymbol>> symbols_;
};

}  // namespace gvt::jit
