// Which registers belong to a context, and where its image keeps them.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "hw/platform.h"

namespace gvt::gpu::soft {

struct SavedRegister {
  uint32_t offset = 0;          // in BAR 0
  uint32_t saved_mask = 0;      // bits of the value that are saved
  uint32_t write_mask = 0;      // or-ed into the image's value, for masked registers
  uint16_t value_dword = 0;     // its place in the image; 0: in the list behind the layout
  bool always_allowed = false;  // an image may load it, whatever value and whatever the slots say
};

struct SavedRegisters {
  std::vector<SavedRegister> in_layout;  // at the place that stock drivers know; by value_dword
  std::vector<SavedRegister> in_list;    // behind it, by offset
  // Of the registers of either, in the same order.
  std::vector<uint32_t> layout_offsets;
  std::vector<uint32_t> list_offsets;
};

// What is saved and restored with a context, besides ring, batch state, timestamp and roots: what
// non-privileged batches may write, and what the tables say hardware saves. Made at first use and
// kept. Thread rule: any thread.
const SavedRegisters& SavedRegistersOf(hw::Platform platform, hw::Engine engine);

}  // namespace gvt::gpu::soft
