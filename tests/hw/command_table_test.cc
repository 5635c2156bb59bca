// The command table against the public sources, and the lengths that drivers rely on.
#include "hw/command_table.h"

#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace gvt::hw {
namespace {

constexpr Generation kGenerations[] = {Generation::kGen8, Generation::kGen9};
constexpr Engine kEngines[] = {Engine::kRcs, Engine::kBcs, Engine::kVcs, Engine::kVcs2,
                               Engine::kVecs};

struct SourceRow {
  std::string name;
  uint32_t value = 0;
  uint32_t mask = 0;
  std::vector<Generation> generations;
  std::vector<Engine> engines;
  uint32_t dwords = 0;
};

std::vector<std::string> Split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  std::istringstream stream(text);
  for (std::string part; std::getline(stream, part, separator);) parts.push_back(part);
  return parts;
}

SourceRow ParseSourceRow(const std::string& line) {
  const std::vector<std::string> cells = Split(line, ',');
  SourceRow row;
  row.name = cells.at(0);
  row.value = static_cast<uint32_t>(std::stoul(cells.at(1), nullptr, 16));
  row.mask = static_cast<uint32_t>(std::stoul(cells.at(2), nullptr, 16));
  for (const std::string& generation : Split(cells.at(3), ' ')) {
    row.generations.push_back(generation == "8" ? Generation::kGen8 : Generation::kGen9);
  }
  for (const std::string& engine : Split(cells.at(4), ' '))
    row.engines.push_back(EngineFromName(engine).value());
  row.dwords = static_cast<uint32_t>(std::stoul(cells.at(5)));
  return row;
}

// What the public sources list, from tests/hw/data/commands.csv.
std::vector<SourceRow> SourceRows() {
  std::ifstream file("tests/hw/data/commands.csv");
  std::vector<SourceRow> rows;
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with('#')) rows.push_back(ParseSourceRow(line));
  }
  return rows;
}

// Engines that a source names and hardware does not decode on.
bool IsOnTooManyEngines(const SourceRow& row, Engine engine) {
  return row.name == "3DSTATE_VF_STATISTICS_GM45" && engine != Engine::kRcs;
}

// Sizes of genxml that no driver sends; the heads of hw/commands_*.inc say what they send instead.
bool HasAWrongSize(const SourceRow& row) {
  static const std::set<std::string> kWrong = {"MFX_QM_STATE",
                                               "MFX_AVC_SLICE_STATE",
                                               "MFX_JPEG_HUFF_TABLE_STATE",
                                               "MFX_MPEG2_PIC_STATE",
                                               "MFX_VP8_PIC_STATE",
                                               "MFX_VP8_ENCODER_CFG",
                                               "MFX_VP8_BSP_BUF_BASE_ADDR_STATE",
                                               "HCP_QM_STATE",
                                               "HCP_PIC_STATE",
                                               "HCP_SLICE_STATE",
                                               "HCP_PAK_OBJECT",
                                               "HCP_VP9_PIC_STATE"};
  const bool conditional_end_of_3 =
      row.name == "MI_CONDITIONAL_BATCH_BUFFER_END" && row.dwords == 3;
  return kWrong.contains(row.name) || conditional_end_of_3;
}

const CommandRow& Command(Generation generation, Engine engine, std::string_view name) {
  const CommandRow* row = CommandByName(generation, engine, name);
  EXPECT_NE(row, nullptr) << name;
  static const CommandRow kNone;
  return row != nullptr ? *row : kNone;
}

// All lengths up to `limit` that the command may have.
std::vector<uint32_t> Lengths(Generation generation, Engine engine, std::string_view name,
                              uint32_t limit = 300) {
  std::vector<uint32_t> lengths;
  for (uint32_t dwords = 1; dwords <= limit; ++dwords) {
    if (Command(generation, engine, name).length.Allows(dwords)) lengths.push_back(dwords);
  }
  return lengths;
}

