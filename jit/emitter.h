// From a trace to x86-64 code.
//
// One straight line: for each command a comparison of each dword that decides, and a jump away if
// it differs. No register but caller-saved ones is touched, no stack is used, and only the
// baseline instruction set, so that any x86-64 processor runs it. Values that a guest chose are
// constants in the arena's constant part; code holds distances and our own numbers only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "jit/link.h"
#include "jit/trace.h"

namespace gvt::jit {

// What a run leaves behind.
struct RunState {
  uintptr_t cursor = 0;   // host address of the last root passed
  uint64_t commands = 0;  // from the beginning of the run up to there
};

// Emitted code as a function. `cursor`: host address of the root that positions count from; `end`:
// behind the copy, where nothing is read. `gma_bias` + the host address of a dword = its graphics
// address. `commands` is where counting starts. Returns the number of the link through which it
// left.
using TraceFunction = uint32_t (*)(uintptr_t cursor, uintptr_t end, RunState* state,
                                   uint64_t gma_bias, uint64_t commands);

// Room in the arena, all in the write view.
struct EmitTarget {
  std::span<uint8_t> code;
  std::span<uint32_t> constants;
  std::span<Link> links;    // all of them: code addresses them by number
  uint32_t first_link = 0;  // the trace takes numbers from here on
  const uint8_t* leave = nullptr;
};

struct Emitted {
  size_t code_bytes = 0;  // 0: it does not fit
  size_t constants = 0;
  uint32_t links = 0;
};

// The common way out, to be emitted once: stores the state and returns. Returns its size in bytes.
size_t EmitLeave(std::span<uint8_t> code);

// Emits `trace`; the new links' `code` is for the caller to fill in. `alternatives`: those of the
// link that the trace hangs on. `root`: the link of the root where a trace that ends with kLandmark
// goes on. Never writes outside of `target`.
Emitted EmitTrace(const Trace& trace, uint8_t alternatives, uint32_t root,
                  const EmitTarget& target);

// Largest code of a trace, in bytes, and how many links it may take.
size_t MaxCodeBytes(const Trace& trace);
uint32_t MaxLinks(const Trace& trace);

// Branches tried at one position before what follows is left to the interpreter.
inline constexpr uint8_t kMaxAlternatives = 12;

}  // namespace gvt::jit
