// The blitter: all its commands, in parts between which it can be taken away.
#pragma once

#include <cstdint>
#include <span>

#include "gpu/soft/blit_command.h"
#include "gpu/soft/blit_row.h"
#include "gpu/soft/data_memory.h"

namespace gvt::gpu::soft {

// What a context leaves when it is taken away.
struct BlitterState {
  BlitSetup setup{};
  uint32_t rows_done = 0;  // of the command at hand

  friend bool operator==(const BlitterState&, const BlitterState&) = default;
};

class Blitter {
 public:
  // Does the next part of the command, kPartBytes or one row of pixels. True: it is done. Between
  // the parts of a command no other is given, unless Abandon() or SetState() comes first. `dwords`:
  // the whole command; `control`: BCS_SWCTRL. Faults are in `memory`.
  bool RunPart(std::span<const uint32_t> dwords, uint32_t control, DataMemory& memory);

  // The next command is a new one.
  void Abandon() { state_.rows_done = 0; }
  // Any state is safe.
  void SetState(const BlitterState& state) { state_ = state; }
  const BlitterState& state() const { return state_; }

  static constexpr uint64_t kPartBytes = 256 * 1024;

 private:
  BlitterState state_;
  BlitRow row_;
};

}  // namespace gvt::gpu::soft