TEST(CommandTable, HoldsEveryCommandOfThePublicSources) {
  const std::vector<SourceRow> sources = SourceRows();
  ASSERT_EQ(sources.size(), 300u);
  for (const SourceRow& source : sources) {
    for (const Generation generation : source.generations) {
      for (const Engine engine : source.engines) {
        if (IsOnTooManyEngines(source, engine)) continue;
        const CommandRow* row = FindCommand(generation, engine, source.value);
        ASSERT_NE(row, nullptr) << source.name << " on " << EngineName(engine);
        EXPECT_EQ(row->name, source.name);
        EXPECT_EQ(row->mask, source.mask) << source.name;
      }
    }
  }
}

TEST(CommandTable, AllowsTheSizesOfThePublicSources) {
  for (const SourceRow& source : SourceRows()) {
    if (source.dwords == 0 || HasAWrongSize(source)) continue;
    const CommandRow* row =
        FindCommand(source.generations.front(), source.engines.front(), source.value);
    ASSERT_NE(row, nullptr) << source.name;
    EXPECT_TRUE(row->length.Allows(source.dwords)) << source.name << " of " << source.dwords;
  }
}

TEST(CommandTable, RefusesTheSizesThatOnlyGenxmlClaims) {
  for (const SourceRow& source : SourceRows()) {
    if (!HasAWrongSize(source)) continue;
    const CommandRow* row =
        FindCommand(source.generations.front(), source.engines.front(), source.value);
    ASSERT_NE(row, nullptr) << source.name;
    EXPECT_FALSE(row->length.Allows(source.dwords)) << source.name << " of " << source.dwords;
  }
}

TEST(CommandTable, FindsARowByItsHeaderWhateverTheLowHalfSays) {
  for (const CommandRow& row : CommandRows()) {
    for (const Generation generation : kGenerations) {
      for (const Engine engine : kEngines) {
        if (!row.Matches(row.value, generation, engine)) continue;
        EXPECT_EQ(FindCommand(generation, engine, row.value), &row) << row.name;
        EXPECT_EQ(FindCommand(generation, engine, row.value | 0xffff), &row) << row.name;
        EXPECT_EQ(FindCommand(generation, engine, row.value | ~row.mask), &row) << row.name;
        EXPECT_EQ(CommandByName(generation, engine, row.name), &row) << row.name;
      }
    }
  }
}

TEST(CommandTable, GivesEveryHeaderAtMostOneRow) {
  for (uint32_t top = 0; top <= 0xffff; ++top) {
    for (const Generation generation : kGenerations) {
      for (const Engine engine : kEngines) {
        int matches = 0;
        for (const CommandRow& row : CommandRows())
          matches += row.Matches(top << 16, generation, engine) ? 1 : 0;
        ASSERT_LE(matches, 1) << std::hex << top;
      }
    }
    if (top % 0x40 == 0 && top >= 0x8000) top += 0x3f;  // types 4 to 7 hold nothing: sample them
  }
}

TEST(CommandTable, DecodesNothingInTheReservedCommandTypes) {
  for (const uint32_t type : {1u, 4u, 5u, 6u, 7u}) {
    for (uint32_t low = 0; low < 0x2000; ++low) {
      EXPECT_EQ(FindCommand(Generation::kGen9, Engine::kRcs, type << 29 | low << 16), nullptr);
    }
  }
}

// MI opcodes (header[28:23]) without a row, by design: reserved, or gone since Gen8.
// Source: PRM SKL vol 2a, "MI Command Map".
TEST(CommandTable, KnowsEveryMiOpcodeThatTheManualNames) {
  const std::set<uint32_t> unknown_everywhere = {0x10, 0x11, 0x15, 0x17, 0x1e, 0x1f, 0x25,
                                                 0x30, 0x32, 0x33, 0x34, 0x35, 0x37, 0x38,
                                                 0x39, 0x3a, 0x3b, 0x3c, 0x3d, 0x3e, 0x3f};
  for (uint32_t opcode = 0; opcode < 0x40; ++opcode) {
    const CommandRow* row = FindCommand(Generation::kGen9, Engine::kRcs, opcode << 23);
    EXPECT_EQ(row == nullptr, unknown_everywhere.contains(opcode)) << std::hex << opcode;
  }
}

