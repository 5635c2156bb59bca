// Making processors forget instructions that they fetched, where other code is put in their place.
#pragma once

namespace gvt::jit {

// Whether this process can do that. Thread rule: any thread. Cost: a system call, once.
bool FetchBarrierIsAvailable();

// Returns when every processor that runs a thread of this process has given up instructions that it
// fetched ahead. Source: Intel SDM vol 3 section 8.1.3, membarrier(2). Cost: a system call.
void SynchronizeFetches();

}  // namespace gvt::jit
