// Emitted code as a disassembler of others reads it: only what is expected, and how much of it, for
// each kind of comparison and each command of the render engine.
#include <Zydis/Zydis.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <random>
#include <set>
#include <span>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "hw/command_table.h"
#include "jit/code_arena.h"
#include "jit/sequence_compiler.h"
#include "recall/recall_engine.h"
#include "recall/recorder.h"
#include "tests/oracle/recurring_streams.h"

namespace gvt::jit {
namespace {

constexpr const char* kRecord = "tests/jit/emitted_code.txt";

// The mnemonics of `code`; "undecoded" last if there is what is no instruction, and "extension" for
// what not every x86-64 processor has.
std::vector<std::string> Decode(std::span<const uint8_t> code) {
  ZydisDecoder decoder;
  ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
  std::vector<std::string> found;
  for (size_t at = 0; at < code.size();) {
    ZydisDecodedInstruction instruction;
    ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
    if (!ZYAN_SUCCESS(ZydisDecoderDecodeFull(&decoder, code.data() + at, code.size() - at,
                                             &instruction, operands))) {
      found.emplace_back("undecoded");
      return found;
    }
    const auto extension = instruction.meta.isa_ext;
    const bool everywhere = extension == ZYDIS_ISA_EXT_BASE || extension == ZYDIS_ISA_EXT_LONGMODE;
    found.emplace_back(everywhere ? ZydisMnemonicGetString(instruction.mnemonic) : "extension");
    at += instruction.length;
  }
  return found;
}

// What is in `code` that comparing dwords does not take.
std::set<std::string> Unexpected(const std::vector<std::string>& mnemonics) {
  const std::set<std::string> expected = {"cmp", "jnz", "mov", "nop", "ret"};
  std::set<std::string> unexpected;
  for (const std::string& name : mnemonics) {
    if (!expected.contains(name)) unexpected.insert(name);
  }
  return unexpected;
}

// A sequence with these checks.
struct Checks {
  Checks(std::vector<uint16_t> at, std::vector<uint32_t> value)
      : dwords(std::move(at)), values(std::move(value)) {
    while (dwords.size() % recall::kChecksAtOnce != 0) {
      dwords.push_back(dwords.back());
      values.push_back(values.back());
    }
    sequence.dwords = dwords.data();
    sequence.values = values.data();
    sequence.check_count = static_cast<uint16_t>(dwords.size());
  }
  std::vector<uint16_t> dwords;
  std::vector<uint32_t> values;
  recall::Sequence sequence;
};

// What code has to say: the first check of the four among which is one that does not hold.
uint32_t Expected(const recall::Sequence& sequence, const uint32_t* dwords) {
  for (uint32_t i = 0; i < sequence.check_count; ++i) {
    if (dwords[sequence.dwords[i]] != sequence.values[i]) return i - i % recall::kChecksAtOnce;
  }
  return sequence.check_count;
}

TEST(EmittedCode, ComparesWhatItWasMadeOf) {
  auto compiler = SequenceCompiler::Create();
  ASSERT_TRUE(compiler.has_value());
  std::mt19937 random(5);
  std::vector<uint32_t> stream(4096);
  for (uint32_t checks = 1; checks <= 200; ++checks) {
    std::vector<uint16_t> at;
    std::vector<uint32_t> value;
    uint16_t dword = 0;
    for (uint32_t& any : stream) any = static_cast<uint32_t>(random());
    for (uint32_t i = 0; i < checks; ++i) {
      at.push_back(dword);
      value.push_back(stream[dword]);
      dword = static_cast<uint16_t>(dword + 1 + random() % 3 * (random() % 7));
    }
    const Checks made(at, value);
    const recall::CompareFunction code = (*compiler)->Compile(made.sequence);
    ASSERT_NE(code, nullptr);
    EXPECT_EQ(code(stream.data()), made.sequence.check_count);
    for (uint32_t i = 0; i < dword; ++i) {
      const uint32_t former = stream[i];
      stream[i] ^= 1u << (random() % 32);
      ASSERT_EQ(code(stream.data()), Expected(made.sequence, stream.data())) << checks << " " << i;
      stream[i] = former;
    }
    if (checks % 50 == 0) (*compiler)->Forget();
  }
}

TEST(EmittedCode, HoldsOnlyTheInstructionsThatComparingTakes) {
  const scanner::Policy policy;
  recall::MemorySettings settings;
  settings.hot = 1;
  settings.commands_per_compiled = 0;
  settings.min_dwords = 1;
  static SequenceCompiler* compiler = nullptr;
  const recall::CompilerFactory keep = [] {
    std::unique_ptr<recall::Compiler> made = MakeSequenceCompiler();
    compiler = static_cast<SequenceCompiler*>(made.get());
    return made;
  };
  const recall::RecallEngine engine(hw::Platform::kSkl, policy, keep, settings);
  oracle::RecurringStreams streams(3, hw::Platform::kSkl, hw::Engine::kRcs, policy);
  for (int i = 0; i < 300; ++i) {
    scanner::ScanReport report;
    engine.Scan(streams.Next(), &report);
  }
  ASSERT_NE(compiler, nullptr);
  const std::vector<std::string> mnemonics = Decode(compiler->emitted());
  EXPECT_EQ(Unexpected(mnemonics), std::set<std::string>());
  EXPECT_GT(std::count(mnemonics.begin(), mnemonics.end(), "cmp"), 100);
}

// Code as lines of the record.
class Record {
 public:
  Record() : arena_(std::move(*CodeArena::Create(ArenaSizes{65536, 16384}))) {}

