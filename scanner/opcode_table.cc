#include "scanner/opcode_table.h"

#include <array>
#include <mutex>

#include "base/bits.h"
#include "hw/command_table.h"

namespace gvt::scanner {
namespace {

bool IsPlainRun(const hw::Length& length) {
  return length.fixed_dwords != 0 || (length.allowed[0].step == 1 && length.allowed[1].max == 0);
}

OpcodeEntry Pack(const hw::CommandRow& row) {
  OpcodeEntry entry;
  entry.flags = 0;
  if (row.length.fixed_dwords != 0) {
    entry.base = static_cast<uint8_t>(row.length.fixed_dwords);
    entry.length_min = row.length.fixed_dwords;
  } else {
    entry.base = row.length.bias;
    entry.length_mask = static_cast<uint16_t>(LowMask32(row.length.field_high + 1u));
    entry.length_min = static_cast<uint16_t>(row.length.allowed[0].min);
    entry.length_span =
        static_cast<uint16_t>(row.length.allowed[0].max - row.length.allowed[0].min);
  }
  const bool harmless = row.effect == hw::Effect::kNone || row.effect == hw::Effect::kNop ||
                        row.effect == hw::Effect::kPredicate || row.effect == hw::Effect::kMath ||
                        row.effect == hw::Effect::kPower || row.effect == hw::Effect::kReportHead ||
                        row.effect == hw::Effect::kDisplay;
  if (!harmless || !IsPlainRun(row.length)) entry.flags |= kAuditAlways;
  if (row.privilege == hw::Privilege::kPrivileged) entry.flags |= kAuditUser;
  if (row.batch_only) entry.flags |= kAuditRing;
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
  static std::array<std::unique_ptr<const OpcodeTable>, kTables> tables;
  const size_t index =
      static_cast<size_t>(generation) * hw::kEngineCount + static_cast<size_t>(engine);
  std::call_once(once[index],
                 [&] { tables[index] = std::make_unique<const OpcodeTable>(generation, engine); });
  return *tables[index];
}

}  // namespace gvt::scanner
