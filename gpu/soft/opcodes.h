// The command rows of one engine as the streamer steps through them: one entry for each value of a
// header's top half.
#pragma once

#include <cstdint>
#include <memory>

#include "hw/command_row.h"
#include "hw/platform.h"

namespace gvt::gpu::soft {

struct Opcode {
  uint16_t length_mask = 0;  // length in dwords = length_base + (header & length_mask)
  uint16_t row = 0;          // hw::RowIndex
  uint8_t length_base = 0;   // 0: nothing decodes here
  hw::Effect effect = hw::Effect::kNone;
  bool privileged = false;  // a no-op in a non-privileged batch
  bool plain = false;       // nothing to execute: step over it

  bool known() const { return length_base != 0; }
  uint32_t LengthOf(uint32_t header) const { return length_base + (header & length_mask); }
};

class OpcodeTable {
 public:
  // Cost: 64 Ki entries are written; OpcodeTableOf() does it once for each pair.
  OpcodeTable(hw::Generation generation, hw::Engine engine);

  const Opcode& operator[](uint32_t header) const { return entries_[header >> 16]; }

 private:
  std::unique_ptr<Opcode[]> entries_;
};

// The table of a generation and engine, made at first use and kept. Thread rule: any thread.
const OpcodeTable& OpcodeTableOf(hw::Generation generation, hw::Engine engine);

}  // namespace gvt::gpu::soft
