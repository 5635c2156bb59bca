// Emitted code as a disassembler of others reads it: only what is expected, and how much of it, for
// each kind of comparison and each command of the render engine.
#include <Zydis/Zydis.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <set>
#include <span>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "hw/command_table.h"
#include "jit/code_arena.h"
#include "jit/emitter.h"
#include "jit/jit_engine.h"
#include "tests/jit/recurring_streams.h"

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

// What is in `code` that comparing dwords and going on does not take.
std::set<std::string> Unexpected(const std::vector<std::string>& mnemonics) {
  const std::set<std::string> expected = {"add", "and", "cmp", "jb",  "jmp", "jnbe",
                                          "jnz", "lea", "mov", "nop", "or",  "movzx",
                                          "ret", "shl", "sub", "test"};
  std::set<std::string> unexpected;
  for (const std::string& name : mnemonics) {
    if (!expected.contains(name)) unexpected.insert(name);
  }
  return unexpected;
}

TEST(EmittedCode, HoldsOnlyTheInstructionsThatComparingTakes) {
  const scanner::Policy policy;
  auto engine = JitEngine::Create(hw::Platform::kSkl, policy, TraceStore::kSizes, false);
  ASSERT_TRUE(engine.has_value());
  RecurringStreams streams(3, hw::Platform::kSkl, hw::Engine::kRcs, policy);
  for (int i = 0; i < 300; ++i) {
    scanner::ScanReport report;
    (*engine)->Scan(streams.Next(), &report);
    (*engine)->LearnNow();
  }
  const std::vector<std::string> mnemonics = Decode((*engine)->store().emitted());
  EXPECT_EQ(Unexpected(mnemonics), std::set<std::string>());
  EXPECT_GT(std::count(mnemonics.begin(), mnemonics.end(), "cmp"), 100);
  EXPECT_EQ(std::count(mnemonics.begin(), mnemonics.end(), "ret"), 1);
}

// A trace of `steps` commands, each told by its header and `checks`, whose dwords count from it.
Trace TraceOf(uint32_t steps, const std::vector<Check>& checks, TraceEnd end) {
  Trace trace;
  trace.end = end;
  for (uint32_t i = 0; i < steps; ++i) {
    const uint32_t at = 4 * i;
    const auto first = static_cast<uint32_t>(trace.checks.size());
    trace.checks.push_back(Check{CheckKind::kEqual, at, 0x78080003, 0});
    for (Check check : checks) {
      check.dword += at;
      trace.checks.push_back(check);
    }
    trace.steps.push_back(Step{at, at + 4, first, 1 + static_cast<uint32_t>(checks.size())});
  }
  trace.end_dword = 4 * steps;
  trace.end_commands = steps;
  return trace;
}

// Code as lines of the record.
class Recorder {
 public:
  Recorder() : arena_(std::move(*CodeArena::Create(ArenaSizes{16384, 4096, 4096}))) {}

  void AddCode(const std::string& name, size_t bytes) {
    const std::vector<std::string> mnemonics = Decode(arena_->code().first(bytes));
    EXPECT_EQ(Unexpected(mnemonics), std::set<std::string>()) << name;
    AddLine(name, mnemonics.size(), bytes);
    std::string line = "   ";
    for (const std::string& mnemonic : mnemonics) line += " " + mnemonic;
    text_ += line + "\n";
  }
  void AddTrace(const std::string& name, const Trace& trace) { AddCode(name, Emit(trace)); }
  void AddLeave() { AddCode("leave", EmitLeave(arena_->code())); }

