// Where the interrupts of an engine are: a group of GT registers, and a half of each.
//
// Source: linux v6.1 gt/intel_gt_irq.c gen8_gt_irq_handler; PRM SKL vol 2c "Interrupt 0
// Definition".
#pragma once

#include <cstdint>

#include "hw/platform.h"

namespace gvt::hw {

struct EngineInterruptBits {
  uint32_t group;  // offset of the group's ISR; IMR, IIR and IER follow
  unsigned shift;  // of its bits: 0 or 16
};

constexpr EngineInterruptBits InterruptBitsOf(Engine engine) {
  switch (engine) {
    case Engine::kRcs: return {0x44300, 0};
    case Engine::kBcs: return {0x44300, 16};
    case Engine::kVcs: return {0x44310, 0};
    case Engine::kVcs2: return {0x44310, 16};
    case Engine::kVecs: return {0x44330, 0};
  }
  return {0x44300, 0};
}

}  // namespace gvt::hw
