// One vGPU's engine in time that is counted, not passed.
#pragma once

#include <cstdint>

#include "gpu/engine_clock.h"
#include "sched/virtual_execlist.h"
#include "tests/gpu_soft/fake_ports.h"
#include "tests/sched/fake_backend.h"
#include "tests/sched/fake_registers.h"

namespace gvt::sched_test {

class CountedClock final : public gpu::EngineClock {
 public:
  uint64_t NowNs() override { return now_ns; }
  uint64_t now_ns = 1;
};

// Once submitted it has work for ever.
struct CountedUnit {
  CountedUnit()
      : execlist(sched::EnginePorts{hw::Engine::kBcs, &backend, &memory, &registers, &interrupts}) {
  }
  void Submit() {
    for (const uint32_t value : {0u, 0u, 1u, 0x10119u}) execlist.WriteElsp(value);
  }
  // Its work is done: what a run to the tail makes of it.
  void Finish() {
    backend.ends.clear();
    execlist.RunSlice(1);
  }

  FakeBackend backend;
  soft_test::FakeMemory memory;
  FakeRegisters registers;
  soft_test::FakeInterrupts interrupts;
  sched::VirtualExeclist execlist;
};

}  // namespace gvt::sched_test
