// Benchmarks of hosts, beside what they cannot beat.
#pragma once

namespace gvt::bench {

// BM_Host/embedded and BM_Host/kvm, `rounds` rounds each.
void RegisterHostBench(int rounds);

}  // namespace gvt::bench
