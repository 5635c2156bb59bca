// One piece of work as the walker takes it: what an execlist element makes an engine run.
//
// All values are the guest's and untrusted. They are read once by whoever makes the Workload;
// nothing re-reads them later.
#pragma once

#include <cstdint>
#include <optional>

#include "base/address.h"
#include "hw/platform.h"

namespace gvt::scanner {

// Ring content from head to tail; offsets in bytes from start. head == tail: nothing to run.
struct RingPart {
  Gma start;
  uint32_t size_bytes = 0;
  uint32_t head = 0;
  uint32_t tail = 0;
};

struct BatchPart {
  hw::AddressSpace space = hw::AddressSpace::kPpgtt;
  Gma start;
};

// A buffer of stated size in the GGTT.
struct BufferPart {
  Gma start;
  uint32_t size_bytes = 0;
};

struct Workload {
  hw::Engine engine = hw::Engine::kRcs;
  std::optional<BufferPart> context_image;
  std::optional<BufferPart> indirect_context;
  std::optional<Gma>
      per_context_batch;  // independent of indirect_context: hardware runs it either way
  std::optional<RingPart> ring;
  std::optional<BatchPart> batch;  // a first-level batch without a ring (error states, raw files)
};

}  // namespace gvt::scanner
