// From what a capture holds to what the walker takes. Shared by the programs, the benchmarks, the
// fuzzers and the tests.
#pragma once

#include "capture/gpu_memory.h"
#include "capture/submission.h"
#include "hw/platform.h"
#include "scanner/segment_source.h"
#include "scanner/workload.h"

namespace gvt::tools {

// Private copies out of a capture's memory. Keeps a reference.
class CaptureSource final : public scanner::SegmentSource {
 public:
  explicit CaptureSource(const capture::GpuMemory& memory) : memory_(memory) {}
  uint32_t Fetch(hw::AddressSpace space, Gma address, std::span<uint32_t> out) override;

 private:
  const capture::GpuMemory& memory_;
};

// Ring or batch, context image, and the context buffers that the image points to, each value read
// once.
scanner::Workload WorkloadOf(const capture::Submission& submission,
                             const capture::GpuMemory& memory, hw::Platform platform);

}  // namespace gvt::tools
