// Captures as a mediator meets them: for the first time, and out of memory that no cache holds.
#pragma once

namespace gvt::bench {

// BM_FirstSight and BM_FromMemory, `rounds` rounds each.
void RegisterSightBench(int rounds);

}  // namespace gvt::bench
