// Counts what the program allocates, for tests that say: nothing.
#pragma once

#include <cstdint>

namespace gvt::test {

// Calls of operator new since the program started, in all threads.
uint64_t AllocationCount();

}  // namespace gvt::test
