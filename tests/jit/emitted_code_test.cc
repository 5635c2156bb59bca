// Emitted code as a disassembler of others reads it: only what is expected, and how much of it.
#include <Zydis/Zydis.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "jit/code_arena.h"
#include "jit/emitter.h"
#include "jit/jit_engine.h"
#include "tests/jit/recurring_streams.h"

namespace gvt::jit {
namespace {

// Mnemonics of `code` with how often each occurs; "undecoded" for what is no instruction.
std::map<std::string, uint32_t> Mnemonics(std::span<const uint8_t> code) {
  ZydisDecoder decoder;
  ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
  std::map<std::string, uint32_t> found;
  for (size_t at = 0; at < code.size();) {
    ZydisDecodedInstruction instruction;
    ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
    if (!ZYAN_SUCCESS(ZydisDecoderDecodeFull(&decoder, code.data() + at, code.size() - at,
                                             &instruction, operands))) {
      ++found["undecoded"];
      return found;
    }
    ++found[ZydisMnemonicGetString(instruction.mnemonic)];
    at += instruction.length;
  }
  return found;
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
  const std::set<std::string> expected = {"add", "and", "cmp", "jb",  "jmp", "jnbe",
                                          "jnz", "lea", "mov", "nop", "or",  "movzx",
                                          "ret", "shl", "sub", "test"};
  const auto found = Mnemonics((*engine)->store().emitted());
  EXPECT_GT(found.at("cmp"), 100u);
  EXPECT_EQ(found.at("ret"), 1u);
  for (const auto& [name, count] : found)
    EXPECT_TRUE(expected.contains(name)) << count << " " << name;
}

// Instructions and bytes of one command's comparison, way out included.
struct Cost {
  uint32_t instructions = 0;
  size_t bytes = 0;
};

// The cost of one more command of the trace's kind: the difference of a trace of two and of one.
Cost CostOf(const Check& check, uint32_t more_checks) {
  const auto emit = [&](uint32_t steps) {
    // Code reaches its constants and links by 32-bit distances, as in the arena.
    const auto arena = CodeArena::Create(ArenaSizes{4096, 4096, 4096});
    const std::span<uint8_t> all = (*arena)->code();
    const std::span constants(reinterpret_cast<uint32_t*>((*arena)->constants().data()), 64);
    const std::span links(reinterpret_cast<Link*>((*arena)->links().data()), 64);
    Trace trace;
    trace.end = TraceEnd::kOpen;
    for (uint32_t i = 0; i < steps; ++i) {
      const auto first = static_cast<uint32_t>(trace.checks.size());
      trace.checks.push_back(Check{CheckKind::kEqual, 64 + i * 64, 0x78080003, 0});
      for (uint32_t k = 0; k < more_checks; ++k) {
        Check more = check;
        more.dword = 64 + i * 64 + 1 + k;
        trace.checks.push_back(more);
      }
      trace.steps.push_back(Step{64 + i * 64, 128 + i * 64, first, 1 + more_checks});
    }
    trace.end_dword = 64 + steps * 64;
    trace.end_commands = steps;
    const EmitTarget target{all, constants, links, 1, all.data()};
    const Emitted emitted = EmitTrace(trace, 0, 0, target);
    uint32_t instructions = 0;
    for (const auto& [name, count] : Mnemonics(all.first(emitted.code_bytes))) {
      if (name != "nop") instructions += count;
    }
    return Cost{instructions, emitted.code_bytes};
  };
  const Cost one = emit(1);
  const Cost seven = emit(7);
  return {(seven.instructions - one.instructions) / 6, (seven.bytes - one.bytes) / 6};
}

TEST(EmittedCode, CostsPerCommandWhatIsOnRecord) {
  const Cost stepped_over = CostOf({}, 0);
  EXPECT_EQ(stepped_over.instructions, 5u);
  EXPECT_NEAR(static_cast<double>(stepped_over.bytes), 29, 3);
  const Cost register_write = CostOf(Check{CheckKind::kEqual, 0, 1, 0}, 2);
  EXPECT_EQ(register_write.instructions, 11u);
  EXPECT_NEAR(static_cast<double>(register_write.bytes), 65, 3);
  const Cost flush = CostOf(Check{CheckKind::kMasked, 0, 0, 0x100}, 1);
  EXPECT_EQ(flush.instructions, 7u);
  EXPECT_NEAR(static_cast<double>(flush.bytes), 45, 3);
  const Cost address = CostOf(Check{CheckKind::kFar, 0, 3, 0}, 1);
  EXPECT_EQ(address.instructions, 15u);
  EXPECT_NEAR(static_cast<double>(address.bytes), 80, 12);
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
