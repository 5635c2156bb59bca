#include "scanner/step_table.h"

#include <algorithm>
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

StepEntry Pack(const OpcodeEntry& opcode, const hw::CommandRow* row, unsigned flags) {
  using namespace flush_bits;
  constexpr uint32_t kFlushDoubts = kRegister | kNotify | kPostSyncMask;
  StepEntry entry;
  entry.length_mask = opcode.length_mask;
  entry.base = opcode.base;
  const unsigned findings = opcode.flags & flags;
  if (findings == kAuditEffect) entry.shortcut = opcode.shortcut;
  const bool flushes = entry.shortcut == Shortcut::kPipeControl;
  if (row == nullptr) return entry;
  entry.usual_field = static_cast<uint16_t>(UsualLength(row->length) - opcode.base);
  if (flushes) entry.doubts = static_cast<uint16_t>(kFlushDoubts >> StepEntry::kDoubtShift);
  if (findings == 0 || flushes) return entry;
  GVT_CHECK(((entry.length_mask | entry.usual_field) & StepEntry::kNoPlain) == 0,
            "no such row of hw's has an effect");
  entry.usual_field |= StepEntry::kNoPlain;
  return entry;
}

}  // namespace

StepTable::StepTable(const OpcodeTable& opcodes, unsigned flags)
    : entries_(std::make_unique<StepEntry[]>(kOpcodeCount)) {
  for (uint32_t i = 0; i < kOpcodeCount; ++i) {
    entries_[i] = Pack(opcodes.entries()[i], opcodes.RowOf(i << 16), flags);
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
