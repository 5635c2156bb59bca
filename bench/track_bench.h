// Ways to learn of a guest's writes on KVM, side by side.
#pragma once

namespace gvt::bench {

// BM_Track, `rounds` rounds.
void RegisterTrackBench(int rounds);

}  // namespace gvt::bench
