// What every fuzz target is made of: the engine's entry point and how a broken property is told.
#pragma once

#include <cstddef>
#include <cstdint>

// The entry point that fuzzing engines and replay_main.cc call, once an input. Returns 0.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace gvt::fuzz {

// Prints `property` to stderr and aborts: for an engine, that is a finding.
[[noreturn]] void FailProperty(const char* property);

// A property of the code under test. `property` is a sentence that is true of correct code.
inline void Require(bool holds, const char* property) {
  if (!holds) [[unlikely]] {
    FailProperty(property);
  }
}

}  // namespace gvt::fuzz
