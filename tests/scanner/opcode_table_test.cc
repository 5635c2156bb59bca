#include "scanner/opcode_table.h"

#include <gtest/gtest.h>

#include "hw/command_table.h"

namespace gvt::scanner {
namespace {

using hw::Effect;

// Calls `check` for every generation, engine and row that decodes there.
template <typename Check>
void ForEachRow(const Check& check) {
  for (const hw::Generation generation : {hw::Generation::kGen8, hw::Generation::kGen9}) {
    for (unsigned e = 0; e < hw::kEngineCount; ++e) {
      const auto engine = static_cast<hw::Engine>(e);
      for (const hw::CommandRow& row : hw::CommandRows()) {
        if (!row.Matches(row.value, generation, engine)) continue;
        check(OpcodeTableFor(generation, engine), row);
      }
    }
  }
}

TEST(OpcodeTable, HasTheRowThatTheCommandTableFinds) {
  for (const hw::Generation generation : {hw::Generation::kGen8, hw::Generation::kGen9}) {
    for (unsigned e = 0; e < hw::kEngineCount; ++e) {
      const auto engine = static_cast<hw::Engine>(e);
      const OpcodeTable& table = OpcodeTableFor(generation, engine);
      for (uint32_t top = 0; top < kOpcodeCount; ++top) {
        ASSERT_EQ(table.RowOf(top << 16), hw::FindCommand(generation, engine, top << 16))
            << std::hex << top;
      }
    }
  }
}

TEST(OpcodeTable, KnowsTheStatedLengthAndCallsOnlyAllowedOnesPlain) {
  ForEachRow([](const OpcodeTable& table, const hw::CommandRow& row) {
    const OpcodeEntry& entry = table.entries()[row.value >> 16];
    for (uint32_t low = 0; low < 0x10000; ++low) {
      const uint32_t header = row.value | low;
      const uint32_t length = row.length.Of(header);
      ASSERT_EQ(entry.LengthOf(header), length) << row.name;
      ASSERT_TRUE(!entry.LengthIsPlain(length) || row.length.Allows(length)) << row.name;
    }
  });
}

// Whatever the fast path steps over has no effect, in the buffer kinds and at the privilege that
// the flags are for.
TEST(OpcodeTable, FlagsEveryCommandThatNeedsAnAudit) {
  ForEachRow([](const OpcodeTable& table, const hw::CommandRow& row) {
    const OpcodeEntry& entry = table.entries()[row.value >> 16];
    const bool harmless = row.effect == Effect::kNone || row.effect == Effect::kNop ||
                          row.effect == Effect::kPredicate || row.effect == Effect::kMath ||
                          row.effect == Effect::kPower || row.effect == Effect::kReportHead ||
                          row.effect == Effect::kDisplay;
    EXPECT_EQ((entry.flags & kAuditEffect) != 0, !harmless) << row.name;
    EXPECT_EQ((entry.flags & kAuditUser) != 0, row.privilege == hw::Privilege::kPrivileged)
        << row.name;
    EXPECT_EQ((entry.flags & kAuditRing) != 0, row.batch_only) << row.name;
  });
}

TEST(OpcodeTable, FlagsUnknownHeadersForTheAudit) {
  const OpcodeTable& table = OpcodeTableFor(hw::Generation::kGen9, hw::Engine::kRcs);
  EXPECT_EQ(table.RowOf(0xffffffff), nullptr);
  EXPECT_NE(table.entries()[0xffff].flags & kAuditEffect, 0);
}

// Operands that the audit of an effect reads, header included.
uint32_t DwordsRead(Effect effect) {
  switch (effect) {
    case Effect::kBatchStart:
    case Effect::kLoadRegisterImm:
    case Effect::kLoadRegisterReg:
    case Effect::kAtomic: return 3;
    case Effect::kStoreDataImm:
    case Effect::kLoadRegisterMem:
    case Effect::kStoreRegisterMem:
    case Effect::kConditionalBatchEnd:
    case Effect::kSemaphoreWait: return 4;
    case Effect::kStoreDataIndex: return 3;
    case Effect::kFlushDw:
    case Effect::kSemaphoreSignal: return 2;
    case Effect::kCopyMemMem:
    case Effect::kPipeControl: return 5;
    default: return 1;
  }
}

uint32_t ShortestLength(const hw::Length& length) {
  return length.fixed_dwords != 0 ? length.fixed_dwords : length.allowed[0].min;
}

TEST(CommandRows, AreAsLongAsTheirAuditReads) {
  for (const hw::CommandRow& row : hw::CommandRows()) {
    EXPECT_GE(ShortestLength(row.length), DwordsRead(row.effect)) << row.name;
    // An address that the shortest form cuts off would be read as if its upper half were 0.
    for (const hw::AddressField& field : row.addresses) {
      if (!field.used || field.rule == hw::SpaceRule::kContext) continue;
      EXPECT_LT(field.select_dword, ShortestLength(row.length)) << row.name;
    }
  }
}

// The pairs of a register list are whole at every length that the row allows.
TEST(CommandRows, LetNoRegisterListEndInsideAPair) {
  for (const hw::CommandRow& row : hw::CommandRows()) {
    if (row.effect != Effect::kLoadRegisterImm) continue;
    for (uint32_t length = 0; length < 1024; ++length) {
      EXPECT_TRUE(!row.length.Allows(length) || length % 2 == 1) << length;
    }
  }
}

}  // namespace
}  // namespace gvt::scanner
