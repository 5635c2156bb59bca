// Rows decode by header[31:16] alone (hw/command_checks.h proves it), so that a row is written to
// every entry whose free bits it leaves open.
#include "gpu/soft/opcodes.h"

#include <array>
#include <mutex>

#include "gpu/soft/blitter.h"
#include "hw/command_table.h"

namespace gvt::gpu::soft {
namespace {

constexpr uint32_t kEntryCount = 1u << 16;

bool IsPlain(hw::Effect effect) {
  switch (effect) {
    case hw::Effect::kNone:
    case hw::Effect::kNop:
    case hw::Effect::kArbitration:  // preemption is always allowed: nothing is lost by it
    case hw::Effect::kDisplay:
    case hw::Effect::kDisplayFlip:
    case hw::Effect::kSemaphoreSignal:  // waiters read memory themselves
    case hw::Effect::kWaitForEvent:     // no display: the event has always been
    case hw::Effect::kSetContext:
    case hw::Effect::kPower:
    case hw::Effect::kUpdateGtt:
    case hw::Effect::kClflush:
    case hw::Effect::kMemory:
    case hw::Effect::kForbidden: return true;
    default: return false;
  }
}

Opcode OpcodeOf(const hw::CommandRow& row) {
  Opcode opcode;
  const hw::Length& length = row.length;
  const bool fixed = length.fixed_dwords != 0;
  opcode.length_mask =
      fixed ? uint16_t{0} : static_cast<uint16_t>((uint32_t{2} << length.field_high) - 1);
  opcode.length_base = fixed ? static_cast<uint8_t>(length.fixed_dwords) : length.bias;
  opcode.row = hw::IndexOf(row);
  opcode.effect = row.effect;
  opcode.privileged = row.privilege == hw::Privilege::kPrivileged;
  opcode.plain = IsPlain(row.effect) && !IsBlit(row.value);
  return opcode;
}

}  // namespace

OpcodeTable::OpcodeTable(hw::Generation generation, hw::Engine engine)
    : entries_(std::make_unique<Opcode[]>(kEntryCount)) {
  for (const hw::CommandRow& row : hw::CommandRows()) {
    if (!row.Matches(row.value, generation, engine)) continue;
    const uint32_t value = row.value >> 16;
    const uint32_t open = ~(row.mask >> 16) & (kEntryCount - 1);
    const Opcode opcode = OpcodeOf(row);
    uint32_t bits = 0;
    do {
      entries_[value | bits] = opcode;
      bits = (bits - open) & open;  // the next subset of `open`
    } while (bits != 0);
  }
}

const OpcodeTable& OpcodeTableOf(hw::Generation generation, hw::Engine engine) {
  constexpr size_t kCount = size_t{hw::kGenerationCount} * hw::kEngineCount;
  static std::array<std::once_flag, kCount> once;
  // Never destroyed: engines may still run while the process ends.
  static std::array<const OpcodeTable*, kCount> tables{};
  const size_t index =
      static_cast<size_t>(generation) * hw::kEngineCount + static_cast<size_t>(engine);
  std::call_once(once[index], [&] { tables[index] = new OpcodeTable(generation, engine); });
  return *tables[index];
}

}  // namespace gvt::gpu::soft