TEST(CommandTable, KeepsEachUnitOnItsEngines) {
  const auto known = [](Engine engine, uint32_t header) {
    return FindCommand(Generation::kGen9, engine, header) != nullptr;
  };
  EXPECT_TRUE(known(Engine::kBcs, 0x54c00000));  // XY_SRC_COPY_BLT
  EXPECT_FALSE(known(Engine::kRcs, 0x54c00000));
  EXPECT_TRUE(known(Engine::kRcs, 0x7b000000));  // 3DPRIMITIVE
  EXPECT_FALSE(known(Engine::kBcs, 0x7b000000));
  EXPECT_FALSE(known(Engine::kVecs, 0x7b000000));
  EXPECT_TRUE(known(Engine::kVcs2, 0x73a00000));  // HCP_BSD_OBJECT
  EXPECT_FALSE(known(Engine::kVecs, 0x73a00000));
  EXPECT_TRUE(known(Engine::kVecs, 0x75010000));  // SFC_STATE, fed by either unit
  EXPECT_TRUE(known(Engine::kVcs, 0x75010000));
  EXPECT_FALSE(known(Engine::kRcs, 0x75010000));
}

TEST(CommandTable, SeesOneHeaderAsDifferentCommandsOnDifferentEngines) {
  EXPECT_EQ(FindCommand(Generation::kGen9, Engine::kRcs, 0x70000003)->name, "MEDIA_VFE_STATE");
  EXPECT_EQ(FindCommand(Generation::kGen9, Engine::kVcs, 0x70000003)->name, "MFX_PIPE_MODE_SELECT");
  EXPECT_EQ(FindCommand(Generation::kGen9, Engine::kVcs, 0x74000024)->name, "MFX_VP8_PIC_STATE");
  EXPECT_EQ(FindCommand(Generation::kGen9, Engine::kVecs, 0x74000007)->name, "VEBOX_SURFACE_STATE");
}

TEST(CommandTable, HasGen9CommandsOnGen9Only) {
  for (const uint32_t header : {0x50800000u, 0x0e800000u}) {  // XY_FAST_COPY_BLT, MI_FORCE_WAKEUP
    EXPECT_EQ(FindCommand(Generation::kGen8, Engine::kBcs, header), nullptr);
    EXPECT_NE(FindCommand(Generation::kGen9, Engine::kBcs, header), nullptr);
  }
  EXPECT_EQ(FindCommand(Generation::kGen8, Engine::kVcs, 0x73900000), nullptr);  // HCP_PIC_STATE
}

TEST(CommandTable, MeasuresACommandFromItsHeader) {
  const auto length = [](Engine engine, uint32_t header) {
    return FindCommand(Generation::kGen9, engine, header)->length.Of(header);
  };
  EXPECT_EQ(length(Engine::kRcs, 0x00000000), 1u);   // MI_NOOP
  EXPECT_EQ(length(Engine::kRcs, 0x0000002a), 1u);   // MI_NOOP with an identification number
  EXPECT_EQ(length(Engine::kRcs, 0x18800101), 3u);   // MI_BATCH_BUFFER_START
  EXPECT_EQ(length(Engine::kRcs, 0x1100101b), 29u);  // MI_LOAD_REGISTER_IMM, force-posted, 14 pairs
  EXPECT_EQ(length(Engine::kVcs, 0x68000000), 1u);   // MFX_WAIT counts from 1
  EXPECT_EQ(length(Engine::kVcs, 0x7002003f), 65u);  // MFX_PIPE_BUF_ADDR_STATE
  EXPECT_EQ(length(Engine::kRcs, 0x7100ffff),
            65537u);  // MEDIA_OBJECT, the longest that can be said
}

