// How a custom mutator is called and what it calls. Source: LLVM 14 "libFuzzer" documentation,
// FuzzerInterface.h.
#pragma once

#include <cstddef>
#include <cstdint>

// Ours, found by the engine by its name: changes data[0, size) in place and returns the new size,
// at most max_size.
extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size,
                                          unsigned seed);

// The engine's own mutation of bytes.
extern "C" size_t LLVMFuzzerMutate(uint8_t* data, size_t size, size_t max_size);
