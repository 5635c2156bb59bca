// The command rows of one engine once more, for the loops that only find out where commands start:
// how long each is, and whether that is all there is to know about it.
//
// Made of an OpcodeTable for one set of flags that matter (FlagsToAudit() in scanner/shortcuts.h),
// so that one comparison and one mask of dword 1 tell what has to be looked at.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "hw/platform.h"
#include "scanner/opcode_table.h"

namespace gvt::scanner {

struct StepEntry {
  uint16_t length_mask = 0;         // length = base + (header & length_mask)
  uint16_t usual_field = kNoPlain;  // header & length_mask of the usual length, if such are stepped
                                    // over; with kNoPlain: if they have to be looked at
  uint16_t doubts = 0;              // bits 8 to 23 of dword 1 that must not be set for that
  uint8_t base = 1;
  Shortcut shortcut = Shortcut::kNone;  // if an effect that has one is all there is to look at

  // No length field of a command that must be looked at has this bit.
  static constexpr uint16_t kNoPlain = 0x8000;
  static constexpr unsigned kDoubtShift = 8;

  uint32_t FieldOf(uint32_t header) const { return header & length_mask; }
  // 0: the command is stepped over. `next`: dword 1 of the command, or anything if it has none.
  uint32_t DoubtOf(uint32_t field, uint32_t next) const {
    return (field ^ usual_field) | ((next >> kDoubtShift) & doubts);
  }
  // Of a row that exists: whether it has the usual length, so that nobody has to ask if it is
  // allowed.
  bool IsUsual(uint32_t field) const { return field == (usual_field & ~uint32_t{kNoPlain}); }
};
static_assert(sizeof(StepEntry) == 8);

class StepTable {
 public:
  // Cost: a pass over 64 Ki entries; done once for each (generation, engine, flags).
  StepTable(const OpcodeTable& opcodes, unsigned flags);

  // The table for segments in which `flags` matter, made at first use and kept. Thread rule: any
  // thread. Cost: one load, but at first use.
  static const StepTable& For(hw::Generation generation, hw::Engine engine, unsigned flags) {
    const size_t row = static_cast<size_t>(generation) * hw::kEngineCount;
    const size_t index = (row + static_cast<size_t>(engine)) * kFlagSets + flags % kFlagSets;
    const StepTable* const made = tables[index].load(std::memory_order_acquire);
    return made != nullptr ? *made : Make(generation, engine, flags, &tables[index]);
  }

  const StepEntry* entries() const { return entries_.get(); }

 private:
  // Values of `flags` that occur: three bits.
  static constexpr size_t kFlagSets = 8;

  static const StepTable& Make(hw::Generation generation, hw::Engine engine, unsigned flags,
                               std::atomic<const StepTable*>* slot);

  // atomic: published by Make with release, read with acquire; never destroyed, as engines may
  // still run while the process ends
  static std::array<std::atomic<const StepTable*>,
                    size_t{hw::kGenerationCount} * hw::kEngineCount * kFlagSets>
      tables;

  std::unique_ptr<StepEntry[]> entries_;
};

}  // namespace gvt::scanner
