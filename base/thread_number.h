// A small number for each running thread: an index into what every thread has a piece of its own
// of.
#pragma once

#include <cstdint>

namespace gvt {

// Threads of the process that have a number at the same time; further ones do without.
inline constexpr uint32_t kMaxNumberedThreads = 64;
inline constexpr uint32_t kNoThreadNumber = kMaxNumberedThreads;

// The number of this thread, below kMaxNumberedThreads, kept until it ends; kNoThreadNumber: all
// are taken. Whoever gets the number of a thread that has ended sees all that it did. Progress:
// lock-free, bounded.
uint32_t ThreadNumber();

}  // namespace gvt
