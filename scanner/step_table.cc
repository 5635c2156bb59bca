#include "scanner/step_table.h"

#include <mutex>

#include "base/check.h"
#include "scanner/shortcuts.h"

namespace gvt::scanner {
namespace {

StepEntry Pack(const OpcodeEntry& opcode, unsigned flags) {
  using namespace flush_bits;
  constexpr uint32_t kFlushDoubts = kRegister | kNotify | kPostSyncMask;
  StepEntry entry;
  entry.length_mask = opcode.length_mask;
  entry.base = opcode.base;
  const unsigned findings = opcode.flags & flags;
  if (findings == kAuditEffect) entry.shortcut = opcode.shortcut;
  const bool flushes = entry.shortcut == Shortcut::kPipeControl;
  const bool has_plain = opcode.length_min >= opcode.base && (findings == 0 || flushes);
  if (!has_plain) {
    GVT_CHECK((entry.length_mask & StepEntry::kNoPlain) == 0, "no such row of hw's has an effect");
    return entry;
  }
  entry.plain_field = static_cast<uint16_t>(opcode.length_min - opcode.base);
  if (flushes) entry.doubts = static_cast<uint16_t>(kFlushDoubts >> StepEntry::kDoubtShift);
  return entry;
}

}  // namespace

StepTable::StepTable(const OpcodeTable& opcodes, unsigned flags)
    : entries_(std::make_unique<StepEntry[]>(kOpcodeCount)) {
  for (uint32_t i = 0; i < kOpcodeCount; ++i) entries_[i] = Pack(opcodes.entries()[i], flags);
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
