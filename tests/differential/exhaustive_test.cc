// Decoding by enumeration: what the interpreter makes of every header is what the command table
// says, and its audit of every command is that of the naive scanner.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <set>
#include <string>
#include <vector>

#include "hw/command_table.h"
#include "scanner/interpreter.h"
#include "tests/oracle/naive_scanner.h"
#include "tests/oracle/report_text.h"
#include "tests/oracle/stream_generator.h"
#include "tests/oracle/test_scale.h"

namespace gvt::differential {
namespace {

using scanner::BufferKind;
using scanner::Rule;
using scanner::ScanReport;
using scanner::Segment;
using scanner::SegmentEnd;

constexpr Gma kStart(0x100000);

struct Target {
  hw::Platform platform;  // one for each generation
  hw::Engine engine;
};

std::vector<Target> Targets() {
  std::vector<Target> targets;
  for (const hw::Platform platform : {hw::Platform::kBdw, hw::Platform::kSkl}) {
    for (unsigned engine = 0; engine < hw::kEngineCount; ++engine) {
      targets.push_back({platform, static_cast<hw::Engine>(engine)});
    }
  }
  return targets;
}

std::string TargetName(const testing::TestParamInfo<Target>& target) {
  return std::string(hw::PlatformName(target.param.platform)) + "_" +
         std::string(hw::EngineName(target.param.engine));
}

class Exhaustive : public testing::TestWithParam<Target> {
 protected:
  Exhaustive() : interpreter_(GetParam().platform, policy_), zeros_(uint32_t{1} << 17) {}

  const hw::CommandRow* RowOf(uint32_t header) const {
    return hw::FindCommand(hw::GenerationOf(GetParam().platform), GetParam().engine, header);
  }

  // The report on `header` followed by zeros, `count` dwords in all, with more to come.
  const ScanReport& Scan(uint32_t header, uint32_t count) {
    zeros_[0] = header;
    const Segment segment{GetParam().engine,
                          BufferKind::kFirstLevelBatch,
                          hw::AddressSpace::kGgtt,
                          true,
                          kStart,
                          {zeros_.data(), count},
                          false};
    report_.Clear();
    interpreter_.Scan(segment, &report_);
    return report_;
  }

  bool RefusedFor(Rule rule) const {
    return report_.refusal_count == 1 && report_.refusals[0].rule == rule &&
           report_.refusals[0].dword == 0 && report_.end == SegmentEnd::kRefused;
  }

  // True iff the interpreter takes `header` as the table does: `row` is its row, or null.
  bool DecodesAs(uint32_t header, const hw::CommandRow* row) {
    if (row == nullptr) {
      Scan(header, 1);
      return RefusedFor(Rule::kUnknownCommand);
    }
    const uint32_t length = row->length.Of(header);
    if (length > 1) {
      const ScanReport& cut = Scan(header, length - 1);
      if (cut.end != SegmentEnd::kNeedMore || cut.position != 0 || !cut.clean()) return false;
    }
    const ScanReport& whole = Scan(header, length);
    const bool qword_bit = row->effect == hw::Effect::kStoreDataImm && (header >> 21 & 1) != 0;
    const bool inline_bit = row->effect == hw::Effect::kAtomic && (header >> 18 & 1) != 0;
    if (!row->length.Allows(length) || (qword_bit && length < 5) || (inline_bit && length < 11)) {
      return RefusedFor(Rule::kBadLength);
    }
    for (const scanner::Refusal& refusal : whole.refusals) {
      if (refusal.rule == Rule::kUnknownCommand || refusal.rule == Rule::kBadLength) return false;
    }
    if (whole.end == SegmentEnd::kRefused) return whole.position == 0;  // for what it does
    return whole.position == length && whole.commands == 1;
  }