TEST(CommandTable, AllowsTheFormsOfMiCommands) {
  using Forms = std::vector<uint32_t>;
  const auto forms = [](std::string_view name) {
    return Lengths(Generation::kGen9, Engine::kRcs, name);
  };
  EXPECT_EQ(forms("MI_STORE_DATA_IMM"), (Forms{4, 5}));
  EXPECT_EQ(forms("MI_STORE_DATA_INDEX"), (Forms{3, 4}));
  EXPECT_EQ(forms("MI_FLUSH_DW"), (Forms{2, 3, 4, 5}));
  EXPECT_EQ(forms("MI_ATOMIC"), (Forms{3, 11}));
  EXPECT_EQ(forms("MI_BATCH_BUFFER_START"), (Forms{3}));
  EXPECT_EQ(forms("MI_CONDITIONAL_BATCH_BUFFER_END"), (Forms{4}));
  EXPECT_EQ(forms("MI_DISPLAY_FLIP"), (Forms{3, 4}));
  EXPECT_EQ(forms("MI_COPY_MEM_MEM"), (Forms{5}));
  EXPECT_EQ(forms("MI_SEMAPHORE_WAIT"), (Forms{4}));
  EXPECT_EQ(forms("PIPE_CONTROL"), (Forms{5, 6}));
  EXPECT_EQ(forms("STATE_SIP"), (Forms{2, 3}));
}

TEST(CommandTable, AllowsLoadRegisterImmOnlyInPairs) {
  const Length& length = Command(Generation::kGen8, Engine::kVecs, "MI_LOAD_REGISTER_IMM").length;
  for (uint32_t pairs = 1; pairs <= 128; ++pairs) {
    EXPECT_TRUE(length.Allows(1 + 2 * pairs));
    EXPECT_FALSE(length.Allows(2 * pairs));
  }
  EXPECT_FALSE(length.Allows(259));
}

TEST(CommandTable, AllowsArraysInWholeElements) {
  const auto lengths = [](std::string_view name) {
    return Lengths(Generation::kGen9, Engine::kRcs, name);
  };
  const std::vector<uint32_t> buffers = lengths("3DSTATE_VERTEX_BUFFERS");
  EXPECT_EQ(buffers.size(), 33u);
  EXPECT_EQ(buffers.front(), 5u);
  EXPECT_EQ(buffers.back(), 133u);
  const std::vector<uint32_t> elements = lengths("3DSTATE_VERTEX_ELEMENTS");
  EXPECT_EQ(elements.size(), 34u);
  EXPECT_EQ(elements.front(), 3u);
  EXPECT_EQ(elements.back(), 69u);
}

TEST(CommandTable, AllowsWhatEachSteppingOfTheVideoEngineTakes) {
  using Forms = std::vector<uint32_t>;
  const auto gen9 = [](std::string_view name) {
    return Lengths(Generation::kGen9, Engine::kVcs, name);
  };
  EXPECT_EQ(gen9("MFX_PIPE_BUF_ADDR_STATE"), (Forms{61, 65, 68}));
  EXPECT_EQ(gen9("MFX_AVC_IMG_STATE"), (Forms{14, 16, 17, 21}));
  EXPECT_EQ(gen9("MFX_VP8_PIC_STATE"), (Forms{38}));
  EXPECT_EQ(gen9("MFD_AVC_BSD_OBJECT"), (Forms{6, 7}));
  EXPECT_EQ(gen9("HCP_PIC_STATE"), (Forms{19, 31, 32}));
  EXPECT_EQ(gen9("HCP_SLICE_STATE"), (Forms{9, 11}));
  EXPECT_EQ(gen9("HCP_PIPE_BUF_ADDR_STATE"), (Forms{95, 104}));
  EXPECT_EQ(gen9("VDENC_WALKER_STATE"), (Forms{2, 4}));
  EXPECT_EQ(Lengths(Generation::kGen8, Engine::kVcs, "MFX_PIPE_BUF_ADDR_STATE"), (Forms{61}));
  EXPECT_EQ(Lengths(Generation::kGen8, Engine::kVecs, "VEBOX_STATE"), (Forms{12}));
  EXPECT_EQ(Lengths(Generation::kGen9, Engine::kVecs, "VEBOX_STATE"), (Forms{16}));
}