  void Add(const std::string& name, const Checks& checks, bool lists) {
    const std::span constants(reinterpret_cast<uint32_t*>(arena_->constants().data()), 4096);
    // Behind the code, as in the compiler: distances in it are then of the same size.
    const size_t bytes =
        EmitSequence(checks.sequence, EmitTarget{arena_->code(), constants}).code_bytes;
    EXPECT_NE(bytes, 0u);
    const std::vector<std::string> mnemonics = Decode(arena_->code().first(bytes));
    EXPECT_EQ(Unexpected(mnemonics), std::set<std::string>()) << name;
    text_ += name + ": " + std::to_string(mnemonics.size()) + " instructions, " +
             std::to_string(bytes) + " bytes\n";
    if (!lists) return;
    std::string line = "   ";
    for (const std::string& mnemonic : mnemonics) line += " " + mnemonic;
    text_ += line + "\n";
  }

  // The shortest form of a command, all operands 0, alone in a batch.
  void AddCommand(const hw::CommandRow& row) {
    const auto& length = row.length;
    const uint32_t dwords = length.fixed_dwords != 0 ? length.fixed_dwords : length.allowed[0].min;
    std::vector<uint32_t> command(dwords);
    command[0] = row.value | (length.fixed_dwords != 0 ? 0 : dwords - length.bias);
    scanner::Segment segment;
    segment.dwords = command;
    recall::SequenceMemory memory({}, nullptr);
    recall::Recorder recorder(hw::Platform::kSkl, policy_, segment, 0, &memory);
    const recall::Recorded recorded = recorder.Add();
    if (recorder.commands() == 0) {
      text_ += std::string(row.name) + " is not told\n";
      return;
    }
    const recall::Sequence& kept = *recorder.Keep();
    const Checks checks({kept.dwords, kept.dwords + kept.check_count},
                        {kept.values, kept.values + kept.check_count});
    Add(std::string(row.name) + (recorded == recall::Recorded::kEffect ? " with an effect" : ""),
        checks, false);
  }

  const std::string& text() const { return text_; }

 private:
  const scanner::Policy policy_;
  std::unique_ptr<CodeArena> arena_;
  std::string text_;
};

std::string MakeRecord() {
  Record record;
  record.Add("a header", Checks({0}, {1}), true);
  record.Add("four headers", Checks({0, 3, 9, 12}, {1, 2, 3, 4}), true);
  record.Add("five headers", Checks({0, 3, 9, 12, 20}, {1, 2, 3, 4, 5}), true);
  record.Add("a header and an operand", Checks({0, 1}, {1, 2}), true);
  record.Add("far apart", Checks({0, 4000, 30000}, {1, 2, 3}), true);
  for (const hw::CommandRow& row : hw::CommandRows()) {
    if (row.Matches(row.value, hw::Generation::kGen9, hw::Engine::kRcs)) record.AddCommand(row);
  }
  return record.text();
}

// A change of the code is a change of that file: GVT_RECORD=1 writes it anew.
TEST(EmittedCode, IsWhatIsOnRecord) {
  const std::string text = MakeRecord();
  if (std::getenv("GVT_RECORD") != nullptr) std::ofstream(kRecord) << text;
  std::ifstream file(kRecord);
  std::ostringstream recorded;
  recorded << file.rdbuf();
  EXPECT_EQ(text, recorded.str()) << "to be written by GVT_RECORD=1";
}

TEST(EmittedCode, IsNotMadeWhereItDoesNotFit) {
  std::vector<uint8_t> code(64);
  std::vector<uint32_t> constants(64);
  const Checks checks({0, 2, 4, 6, 8, 10, 12, 14}, {1, 2, 3, 4, 5, 6, 7, 8});
  EXPECT_EQ(EmitSequence(checks.sequence, EmitTarget{code, constants}).code_bytes, 0u);
}

}  // namespace
}  // namespace gvt::jit
