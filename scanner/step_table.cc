#include "scanner/step_table.h"

#include <algorithm>
#include <bit>
#include <mutex>

#include "base/check.h"
#include "scanner/shortcuts.h"

namespace gvt::scanner {
namespace {

// The length that a command most often has, of those that its row allows: where those are single
// lengths, the longest, which has room for all that the command can say; else the shortest.
uint32_t UsualLength(const hw::Length& length) {
  if (length.fixed_dwords != 0) return length.fixed_dwords;
  uint32_t longest = 0;
  for (const hw::LengthRun& run : length.allowed) {
    if (run.min != run.max) return length.allowed[0].min;
    longest = std::max(longest, run.max);
  }
  return longest;
}

// Bits of the length field that may be anything: whatever they are, as long as the others are as in
// the usual length, the length is one that the row allows.
uint32_t FreeLengthBits(const hw::Length& length, const StepEntry& entry, uint32_t usual) {
  // So many bits are tried together at most: 256 lengths.
  constexpr int kMaxFree = 8;
  uint32_t free = 0;
  for (uint32_t bit = 1; (bit & entry.length_mask) != 0 && std::popcount(free) < kMaxFree;
       bit <<= 1) {
    const uint32_t wider = free | bit;
    bool allowed = true;
    // Every combination of the bits of `wider`.
    for (uint32_t some = wider; allowed; some = (some - 1) & wider) {
      allowed = length.Allows(entry.base + ((usual & ~wider) | some));
      if (some == 0) break;
    }
    if (allowed) free = wider;
  }
  return free;
}

// Which bits of the first two dwords must be 0 for an effect that is stepped over when they are.
// 0: there is no such effect.
uint64_t HarmlessFlags(Shortcut shortcut) {
  using namespace flush_bits;
  if (shortcut == Shortcut::kPipeControl) {
    return uint64_t{kRegister | kNotify | kPostSyncMask} << 32;
  }
  return shortcut == Shortcut::kFlushDw ? kNotify | kPostSyncMask : 0;
}

StepEntry Pack(const OpcodeEntry& opcode, unsigned flags) {
  StepEntry entry;
  entry.length_mask = opcode.length_mask;
  entry.base = opcode.base;
  if ((opcode.flags & flags) == kAuditEffect) entry.shortcut = opcode.shortcut;
  return entry;
}

// Sets entry->usual; returns the bits to watch. `findings`: the flags that matter of those it has.
uint64_t Watch(uint32_t header, const hw::CommandRow* row, unsigned findings, StepEntry* entry) {
  constexpr uint32_t kNegative = 0x8000;
  const bool high = (header & StepEntry::kUnlikeAny) != 0;
  const uint32_t unlike = high ? 0 : kNegative;
  entry->usual = static_cast<int16_t>(unlike);
  if (row == nullptr) return StepEntry::kUnlikeAny;
  const uint32_t usual = UsualLength(row->length) - entry->base;
  GVT_CHECK((usual & ~entry->length_mask) == 0 && usual < kNegative, "no row of hw's is so long");
  const uint64_t harmless = HarmlessFlags(entry->shortcut);
  if (findings != 0 && harmless == 0) {
    entry->usual = static_cast<int16_t>(usual | unlike);
    return StepEntry::kUnlikeAny;
  }
  entry->usual = static_cast<int16_t>(usual);
  return (entry->length_mask & ~FreeLengthBits(row->length, *entry, usual)) | harmless;
}

}  // namespace

StepTable::StepTable(const OpcodeTable& opcodes, unsigned flags) {
  const hw::CommandRow* before = nullptr;
  StepEntry entry;
  uint64_t watched = 0;
  for (uint32_t i = 0; i < kOpcodeCount; ++i) {
    const OpcodeEntry& opcode = opcodes.entries()[i];
    const hw::CommandRow* const row = opcodes.RowOf(i << 16);
    // Neighbours mostly belong to one row, which says the same of all its headers.
    if (row == nullptr || row != before) {
      entry = Pack(opcode, flags);
      watched = Watch(i << 16, row, opcode.flags & flags, &entry);
    }
    entries_[i] = entry;
    watched_[i] = watched;
    before = row;
  }
}

constinit std::array<std::atomic<const StepTable*>,
                     size_t{hw::kGenerationCount} * hw::kEngineCount * StepTable::kFlagSets>
    StepTable::tables{};

const StepTable& StepTable::Make(hw::Generation generation, hw::Engine engine, unsigned flags,
                                 std::atomic<const StepTable*>* slot) {
  static std::mutex making;
  const std::lock_guard lock(making);
  const StepTable* made = slot->load(std::memory_order_relaxed);
  if (made == nullptr) {
    made = new StepTable(OpcodeTableFor(generation, engine), flags);
    slot->store(made, std::memory_order_release);
  }
  return *made;
}

}  // namespace gvt::scanner
