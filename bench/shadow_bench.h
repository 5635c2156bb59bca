// Shadow page tables beside memcpy, and the index of tables beside the maps that one would take.
#pragma once

namespace gvt::bench {

// BM_Populate, BM_Leases, BM_Submission, BM_Lookup, BM_LookupBesideWriter: `rounds` rounds each.
void RegisterShadowBench(int rounds);

}  // namespace gvt::bench
