// What a capture's submission makes an engine run, in the walker's terms.
//
// The register state of the context is read once, here. Everything stays untrusted; the walker
// checks it against the policy.
//
// Source: PRM SKL vol 7 "Register State Context", through hw/context_image.h.
#include "tools/common/capture_workload.h"

#include <array>

#include "hw/context_image.h"

namespace gvt::tools {
namespace {

void AddContext(const capture::Submission& submission, const capture::GpuMemory& memory,
                hw::Generation generation, scanner::Workload* workload) {
  const uint32_t pages = hw::ContextPages(generation, submission.engine) - 1;  // without the PPHWSP
  workload->context_image =
      scanner::BufferPart{submission.context_image, pages * static_cast<uint32_t>(kPageSize)};
  std::array<uint32_t, hw::kContextDwords> state{};
  const size_t bytes = memory.Read(hw::AddressSpace::kGgtt, submission.context_image,
                                   std::as_writable_bytes(std::span(state)));
  const std::span<const uint32_t> there = std::span(state).first(bytes / sizeof(uint32_t));
  if (const auto indirect = hw::ReadContextIndirect(generation, submission.engine, there)) {
    workload->indirect_context = scanner::BufferPart{indirect->start, indirect->size_bytes};
  }
  workload->per_context_batch = hw::ReadContextPerCtxBatch(generation, submission.engine, there);
}

}  // namespace

uint32_t CaptureSource::Fetch(hw::AddressSpace space, Gma address, std::span<uint32_t> out) {
  const size_t bytes = memory_.Read(space, address, std::as_writable_bytes(out));
  return static_cast<uint32_t>(bytes / sizeof(uint32_t));
}

scanner::Workload WorkloadOf(const capture::Submission& submission,
                             const capture::GpuMemory& memory, hw::Platform platform) {
  scanner::Workload workload;
  workload.engine = submission.engine;
  if (submission.has_context) {
    AddContext(submission, memory, hw::GenerationOf(platform), &workload);
  }
  if (submission.kind == capture::SubmissionKind::kRing) {
    const capture::RingPart& ring = submission.ring;
    workload.ring = scanner::RingPart{ring.start, ring.size_bytes, ring.head, ring.tail};
  } else {
    workload.batch = scanner::BatchPart{submission.batch.space, submission.batch.start};
  }
  return workload;
}

}  // namespace gvt::tools
