// The command rows of one engine once more, for the loops that only find out where commands start:
// how long each is, and whether that is all there is to know about it.
//
// Made of an OpcodeTable for one set of flags that matter (FlagsToAudit() in scanner/shortcuts.h),
// so that one comparison under a mask tells what has to be looked at.
#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>

#include "base/bits.h"
#include "hw/platform.h"
#include "scanner/opcode_table.h"

namespace gvt::scanner {

// The first two dwords of a command as one number, dword 0 in its low half.
using FirstTwo = uint64_t;

// Reads dwords[0] and dwords[1].
inline FirstTwo FirstTwoAt(const uint32_t* dwords) {
  static_assert(std::endian::native == std::endian::little);
  FirstTwo two;
  std::memcpy(&two, dwords, sizeof two);
  return two;
}

struct StepEntry {
  uint32_t length_mask = 0;  // length = base + (header & length_mask)
  uint8_t base = 1;
  Shortcut shortcut = Shortcut::kNone;  // if an effect that has one is all there is to look at
  // What watched bits must be for a command to be stepped over: header & length_mask of the usual
  // length, and 0 above, or, if it is negative, 1.
  int16_t usual = 0;

  // Bit of the header that is watched where every command has to be looked at: `usual` then has it
  // unlike the headers of the entry.
  static constexpr uint64_t kUnlikeAny = 1u << 31;

  uint32_t FieldOf(uint32_t header) const { return header & length_mask; }
  // Of a row that exists: true only if it has the usual length, so that nobody has to ask if it is
  // allowed.
  bool IsUsual(uint32_t header) const {
    return ((header ^ static_cast<uint32_t>(usual)) & length_mask) == 0;
  }
  // Bits of `watched` that are not as usual. 0: the command is stepped over. Dword 1 may be
  // anything if the command has none.
  uint64_t DoubtOf(FirstTwo dwords, uint64_t watched) const {
    return (dwords ^ static_cast<uint64_t>(int64_t{usual})) & watched;
  }
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

  const StepEntry& EntryOf(uint32_t header) const { return entries_[header >> 16]; }
  // 0: the command is stepped over.
  uint64_t DoubtOf(const StepEntry& entry, FirstTwo dwords) const {
    return entry.DoubtOf(dwords, watched_[static_cast<uint32_t>(dwords) >> 16]);
  }

  // The same of dwords that were loaded apart, which costs less than to put them together.
  uint32_t DoubtOf(const StepEntry& entry, uint32_t header, uint32_t next) const {
    const uint64_t watched = watched_[header >> 16];
    const auto usual = static_cast<uint32_t>(int32_t{entry.usual});
    return ((header ^ usual) & Low32(watched)) | (next & High32(watched));
  }

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

  // One row for each value of a header's top half: apart, since the next header waits for entries.
  std::array<StepEntry, kOpcodeCount> entries_;
  std::array<uint64_t, kOpcodeCount> watched_;  // bits of the first two dwords
};

}  // namespace gvt::scanner