  // The shortest form of a command, all operands 0, alone in a batch.
  void AddCommand(const hw::CommandRow& row) {
    const auto& length = row.length;
    const uint32_t dwords = length.fixed_dwords != 0 ? length.fixed_dwords : length.allowed[0].min;
    std::vector<uint32_t> command(dwords);
    command[0] = row.value | (length.fixed_dwords != 0 ? 0 : dwords - length.bias);
    scanner::Segment recording;
    recording.dwords = command;
    const Trace trace = BuildTrace(hw::Platform::kSkl, policy_, recording, {});
    if (trace.steps.empty()) {
      text_ += std::string(row.name) + " is not told\n";
      return;
    }
    const char* const kinds[] = {"", "", " ends", " audited"};
    const size_t bytes = Emit(trace);
    AddLine(std::string(row.name) + kinds[static_cast<size_t>(trace.end)],
            Decode(arena_->code().first(bytes)).size(), bytes);
  }

  const std::string& text() const { return text_; }

 private:
  size_t Emit(const Trace& trace) {
    const std::span constants(reinterpret_cast<uint32_t*>(arena_->constants().data()), 1024);
    const std::span links(reinterpret_cast<Link*>(arena_->links().data()), 256);
    // Behind the code, as in the store: distances in it are then of the same size.
    const EmitTarget target{arena_->code(), constants, links, 1, arena_->code().data()};
    const Emitted emitted = EmitTrace(trace, 0, 0, target);
    EXPECT_NE(emitted.code_bytes, 0u);
    return emitted.code_bytes;
  }
  void AddLine(const std::string& name, size_t instructions, size_t bytes) {
    text_ += name + ": " + std::to_string(instructions) + " instructions, " +
             std::to_string(bytes) + " bytes\n";
  }

  const scanner::Policy policy_;
  std::unique_ptr<CodeArena> arena_;
  std::string text_;
};

std::string Record() {
  Recorder record;
  record.AddLeave();
  record.AddTrace("header", TraceOf(1, {}, TraceEnd::kOpen));
  record.AddTrace("header, then a landmark", TraceOf(1, {}, TraceEnd::kLandmark));
  record.AddTrace("header, then the batch's end", TraceOf(1, {}, TraceEnd::kBatchEnd));
  record.AddTrace("header of what is audited", TraceOf(1, {}, TraceEnd::kAudit));
  record.AddTrace("nine headers", TraceOf(9, {}, TraceEnd::kOpen));
  const Check equal{CheckKind::kEqual, 1, 7, 0};
  const Check none_set{CheckKind::kMasked, 1, 0, 0x100};
  const Check some_set{CheckKind::kMasked, 1, 0x100, 0x300};
  const Check far{CheckKind::kFar, 2, 4, 0};
  record.AddTrace("header and an operand", TraceOf(1, {equal}, TraceEnd::kOpen));
  record.AddTrace("header and no flag", TraceOf(1, {none_set}, TraceEnd::kOpen));
  record.AddTrace("header and a flag", TraceOf(1, {some_set}, TraceEnd::kOpen));
  record.AddTrace("header, a flag and an address", TraceOf(1, {some_set, far}, TraceEnd::kOpen));
  for (const hw::CommandRow& row : hw::CommandRows()) {
    if (row.Matches(row.value, hw::Generation::kGen9, hw::Engine::kRcs)) record.AddCommand(row);
  }
  return record.text();
}

// A change of the code is a change of that file: GVT_RECORD=1 writes it anew.
TEST(EmittedCode, IsWhatIsOnRecord) {
  const std::string text = Record();
  if (std::getenv("GVT_RECORD") != nullptr) std::ofstream(kRecord) << text;
  std::ifstream file(kRecord);
  std::ostringstream recorded;
  recorded << file.rdbuf();
  EXPECT_EQ(text, recorded.str()) << "to be written by GVT_RECORD=1";
}

TEST(EmittedCode, IsNotMadeWhereItDoesNotFit) {
  std::vector<uint8_t> code(64);
  std::vector<uint32_t> constants(64);
  std::vector<Link> links(64);
  Trace trace;
  trace.checks.resize(8);
  for (uint32_t i = 0; i < 8; ++i) trace.steps.push_back(Step{i, i + 1, i, 1});
  EXPECT_EQ(EmitTrace(trace, 0, 0, EmitTarget{code, constants, links, 1, code.data()}).code_bytes,
            0u);
}

}  // namespace
}  // namespace gvt::jit
