// A guest on the real /dev/kvm that drives a vGPU: configuration space, GGTT, a context and its
// ring, a submission, a message, a sequence number.
#pragma once

#include <cstdint>
#include <string>

namespace gvt::tiny_vmm {

struct DemoResult {
  std::string error;    // what went wrong; empty: all went well
  uint32_t seqno = 0;   // as the guest read it behind the interrupt
  uint32_t vector = 0;  // of the interrupt
  uint64_t steps = 0;   // accesses of the guest's driver
  uint64_t exits = 0;   // of KVM_RUN to the VMM
};

// Takes about 50 ms.
DemoResult RunDemo();

}  // namespace gvt::tiny_vmm
