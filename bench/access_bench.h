// What an access of a guest to a register costs, through the C contract, beside an access that does
// nothing there.
#pragma once

namespace gvt::bench {

// Registers BM_RegisterAccess with Google Benchmark. `rounds`: slices of each kind of access.
void RegisterAccessBench(int rounds);

}  // namespace gvt::bench
