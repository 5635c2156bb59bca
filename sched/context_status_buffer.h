// The context status buffer: six entries in registers and in the guest's status page, by which a
// driver follows what the execlist unit does.
#pragma once

#include <cstdint>

#include "gpu/memory_port.h"
#include "gpu/own_registers.h"
#include "gpu/register_port.h"
#include "hw/platform.h"

namespace gvt::sched {

// Lower dword of an entry; the upper one is the context's id. Source: PRM SKL vol 7 "Context
// Status", linux v6.1 gt/intel_lrc_reg.h.
enum ContextStatus : uint32_t {
  kIdleToActive = 1u << 0,
  kPreempted = 1u << 1,
  kElementSwitch = 1u << 2,
  kActiveToIdle = 1u << 3,
  kContextComplete = 1u << 4,
  kLiteRestore = 1u << 15,
};

class ContextStatusBuffer {
 public:
  ContextStatusBuffer(hw::Engine engine, gpu::MemoryPort& memory, gpu::RegisterPort& registers)
      : memory_(memory), registers_(registers, engine) {}

  // Adds an entry: first to registers and status page, then the pointer to it in either, so that
  // whoever sees a pointer sees the entry wherever he looks. Interrupts are the caller's.
  void Add(uint32_t status, uint32_t context_id);

 private:
  uint32_t NextSlot() const;

  gpu::MemoryPort& memory_;
  gpu::OwnRegisters registers_;
};

}  // namespace gvt::sched
