// The arithmetic unit behind MI_MATH: sixteen 64-bit registers, two sources, an accumulator, two
// flags.
#pragma once

#include <cstdint>
#include <span>

#include "gpu/soft/judged_registers.h"

namespace gvt::gpu::soft {

// Executes the instructions of one MI_MATH, its dwords from 1 on. Sources, accumulator and flags
// are zero at its begin and gone at its end. What is no instruction, or names no operand, does
// nothing. Source: PRM SKL vol 2a "MI_MATH".
void RunAlu(std::span<const uint32_t> instructions, JudgedRegisters& registers);

}  // namespace gvt::gpu::soft
