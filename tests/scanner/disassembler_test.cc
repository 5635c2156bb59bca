#include "scanner/disassembler.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "hw/command_table.h"

namespace gvt::scanner {
namespace {

using Fields = std::vector<std::string>;
using Dwords = std::vector<uint32_t>;

class Collector final : public DisasmSink {
 public:
  void OnCommand(const Command& command, const Fields& command_fields) override {
    names.emplace_back(CommandName(command));
    fields.push_back(command_fields);
    text += FormatCommand(command, command_fields, {});
    covered += command.dwords.size();
  }
  Fields names;
  std::vector<Fields> fields;
  std::string text;
  size_t covered = 0;
};

Collector Take(const Dwords& dwords, hw::Engine engine = hw::Engine::kRcs,
               hw::Platform platform = hw::Platform::kSkl) {
  Collector sink;
  Disassemble({platform, engine}, dwords, Gma(0x1000), sink);
  return sink;
}

// The fields of a stream of one command.
Fields FieldsOf(const Dwords& dwords, hw::Engine engine = hw::Engine::kRcs) {
  const Collector sink = Take(dwords, engine);
  EXPECT_EQ(sink.names.size(), 1u);
  return sink.fields.front();
}

TEST(Disassembler, NamesCommandsAndStepsByTheirLength) {
  const Collector sink = Take({0, 0x78490001, 0, 0, 0x05000000});
  EXPECT_EQ(sink.names, (Fields{"MI_NOOP", "3DSTATE_VF_INSTANCING", "MI_BATCH_BUFFER_END"}));
}

TEST(Disassembler, LaysOutDwordsLeftAndFieldsRight) {
  EXPECT_EQ(Take({0x7a000004, 0x00104000, 0x2000, 0, 5, 0}).text,
            "000000001000: 7a000004 00104000 00002000 00000000 PIPE_CONTROL\n"
            "              00000005 00000000                     cs-stall\n"
            "                                                    write immediate to "
            "ppgtt:0x000000002000\n"
            "                                                    value 0x5\n");
}

TEST(Disassembler, ShowsOnlySomeDwordsOfALongCommand) {
  Dwords lri(201, 0x2580);
  lri[0] = 0x11000000 | 199;
  DisasmStyle style;
  style.margin = "> ";
  style.max_dwords = 8;
  const hw::CommandRow* row = hw::FindCommand(hw::Generation::kGen9, hw::Engine::kRcs, lri[0]);
  const Command command{0, Gma(0), lri, 201, row, true};
  const std::string text = FormatCommand(command, {}, style);
  EXPECT_EQ(text.substr(0, 2), "> ");
  EXPECT_NE(text.find("... 193 more dwords"), std::string::npos);
}

TEST(Disassembler, RegistersHaveNamesAndValues) {
  EXPECT_EQ(FieldsOf({0x11000003, 0x2030, 7, 0x7008, 0x100}),
            (Fields{"RING_TAIL[rcs] (0x2030) = 0x00000007", "GEN7_GT_MODE (0x7008) = 0x00000100"}));
  EXPECT_EQ(FieldsOf({0x14c00002, 0x2030, 0x3000, 0}),
            (Fields{"RING_TAIL[rcs] (0x2030)", "read ggtt:0x00003000"}));
  EXPECT_EQ(FieldsOf({0x12000002, 0x2030, 0x3000, 1}),
            (Fields{"RING_TAIL[rcs] (0x2030)", "write ppgtt:0x000100003000"}));
  EXPECT_EQ(FieldsOf({0x15000001, 0x2030, 0x2034}),
            (Fields{"RING_HEAD[rcs] (0x2034) = RING_TAIL[rcs] (0x2030)"}));
}

TEST(Disassembler, MathIsReadAsAluCode) {
  const uint32_t load = 0x080u << 20 | 0x20u << 10 | 3;
  const uint32_t add = 0x100u << 20;
  const uint32_t store = 0x180u << 20 | 4u << 10 | 0x31;
  EXPECT_EQ(FieldsOf({0x0d000003, load, add, store, 0x08100000 | 0x20u << 10}).size(), 4u);
  EXPECT_EQ(FieldsOf({0x0d000002, load, add, store}),
            (Fields{"LOAD SRCA, R3", "ADD", "STORE R4, ACCU"}));
  EXPECT_EQ(FieldsOf({0x0d000001, 0x08100000 | 0x21u << 10, 0x12300000}),
            (Fields{"LOAD0 SRCB", "alu-0x123 R0"}));
}

TEST(Disassembler, BatchStartSaysWhereAndHow) {
  EXPECT_EQ(FieldsOf({0x18800101, 0x4000, 0}), (Fields{"to ppgtt:0x000000004000", "first level"}));
  EXPECT_EQ(FieldsOf({0x18800001 | 1u << 22 | 1u << 15 | 1u << 16, 0x4000, 0}),
            (Fields{"to ggtt:0x00004000", "second level, predicated, adds BB_OFFSET"}));
}

TEST(Disassembler, PipeControlNamesItsFlags) {
  EXPECT_EQ(FieldsOf({0x7a000004, 0x00101c02, 0, 0, 0, 0}),
            (Fields{"stall-at-scoreboard texture-cache-invalidate instruction-cache-invalidate "
                    "render-target-flush cs-stall"}));
  EXPECT_EQ(FieldsOf({0x7a000004, 0x0120c000, 0x40, 0, 0, 0}),
            (Fields{"write timestamp to status page +0x40"}));
  EXPECT_EQ(FieldsOf({0x7a000004, 0x00800000, 0x2030, 0, 9, 0}),
            (Fields{"register write RING_TAIL[rcs] (0x2030) = 0x00000009"}));
  EXPECT_EQ(FieldsOf({0x7a000004, 0x80000001, 0, 0, 0, 0}),
            (Fields{"depth-cache-flush other-bits=0x80000000"}));
}

TEST(Disassembler, FlushDwNamesItsFlagsAndWrite) {
  EXPECT_EQ(FieldsOf({0x13004102, 0x5004, 0, 1}, hw::Engine::kBcs),
            (Fields{"notify", "write immediate to ggtt:0x00005000", "value 0x1"}));
}

TEST(Disassembler, MemoryCommandsSayWhatTheyDo) {
  EXPECT_EQ(FieldsOf({0x10000002, 0x6000, 0, 0xabc}),
            (Fields{"write ppgtt:0x000000006000", "dword 0x00000abc"}));
  EXPECT_EQ(FieldsOf({0x10600003, 0x6000, 0, 1, 2}),
            (Fields{"write ggtt:0x00006000", "qword 0x0000000200000001"}));
  EXPECT_EQ(FieldsOf({0x10800001, 0x40, 0xabc}), (Fields{"status page +0x40", "dword 0x00000abc"}));
  EXPECT_EQ(FieldsOf({0x17000003, 0x7000, 0, 0x8000, 0}),
            (Fields{"write ppgtt:0x000000007000", "read ppgtt:0x000000008000"}));
  EXPECT_EQ(FieldsOf({0x17800001 | 0x25u << 8, 0x7000, 0}),
            (Fields{"qword inc", "update ppgtt:0x000000007000"}));
}

TEST(Disassembler, SemaphoresSayWhatTheyWaitFor) {
  EXPECT_EQ(FieldsOf({0x0e00c002, 5, 0x7000, 0}),
            (Fields{"read ppgtt:0x000000007000", "until memory == 0x00000005, polling"}));
  EXPECT_EQ(FieldsOf({0x0d800000 | 2u << 15, 9}), (Fields{"bcs, context 0x9"}));
}

TEST(Disassembler, DrawsAndDispatchesShowTheirSize) {
  EXPECT_EQ(FieldsOf({0x7b000005, 0x4, 36, 0, 1, 0, 0}),
            (Fields{"triangles", "vertices 36 from 0, instances 1 from 0"}));
  EXPECT_EQ(FieldsOf({0x69040301}), (Fields{"media"}));
}

TEST(Disassembler, UnknownCommandsAreShownWithAGuess) {
  const Collector sink = Take({0x7b0a0002, 1, 2, 3, 0x05000000});
  EXPECT_EQ(sink.names, (Fields{"unknown command", "MI_BATCH_BUFFER_END"}));
  EXPECT_EQ(sink.fields[0], (Fields{"! not in the table; length guessed: 4"}));
}

TEST(Disassembler, CommandsOfBadLengthShowWhatIsAllowed) {
  EXPECT_EQ(FieldsOf({0x7a000002, 0, 0, 0}), (Fields{"! length 4, allowed: 5 or 6"}));
  EXPECT_EQ(FieldsOf({0x11000002, 0, 0, 0})[0], "! length 4, allowed: 3, 5, .. 257");
}

TEST(Disassembler, CommandsThatEndTooEarlyAreNotGivenFields) {
  EXPECT_EQ(FieldsOf({0x7a000004, 0x00104000}), (Fields{"! cut off: 2 of 6 dwords are there"}));
}

TEST(Disassembler, TheGuessDependsOnTheClient) {
  EXPECT_EQ(GuessedLength(0x07800000, hw::Engine::kRcs), 1u) << "MI below 0x10 has no length";
  EXPECT_EQ(GuessedLength(0x1f800005, hw::Engine::kRcs), 7u);
  EXPECT_EQ(GuessedLength(0x7b0a0105, hw::Engine::kRcs), 7u);
  EXPECT_EQ(GuessedLength(0x7b0a0105, hw::Engine::kVcs), 0x107u) << "video counts in 12 bits";
}

TEST(Disassembler, EveryRowHasANameAndItsLengths) {
  EXPECT_EQ(
      AllowedLengths(
          hw::CommandByName(hw::Generation::kGen9, hw::Engine::kRcs, "MI_STORE_DATA_IMM")->length),
      "4 or 5");
  for (const hw::CommandRow& row : hw::CommandRows()) {
    EXPECT_FALSE(AllowedLengths(row.length).empty()) << row.name;
  }
}

// A stream of well-formed headers with anything behind them, and of plain noise.
RC_GTEST_PROP(Disassembler, CoversAnyStreamOnAnyEngine, ()) {
  const auto rows = hw::CommandRows();
  const auto dwords = *rc::gen::container<Dwords>(rc::gen::oneOf(
      rc::gen::arbitrary<uint32_t>(), rc::gen::map(rc::gen::inRange<size_t>(0, rows.size()),
                                                   [rows](size_t i) { return rows[i].value; })));
  for (unsigned engine = 0; engine < hw::kEngineCount; ++engine) {
    for (const hw::Platform platform : {hw::Platform::kBdw, hw::Platform::kKbl}) {
      const Collector sink = Take(dwords, static_cast<hw::Engine>(engine), platform);
      RC_ASSERT(sink.covered == dwords.size());
      for (const Fields& fields : sink.fields) RC_ASSERT(fields.size() <= kMaxFields + 1);
    }
  }
}

// A command that fills its longest form with ones makes each field as long as it can be.
TEST(Disassembler, FieldsOfEveryCommandAreBounded) {
  for (const hw::CommandRow& row : hw::CommandRows()) {
    uint32_t longest = row.length.fixed_dwords;
    for (const hw::LengthRun& run : row.length.allowed) longest = std::max(longest, run.max);
    for (const uint32_t fill : {0u, 0xffffffffu, 0x55555555u}) {
      Dwords dwords(longest, fill);
      dwords[0] = row.value | (fill & ~row.mask);
      if (row.length.fixed_dwords == 0) {
        const uint32_t field = (2u << row.length.field_high) - 1;
        dwords[0] = (dwords[0] & ~field) | (longest - row.length.bias);
      }
      for (unsigned e = 0; e < hw::kEngineCount; ++e) {
        for (unsigned p = 0; p < hw::kPlatformCount; ++p) {
          const auto engine = static_cast<hw::Engine>(e);
          const auto platform = static_cast<hw::Platform>(p);
          if (!row.Matches(dwords[0], hw::GenerationOf(platform), engine)) continue;
          const Collector sink = Take(dwords, engine, platform);
          ASSERT_EQ(sink.names, Fields{std::string(row.name)});
          ASSERT_LE(sink.fields[0].size(), kMaxFields + 1);
        }
      }
    }
  }
}

}  // namespace
}  // namespace gvt::scanner
