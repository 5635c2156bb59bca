// tiny_vmm: boots a guest of a few hundred instructions on /dev/kvm, which drives a vGPU.
#include <cstdio>

#include "examples/tiny_vmm/demo.h"

int main() {
  const gvt::tiny_vmm::DemoResult result = gvt::tiny_vmm::RunDemo();
  if (!result.error.empty()) {
    std::fprintf(stderr, "tiny_vmm: %s\n", result.error.c_str());
    return 1;
  }
  std::printf("%llu accesses of a driver in %llu exits; interrupt 0x%x; seqno 0x%x\n",
              static_cast<unsigned long long>(result.steps),
              static_cast<unsigned long long>(result.exits), result.vector, result.seqno);
  return 0;
}
