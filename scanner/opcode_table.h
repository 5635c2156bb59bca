// The command rows of one engine, packed for the scan loop: one 8-byte entry for each value of a
// header's top half.
//
// All rows decode by header[31:16] alone (hw/command_table.h checks it), so that the entry is found
// by a shift and a load, and the length by a mask and an add. 512 KiB a table; a stream touches a
// few dozen lines of it.
#pragma once

#include <cstdint>
#include <memory>

#include "hw/command_row.h"

namespace gvt::scanner {

// Why the fast path must hand a command to the audit. A scan tests `flags` against the mask of its
// buffer kind and privilege.
enum OpcodeFlag : uint8_t {
  kAuditAlways = 1 << 0,  // has an effect, is unknown, or its length set is no plain run
  kAuditUser = 1 << 1,    // privileged command: matters in non-privileged batches
  kAuditRing = 1 << 2,    // only meaningful in batches: matters outside them
};

struct OpcodeEntry {
  uint16_t length_mask = 0;  // length = base + (header & length_mask)
  uint16_t length_min = 0;
  uint16_t length_span = 0;  // allowed: length_min .. length_min + length_span
  uint8_t base = 1;
  uint8_t flags = kAuditAlways;

  uint32_t LengthOf(uint32_t header) const { return base + (header & length_mask); }
  bool LengthIsPlain(uint32_t length) const { return length - length_min <= length_span; }
};
static_assert(sizeof(OpcodeEntry) == 8);

inline constexpr uint32_t kOpcodeCount = 1u << 16;

class OpcodeTable {
 public:
  // Cost: a pass over all rows and 64 Ki entries; done once for each (generation, engine).
  OpcodeTable(hw::Generation generation, hw::Engine engine);

  const OpcodeEntry* entries() const { return entries_.get(); }
  // The row of a header, or nullptr if the command is unknown.
  const hw::CommandRow* RowOf(uint32_t header) const { return rows_[header >> 16]; }

 private:
  std::unique_ptr<OpcodeEntry[]> entries_;
  std::unique_ptr<const hw::CommandRow*[]> rows_;
};

// The table of a generation and engine, made at first use and kept. Thread rule: any thread.
const OpcodeTable& OpcodeTableFor(hw::Generation generation, hw::Engine engine);

}  // namespace gvt::scanner
