#include "scanner/opcode_table.h"

#include <array>
#include <bit>
#include <mutex>
#include <string_view>

#include "base/bits.h"
#include "hw/command_table.h"

namespace gvt::scanner {
namespace {

// The lengths that an entry can hold of those the row allows: all of them, if they are one run or
// two single lengths, and if the step is a power of two; else the first run.
hw::LengthRun PlainRun(const hw::Length& length) {
  const hw::LengthRun& first = length.allowed[0];
  const hw::LengthRun& second = length.allowed[1];
  if (first.min != first.max || second.min != second.max || second.min <= first.min) return first;
  const hw::LengthRun both{first.min, second.max, second.min - first.min};
  return std::has_single_bit(both.step) ? both : first;
}

bool IsHarmless(hw::Effect effect) {
  return effect == hw::Effect::kNone || effect == hw::Effect::kNop ||
         effect == hw::Effect::kPredicate || effect == hw::Effect::kMath ||
         effect == hw::Effect::kPower || effect == hw::Effect::kReportHead ||
         effect == hw::Effect::kDisplay;
}

Shortcut ShortcutOf(hw::Effect effect) {
  switch (effect) {
    case hw::Effect::kBatchEnd: return Shortcut::kBatchEnd;
    case hw::Effect::kBatchStart: return Shortcut::kBatchStart;
    case hw::Effect::kPipeControl: return Shortcut::kPipeControl;
    case hw::Effect::kFlushDw: return Shortcut::kFlushDw;
    case hw::Effect::kLoadRegisterImm: return Shortcut::kLoadRegisterImm;
    case hw::Effect::kLoadRegisterMem: return Shortcut::kLoadRegisterMem;
    case hw::Effect::kLoadRegisterReg: return Shortcut::kLoadRegisterReg;
    case hw::Effect::kStoreRegisterMem: return Shortcut::kStoreRegisterMem;
    case hw::Effect::kStoreDataImm: return Shortcut::kStoreDataImm;
    case hw::Effect::kCopyMemMem: return Shortcut::kCopyMemMem;
    default: return Shortcut::kNone;
  }
}

bool IsLandmark(std::string_view name) {
  return name == "3DPRIMITIVE" || name == "GPGPU_WALKER" || name == "MEDIA_OBJECT";
}

void PackLength(const hw::Length& length, OpcodeEntry* entry) {
  if (length.fixed_dwords != 0) {
    entry->base = static_cast<uint8_t>(length.fixed_dwords);
    entry->length_min = entry->base;
    return;
  }
  entry->base = length.bias;
  entry->length_mask = static_cast<uint16_t>(LowMask32(length.field_high + 1u));
  const hw::LengthRun run = PlainRun(length);
  const bool fits = std::has_single_bit(run.step) && run.step < 1u << 16 && run.min <= UINT8_MAX &&
                    run.max - run.min <= UINT16_MAX;
  if (!fits) return;
  const unsigned shift = static_cast<unsigned>(std::countr_zero(run.step)) % 16;
  entry->length_min = static_cast<uint8_t>(run.min);
  entry->step_shift = shift % 16;
  entry->length_steps = static_cast<uint16_t>((run.max - run.min) >> shift);
}

OpcodeEntry Pack(const hw::CommandRow& row) {
  unsigned flags = 0;
  if (!IsHarmless(row.effect)) flags |= kAuditEffect;
  if (row.privilege == hw::Privilege::kPrivileged) flags |= kAuditUser;
  if (row.batch_only) flags |= kAuditRing;
  if (IsLandmark(row.name)) flags |= kLandmark;
  OpcodeEntry entry;
  PackLength(row.length, &entry);
  entry.flags = static_cast<uint8_t>(flags);
  entry.shortcut = ShortcutOf(row.effect);
  return entry;
}

}  // namespace

OpcodeTable::OpcodeTable(hw::Generation generation, hw::Engine engine)
    : entries_(std::make_unique<OpcodeEntry[]>(kOpcodeCount)),
      rows_(std::make_unique<const hw::CommandRow*[]>(kOpcodeCount)) {
  for (const hw::CommandRow& row : hw::CommandRows()) {
    if (!row.Matches(row.value, generation, engine)) continue;
    const uint32_t step = row.mask >> 16;
    const uint32_t free_bits = ~step & 0xffff;
    const OpcodeEntry entry = Pack(row);
    // Every subset of the bits that the row leaves open: the usual walk over submasks.
    uint32_t open = 0;
    do {
      const uint32_t opcode = (row.value >> 16) | open;
      entries_[opcode] = entry;
      rows_[opcode] = &row;
      open = (open - free_bits) & free_bits;
    } while (open != 0);
  }
}

const OpcodeTable& OpcodeTableFor(hw::Generation generation, hw::Engine engine) {
  constexpr size_t kTables = size_t{hw::kGenerationCount} * hw::kEngineCount;
  static std::array<std::once_flag, kTables> once;
  // Never destroyed: engines may still run while the process ends.
  static std::array<const OpcodeTable*, kTables> tables{};
  const size_t index =
      static_cast<size_t>(generation) * hw::kEngineCount + static_cast<size_t>(engine);
  std::call_once(once[index], [&] { tables[index] = new OpcodeTable(generation, engine); });
  return *tables[index];
}

}  // namespace gvt::scanner
