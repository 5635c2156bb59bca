// The command rows of one engine, packed for the scan loop: one 8-byte entry for each value of a
// header's top half.
//
// All rows decode by header[31:16] alone (hw/command_table.h checks it), so that the entry is found
// by a shift and a load, and the length by a mask and an add. 512 KiB a table; a stream touches a
// few dozen lines of it.
#pragma once

#include <bit>
#include <cstdint>
#include <memory>

#include "hw/command_row.h"

namespace gvt::scanner {

// Why the fast path must hand a command on. A scan tests `flags` against the mask of its buffer
// kind and privilege.
enum OpcodeFlag : uint8_t {
  kAuditEffect = 1 << 0,  // has an effect, or is unknown
  kAuditUser = 1 << 1,    // privileged command: matters in non-privileged batches
  kAuditRing = 1 << 2,    // only meaningful in batches: matters outside them
  kLandmark = 1 << 3,     // draws or computes: where a stream that recurs is likely to fork
};

// Effects that are frequent and mostly plainly sound: scanner/quick_audit.h.
enum class Shortcut : uint8_t {
  kNone,
  kBatchEnd,
  kBatchStart,
  kPipeControl,
  kFlushDw,
  kLoadRegisterImm,
  kLoadRegisterMem,
  kLoadRegisterReg,
  kStoreRegisterMem,
  kStoreDataImm,
  kCopyMemMem,
};

struct OpcodeEntry {
  uint16_t length_mask = 0;   // length = base + (header & length_mask)
  uint16_t length_steps = 0;  // plain: length_min + (n << step_shift), n = 0 .. length_steps
  uint8_t base = 1;
  uint8_t length_min = 0;  // no length is 0: by default none is plain
  uint8_t flags = kAuditEffect;
  uint8_t step_shift : 4 = 0;
  Shortcut shortcut : 4 = Shortcut::kNone;

  uint32_t LengthOf(uint32_t header) const { return base + (header & length_mask); }
  // True: the length is allowed. False: it is not, or the row allows more than fits here.
  // Rotating puts what is no multiple of the step above every possible number of steps.
  bool LengthIsPlain(uint32_t length) const {
    return std::rotr(length - length_min, step_shift) <= length_steps;
  }
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
