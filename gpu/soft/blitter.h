// The copies and fills of the blitter engine that drivers use: XY_COLOR_BLT, XY_SRC_COPY_BLT,
// XY_FAST_COPY_BLT.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "gpu/soft/data_memory.h"

namespace gvt::gpu::soft {

// The header is one of the three.
bool IsBlit(uint32_t header);

class Blitter {
 public:
  // Does the next part of the command, kPartBytes or one row of pixels. True: it is done. Between
  // the parts of a command no other is given, unless Resume() comes first. `dwords`: the whole
  // command; `software_control`: BCS_SWCTRL. Faults are in `memory`.
  bool RunPart(std::span<const uint32_t> dwords, uint32_t software_control, DataMemory& memory);
  // The next command is one of which so many rows are done; 0: a new one. Any number is safe.
  void Resume(uint32_t rows) { rows_done_ = rows; }
  // Of the command at hand; below 2^15, if what was resumed was.
  uint32_t rows_done() const { return rows_done_; }

  static constexpr uint64_t kPartBytes = 256 * 1024;

 private:
  uint32_t rows_done_ = 0;
  std::vector<std::byte> source_;
  std::vector<std::byte> destination_;
};

}  // namespace gvt::gpu::soft
