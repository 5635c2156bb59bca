// MI_ATOMIC: read-modify-write of memory, atomic against the guest's CPUs.
#pragma once

#include <cstdint>
#include <span>

#include "gpu/soft/data_memory.h"
#include "gpu/soft/judged_registers.h"

namespace gvt::gpu::soft {

// Executes one MI_ATOMIC of 3 or 11 dwords; the caller has judged its address space. An opcode or
// size that does not exist does nothing. Source: PRM SKL vol 2a "MI_ATOMIC".
void ExecuteAtomic(std::span<const uint32_t> command, JudgedRegisters& registers,
                   DataMemory& memory);

}  // namespace gvt::gpu::soft