TEST(CommandTable, WidensBlitterCommandsByOneDwordAnAddress) {
  using Forms = std::vector<uint32_t>;
  const auto forms = [](std::string_view name) {
    return Lengths(Generation::kGen9, Engine::kBcs, name);
  };
  EXPECT_EQ(forms("XY_COLOR_BLT"), (Forms{7}));
  EXPECT_EQ(forms("XY_SRC_COPY_BLT"), (Forms{10}));
  EXPECT_EQ(forms("XY_FAST_COPY_BLT"), (Forms{10}));
  EXPECT_EQ(forms("XY_SETUP_MONO_PATTERN_SL_BLT"), (Forms{10}));
  EXPECT_EQ(forms("XY_FULL_MONO_PATTERN_BLT"), (Forms{14}));
}

TEST(CommandTable, NamesTheAddressesOfCopyMemMem) {
  const CommandRow& row = Command(Generation::kGen9, Engine::kRcs, "MI_COPY_MEM_MEM");
  const AddressField& to = row.addresses[0];
  const AddressField& from = row.addresses[1];
  EXPECT_EQ(to.dword, 1);
  EXPECT_EQ(to.access, Access::kWrite);
  EXPECT_EQ(to.rule, SpaceRule::kGgttIfSet);
  EXPECT_EQ(to.select_bit, 21);
  EXPECT_EQ(from.dword, 3);
  EXPECT_EQ(from.access, Access::kRead);
  EXPECT_EQ(from.select_bit, 22);
  EXPECT_FALSE(row.addresses[2].used);
}

TEST(CommandTable, SelectsThePpgttOfABatchByBit8) {
  for (const Generation generation : kGenerations) {
    const AddressField& target =
        Command(generation, Engine::kBcs, "MI_BATCH_BUFFER_START").addresses[0];
    EXPECT_EQ(target.rule, SpaceRule::kPpgttIfSet);
    EXPECT_EQ(target.select_dword, 0);
    EXPECT_EQ(target.select_bit, 8);
  }
}

TEST(CommandTable, KeepsHardwaresPrivilegedCommandsFromUserBatches) {
  for (const char* name : {"MI_UPDATE_GTT", "MI_STORE_DATA_INDEX", "MI_SET_CONTEXT",
                           "MI_ARB_ON_OFF", "MI_DISPLAY_FLIP"}) {
    EXPECT_EQ(Command(Generation::kGen9, Engine::kRcs, name).privilege, Privilege::kPrivileged)
        << name;
  }
  for (const char* name : {"MI_SEMAPHORE_WAIT", "MI_SEMAPHORE_SIGNAL", "MI_COPY_MEM_MEM",
                           "MI_ATOMIC", "PIPE_CONTROL"}) {
    EXPECT_EQ(Command(Generation::kGen9, Engine::kRcs, name).privilege, Privilege::kAny) << name;
  }
}

TEST(CommandTable, GivesEveryMiCommandThatReachesMemoryOrRegistersAnEffect) {
  for (const CommandRow& row : CommandRows()) {
    if (row.client != Client::kMi || !row.addresses[0].used) continue;
    EXPECT_NE(row.effect, Effect::kNone) << row.name;
  }
}

TEST(CommandTable, MarksTheEndsOfBatchesAsMeaninglessInARing) {
  for (const CommandRow& row : CommandRows()) {
    const bool ends =
        row.name == "MI_BATCH_BUFFER_END" || row.name == "MI_CONDITIONAL_BATCH_BUFFER_END";
    EXPECT_EQ(row.batch_only, ends) << row.name;
  }
}

TEST(CommandTable, NumbersItsRows) {
  RowIndex expected = 0;
  for (const CommandRow& row : CommandRows()) EXPECT_EQ(IndexOf(row), expected++);
}

TEST(CommandTable, HasNoCommandOfAnUnknownName) {
  EXPECT_EQ(CommandByName(Generation::kGen9, Engine::kRcs, "MI_NO_SUCH_COMMAND"), nullptr);
  EXPECT_EQ(CommandByName(Generation::kGen9, Engine::kBcs, "3DPRIMITIVE"), nullptr);
}

}  // namespace
}  // namespace gvt::hw
