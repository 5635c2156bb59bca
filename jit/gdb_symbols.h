// A function of emitted code that GDB knows by name, for as long as the object lives.
//
// GDB (and LLDB) put a breakpoint on a function of a known name and, when it is called, read a list
// of ELF images from the process. Source: GDB manual, "JIT Compilation Interface".
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace gvt::jit {

// An ELF image whose one symbol is a function `name` over `code`, at the address where that lies.
// It holds no copy of the code.
std::vector<uint8_t> SymbolFile(std::span<const uint8_t> code, const std::string& name);

// What the debugger reads; its layout is the interface's.
struct GdbEntry {
  GdbEntry* next = nullptr;
  GdbEntry* previous = nullptr;
  const uint8_t* image = nullptr;
  uint64_t image_bytes = 0;
};

class GdbSymbol {
 public:
  // Thread rule: any thread.
  GdbSymbol(std::span<const uint8_t> code, const std::string& name);
  ~GdbSymbol();
  GdbSymbol(const GdbSymbol&) = delete;
  GdbSymbol& operator=(const GdbSymbol&) = delete;

  const GdbEntry& entry() const { return entry_; }

 private:
  const std::vector<uint8_t> image_;
  GdbEntry entry_;
};

}  // namespace gvt::jit
