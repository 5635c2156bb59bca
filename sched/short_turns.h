// What an engine's thread asks of the system's scheduler: short turns.
#pragma once

#include <cstdint>

namespace gvt::sched {

// The shortest that Linux gives.
inline constexpr uint64_t kProcessorTurnNs = 100'000;

// The calling thread is to be given a processor for kProcessorTurnNs at a time, where others want
// it, too. It gets as much time as before, in smaller pieces, and earlier: who wakes up for a short
// turn takes the place of one that is in the middle of a longer one, which may be the very thread
// that woke it.
//
// Nothing happens to a thread that its host has put into another class than the normal one, nor
// where the system knows no such wish (Linux before 6.12) or forbids it. Cost: two system calls.
void AskForShortTurns();

}  // namespace gvt::sched
