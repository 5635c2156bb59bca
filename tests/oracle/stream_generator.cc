#include "tests/oracle/stream_generator.h"

#include <algorithm>
#include <array>

#include "base/bits.h"
#include "hw/command_table.h"

namespace gvt::oracle {
namespace {

// Offsets in an engine's block: ring and execution-list registers, BB_OFFSET, PDPs, GFX_MODE,
// FORCE_TO_NONPRIV, GPRs, predicate, timestamp, NOPID. Source: linux v6.1 gt/intel_engine_regs.h.
constexpr std::array<uint32_t, 16> kEngineRegisters = {0x30,  0x34,  0x38,  0x3c,  0x80,  0x94,
                                                       0x9c,  0x110, 0x158, 0x230, 0x244, 0x270,
                                                       0x274, 0x29c, 0x4d0, 0x600};
// Elsewhere: forcewake, display, slots that stock kernels open, L3, fences, one out of range.
constexpr std::array<uint32_t, 12> kOtherRegisters = {0xa188, 0x44050,  0x7014,  0x2580,
                                                      0xb118, 0x100000, 0x5200,  0x2358,
                                                      0x20d8, 0x200000, 0x70180, 0xe4f0};

}  // namespace

StreamGenerator::StreamGenerator(uint64_t seed, hw::Platform platform, hw::Engine engine, Gma start,
                                 const scanner::Policy& policy)
    : random_(seed), engine_(engine), start_(start), policy_(policy) {
  const hw::Generation generation = hw::GenerationOf(platform);
  for (const hw::CommandRow& row : hw::CommandRows()) {
    if (!row.Matches(row.value, generation, engine)) continue;
    rows_.push_back(&row);
    if (row.client == hw::Client::kMi || row.effect != hw::Effect::kNone) mi_rows_.push_back(&row);
  }
}

uint64_t StreamGenerator::InterestingAddress() {
  switch (Below(6)) {
    case 0: return start_.value + Below(64) * 4;
    case 1: return policy_.aperture.begin + Below(8) * 4 - 16;
    case 2: return policy_.aperture.end - 32 + Below(12) * 4;
    case 3: return policy_.hidden.end - 32 + Below(12) * 4;
    case 4: return (uint64_t{1} << kGmaBits) - 32 + Below(12) * 4;
    default: return random_();
  }
}

uint32_t StreamGenerator::Dword() {
  if (pair_ != 0) {
    const uint32_t high = High32(pair_);
    pair_ = 0;
    return high;
  }
  switch (Below(12)) {
    case 0:
    case 1: return 0;
    case 2: return ~uint32_t{0};
    case 3: return 1u << Below(32);
    case 4: return hw::EngineMmioBase(engine_) + kEngineRegisters[Below(kEngineRegisters.size())];
    case 5: return kOtherRegisters[Below(kOtherRegisters.size())];
    case 6: return Below(0x1010);
    case 7: return Below(1u << 23) & ~3u;
    case 8: return static_cast<uint32_t>(random_());
    default: pair_ = InterestingAddress() | uint64_t{Below(8)}; return Low32(pair_);
  }
}

std::vector<uint32_t> StreamGenerator::CommandOfLength(const hw::CommandRow& row, uint32_t length) {
  const auto random = static_cast<uint32_t>(random_());
  uint32_t header = row.value;
  // One time in two the bits that the row leaves open are all 0, as drivers mostly send them.
  if (Below(2) == 0) header |= random & ~row.mask;
  if (row.length.fixed_dwords == 0) {
    const uint32_t field = LowMask32(row.length.field_high + 1u);
    header = (header & ~field) | ((length - row.length.bias) & field);
  }
  std::vector<uint32_t> dwords(1, header);
  pair_ = 0;
  while (dwords.size() < length) dwords.push_back(Dword());
  return dwords;
}

std::vector<uint32_t> StreamGenerator::Command(const hw::CommandRow& row, uint32_t max_dwords) {
  uint32_t length = row.length.fixed_dwords;
  if (length == 0) {
    size_t runs = 0;
    while (runs < row.length.allowed.size() && row.length.allowed[runs].max != 0) ++runs;
    const hw::LengthRun& run = row.length.allowed[Below(static_cast<uint32_t>(runs))];
    const uint32_t max = std::max(run.min, std::min(run.max, max_dwords));
    length = run.min + Below((max - run.min) / run.step + 1) * run.step;
  }
  return CommandOfLength(row, length);
}

std::vector<uint32_t> StreamGenerator::Stream(uint32_t count) {
  std::vector<uint32_t> stream;
  for (uint32_t i = 0; i < count; ++i) {
    if (Below(64) == 0) {
      stream.push_back(Dword());
      continue;
    }
    const auto& rows = Below(4) == 0 ? rows_ : mi_rows_;
    const hw::CommandRow& row = *rows[Below(static_cast<uint32_t>(rows.size()))];
    // Ends and starts of batches end the stream for the scanner: keep them rare.
    const bool leaves =
        row.effect == hw::Effect::kBatchStart || row.effect == hw::Effect::kBatchEnd;
    if (leaves && Below(8) != 0) continue;
    const std::vector<uint32_t> command = Command(row, 24);
    stream.insert(stream.end(), command.begin(), command.end());
  }
  if (Below(4) != 0) stream.push_back(0x0a << 23);  // MI_BATCH_BUFFER_END
  return stream;
}

}  // namespace gvt::oracle
