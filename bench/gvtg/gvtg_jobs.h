// What the kernel's scanner does with a corpus: the batches that it can do, and the passes over
// them.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "bench/corpus.h"
#include "bench/guest_memory.h"
#include "bench/gvtg/machine.h"
#include "hw/platform.h"

namespace gvt::bench {

struct MachineDeleter {
  void operator()(gvtg_machine* machine) const { gvtg_destroy(machine); }
};
using Machine = std::unique_ptr<gvtg_machine, MachineDeleter>;

// A vGPU of GVT-g with the windows of the default policy, which knows the registers of every
// engine's default context. `setup` says the rest.
Machine MakeMachine(hw::Platform platform, gvtg_setup setup);

// How much of a corpus GVT-g accepts.
struct Acceptance {
  size_t batches = 0;  // of the capture
  size_t stock = 0;    // accepted by GVT-g as it is
  size_t opened = 0;   // with every register accessible that the capture loads with immediates
};

// The batches of `corpus` that GVT-g accepts once those registers are accessible, each as a batch
// of its own: where one goes on elsewhere (chain, second level), it ends instead.
Corpus ForGvtg(const Corpus& corpus, Acceptance* acceptance);

// A corpus from ForGvtg() with all that GVT-g needs for it.
class GvtgJobs {
 public:
  explicit GvtgJobs(const Corpus& corpus);

  // command_scan() alone over linear copies. Returns the number of batches that were refused.
  uint64_t Scan();
  // intel_gvt_scan_and_shadow_ringbuffer() of one workload a batch: ring, page walks, shadow, scan.
  uint64_t ScanAndShadow();

 private:
  const Corpus& corpus_;
  std::vector<uint32_t> copies_;  // the pieces' dwords, which GVT-g may patch
  GuestMemory memory_;
  Machine machine_;
};

}  // namespace gvt::bench
