// What the step table lets a scan step over is what the rows say has no effect, at each length.
#include "scanner/step_table.h"

#include <gtest/gtest.h>

#include <initializer_list>

#include "base/bits.h"
#include "hw/command_row.h"
#include "scanner/shortcuts.h"

namespace gvt::scanner {
namespace {

constexpr unsigned kEverything = kAuditEffect | kAuditUser | kAuditRing;

// The flags of a flush that leave something, wherever they are.
bool IsBareFlush(hw::Effect effect, FirstTwo dwords) {
  using namespace flush_bits;
  if (effect == hw::Effect::kPipeControl) {
    return (High32(dwords) & (kRegister | kNotify | kPostSyncMask)) == 0;
  }
  return effect == hw::Effect::kFlushDw && (Low32(dwords) & (kNotify | kPostSyncMask)) == 0;
}

// Of one header and dword 1: whether it may be stepped over, by the row alone.
bool MayStepOver(const OpcodeTable& opcodes, unsigned flags, FirstTwo dwords) {
  const uint32_t header = Low32(dwords);
  const hw::CommandRow* const row = opcodes.RowOf(header);
  if (row == nullptr || !row->length.Allows(row->length.Of(header))) return false;
  const unsigned findings = opcodes.entries()[header >> 16].flags & flags;
  return findings == 0 || (findings == kAuditEffect && IsBareFlush(row->effect, dwords));
}

// Every length that the first header of each row can state, alone and with each flag of a flush.
void ExpectNoMoreIsSteppedOver(hw::Generation generation, hw::Engine engine, unsigned flags) {
  const OpcodeTable& opcodes = OpcodeTableFor(generation, engine);
  const StepTable& table = StepTable::For(generation, engine, flags);
  const hw::CommandRow* before = nullptr;
  uint32_t stepped = 0;
  for (uint32_t top = 0; top < kOpcodeCount; ++top) {
    const StepEntry& entry = table.EntryOf(top << 16);
    const hw::CommandRow* const row = opcodes.RowOf(top << 16);
    if (row == nullptr) {
      ASSERT_NE(table.DoubtOf(entry, FirstTwo{top} << 16), 0u);
    }
    if (row == nullptr || row == before) continue;
    before = row;
    for (uint32_t field = 0; field <= entry.length_mask; ++field) {
      const uint32_t header = top << 16 | field;
      ASSERT_EQ(entry.base + entry.FieldOf(header), row->length.Of(header));
      for (const unsigned bit : {0u, 8u, 14u, 15u}) {
        const uint32_t flag = (1u << bit) & ~uint32_t{1};
        for (const FirstTwo two : {Join64(header | flag, 0), Join64(header, flag)}) {
          const bool doubt = table.DoubtOf(entry, two) != 0;
          ASSERT_EQ(table.DoubtOf(entry, Low32(two), High32(two)) != 0, doubt);
          if (doubt) continue;
          ++stepped;
          ASSERT_TRUE(MayStepOver(opcodes, flags, two)) << std::hex << two;
        }
      }
    }
  }
  EXPECT_GT(stepped, 0u);
}

TEST(StepTable, StepsOverNothingThatItsRowDoesNotClear) {
  for (const hw::Generation generation : {hw::Generation::kGen8, hw::Generation::kGen9}) {
    for (const hw::Engine engine : {hw::Engine::kRcs, hw::Engine::kBcs, hw::Engine::kVcs}) {
      ExpectNoMoreIsSteppedOver(generation, engine, kEverything);
      ExpectNoMoreIsSteppedOver(generation, engine, kAuditEffect);
    }
  }
}

// Vertex buffers are four dwords each, so that the header says 3, 7, 11 and so on.
TEST(StepTable, StepsOverAnyLengthOfALongRun) {
  const StepTable& table =
      StepTable::For(hw::Generation::kGen9, hw::Engine::kRcs, kAuditEffect | kAuditUser);
  constexpr uint32_t kVertexBuffers = 0x78080000;
  const StepEntry& entry = table.EntryOf(kVertexBuffers);
  for (uint32_t buffers = 1; buffers <= 16; ++buffers) {
    EXPECT_EQ(table.DoubtOf(entry, kVertexBuffers | (buffers * 4 - 1)), 0u) << buffers;
    EXPECT_NE(table.DoubtOf(entry, kVertexBuffers | (buffers * 4)), 0u) << buffers;
  }
}

}  // namespace
}  // namespace gvt::scanner