  scanner::Policy policy_;
  scanner::Interpreter interpreter_;
  std::vector<uint32_t> zeros_;
  ScanReport report_;
};

TEST_P(Exhaustive, EveryHeaderDecodesAsTheTableSays) {
  for (uint32_t top = 0; top < 0x10000; ++top) {
    const hw::CommandRow* row = RowOf(top << 16);
    for (uint32_t low = 0; low < 0x100; ++low) {
      const uint32_t header = top << 16 | low;
      ASSERT_TRUE(DecodesAs(header, row)) << std::hex << header << oracle::ReportText(report_);
    }
    // The table decodes by the top half alone.
    ASSERT_EQ(RowOf(top << 16 | 0xffff), row) << std::hex << top;
  }
}

TEST_P(Exhaustive, EveryStatedLengthIsTakenIffTheRowAllowsIt) {
  for (const hw::CommandRow& row : hw::CommandRows()) {
    if (RowOf(row.value) != &row || row.length.fixed_dwords != 0) continue;
    const uint32_t field = (uint32_t{2} << row.length.field_high) - 1;
    for (uint32_t low = 0; low <= field; ++low) {
      ASSERT_TRUE(DecodesAs(row.value | low, &row))
          << row.name << " length " << low + row.length.bias << "\n"
          << oracle::ReportText(report_);
    }
    // Bits between the length field and the opcode say nothing about the length. They may ask for
    // operands, for which the longest form has room.
    uint32_t longest = 0;
    for (const hw::LengthRun& run : row.length.allowed) longest = std::max(longest, run.max);
    const uint32_t open = 0xffff & ~field;
    ASSERT_TRUE(DecodesAs(row.value | open | (longest - row.length.bias), &row)) << row.name;
  }
}

// --- interpreter against naive scanner ---

std::vector<scanner::Policy> Policies() {
  std::vector<scanner::Policy> policies(4);
  policies[1].aperture = Range{0x100000, 0x180000};
  policies[1].hidden = Range{0x180000, 0x200000};
  policies[2].audit_only = true;
  policies[3].nonprivilege_slots.emplace();
  for (auto& slots : *policies[3].nonprivilege_slots) slots = {0x7014, 0x2580, 0x2030};
  for (size_t rule = 0; rule < scanner::kRuleCount; rule += 2) {
    policies[3].Raise(static_cast<Rule>(rule), scanner::Action::kBanContext);
  }
  return policies;
}

TEST_P(Exhaustive, EveryCommandIsAuditedAsByTheNaiveScanner) {
  const unsigned kSamples = 6 * oracle::TestScale();
  const auto [platform, engine] = GetParam();
  uint64_t seed = 1;
  for (const scanner::Policy& policy : Policies()) {
    const scanner::Interpreter interpreter(platform, policy);
    oracle::StreamGenerator generator(seed++, platform, engine, kStart, policy);
    for (const hw::CommandRow* row : generator.rows()) {
      for (unsigned variant = 0; variant < scanner::kBufferKindCount * 2 * kSamples; ++variant) {
        std::vector<uint32_t> dwords = generator.Command(*row, 300);
        if (variant % kSamples == 0) std::fill(dwords.begin() + 1, dwords.end(), 0u);
        if (variant % kSamples == 1) std::fill(dwords.begin() + 1, dwords.end(), ~0u);
        for (const uint32_t padding : {0u, 0u, 0u, 0x05000000u}) dwords.push_back(padding);
        Segment segment;
        segment.engine = engine;
        segment.kind = static_cast<BufferKind>(variant / kSamples % scanner::kBufferKindCount);
        segment.privileged = variant / kSamples >= scanner::kBufferKindCount;
        segment.space = segment.privileged ? hw::AddressSpace::kGgtt : hw::AddressSpace::kPpgtt;
        segment.start = kStart;
        segment.dwords = dwords;
        ScanReport report;
        interpreter.Scan(segment, &report);
        const ScanReport expected = oracle::NaiveScan(platform, policy, segment);
        ASSERT_EQ(report, expected)
            << row->name << " " << oracle::SegmentText(segment) << "engine:\n"
            << oracle::ReportText(report) << "naive:\n"
            << oracle::ReportText(expected);
      }
    }
  }
}

TEST_P(Exhaustive, RandomStreamsAreAuditedAsByTheNaiveScanner) {
  const uint32_t kStreams = 2000 * oracle::TestScale();
  const auto [platform, engine] = GetParam();
  uint64_t seed = 100;
  for (const scanner::Policy& policy : Policies()) {
    const scanner::Interpreter interpreter(platform, policy);
    oracle::StreamGenerator generator(seed++, platform, engine, kStart, policy);
    for (uint32_t i = 0; i < kStreams; ++i) {
      const std::vector<uint32_t> dwords = generator.Stream(20);
      Segment segment;
      segment.engine = engine;
      segment.kind = static_cast<BufferKind>(generator.Below(scanner::kBufferKindCount));
      segment.privileged = generator.Below(2) == 0;
      segment.space = segment.privileged ? hw::AddressSpace::kGgtt : hw::AddressSpace::kPpgtt;
      segment.start = kStart;
      segment.dwords = dwords;
      segment.complete = generator.Below(4) != 0;
      ScanReport report;
      interpreter.Scan(segment, &report);
      const ScanReport expected = oracle::NaiveScan(platform, policy, segment);
      ASSERT_EQ(report, expected) << "stream " << i << " " << oracle::SegmentText(segment)
                                  << "engine:\n"
                                  << oracle::ReportText(report) << "naive:\n"
                                  << oracle::ReportText(expected);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Engines, Exhaustive, testing::ValuesIn(Targets()), TargetName);

}  // namespace
}  // namespace gvt::differential
