// What it costs to take an empty workload through the core, and how late it begins.
#pragma once

namespace gvt::bench {

// Registers BM_EmptyWorkload/<engine>, on stepped engines, and BM_Dispatch, on threads, with Google
// Benchmark. `rounds`: slices of each.
void RegisterWorkloadBench(int rounds);

}  // namespace gvt::bench
