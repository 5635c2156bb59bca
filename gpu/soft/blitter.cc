// A rectangle of pixels, row by row. Each part decodes the command anew: a row number is all that
// there is to remember.
//
// Invariants:
// 1. A part is bounded, so that control can be taken away from the largest rectangle.
// 2. Rows go from the bottom up where the source lies before the destination: surfaces may overlap.
//
// Source: as blit_command.cc; PRM SKL vol 11 (overlapping operands).
#include "gpu/soft/blitter.h"

#include <optional>

namespace gvt::gpu::soft {

bool Blitter::RunPart(std::span<const uint32_t> dwords, uint32_t control, DataMemory& memory) {
  const std::optional<Blit> blit = DecodeBlit(dwords, control, &state_.setup);
  uint32_t& done = state_.rows_done;
  if (blit && done < blit->height) {
    row_.Begin(*blit);
    for (uint64_t moved = 0; done < blit->height && moved < kPartBytes;
         moved += row_.size_bytes()) {
      row_.Draw(blit->bottom_up ? blit->height - 1 - done : done, memory);
      ++done;
      if (memory.fault().pending) break;
    }
    if (done < blit->height && !memory.fault().pending) return false;
  }
  done = 0;
  return true;
}

}  // namespace gvt::gpu::soft
