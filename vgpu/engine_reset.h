// Resets of engines and of everything that belongs to the GT.
#pragma once

#include "vgpu/mmio_context.h"

namespace gvt::vgpu {

// Drops the engine's work and puts its execution state back. Returns when its thread is out of it.
void ResetEngine(MmioContext& context, hw::Engine engine);

// All engines, and the registers below the interrupts: fences, GGTT, interrupts and display stay.
void ResetGt(MmioContext& context);

}  // namespace gvt::vgpu
