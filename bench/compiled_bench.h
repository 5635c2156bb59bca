// What the compiled scanner costs and gives beyond what BM_Together shows.
#pragma once

namespace gvt::bench {

// BM_Compiling, BM_Skeletons, BM_OneBatch and BM_TwoThreads, `rounds` rounds each.
void RegisterCompiledBench(int rounds);

}  // namespace gvt::bench
