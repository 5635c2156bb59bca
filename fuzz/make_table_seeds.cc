// Seeds from the command table: every command of every engine and generation, at its shortest and
// at a longer length, in a non-privileged batch, in a privileged one with its GGTT bits set, and in
// a ring.
#include <algorithm>
#include <array>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "fuzz/scan_input.h"
#include "fuzz/seed_writer.h"
#include "hw/command_table.h"

namespace gvt::fuzz {
namespace {

constexpr uint32_t kBatchBufferEnd = 0x0au << 23;
constexpr size_t kCommandsPerSeed = 48;
constexpr uint32_t kMaxLongLength = 24;

struct Variant {
  const char* name;
  scanner::BufferKind kind;
  bool privileged;
};

constexpr std::array<Variant, 3> kVariants = {{
    {"user", scanner::BufferKind::kFirstLevelBatch, false},
    {"ggtt", scanner::BufferKind::kFirstLevelBatch, true},
    {"ring", scanner::BufferKind::kRing, true},
}};

bool EndsSegment(const hw::CommandRow& row) {
  return row.effect == hw::Effect::kBatchStart || row.effect == hw::Effect::kBatchEnd;
}

// The command at `length`, its operands an address in the guest's own part.
void AppendCommand(const hw::CommandRow& row, uint32_t length, bool ggtt,
                   std::vector<uint32_t>* dwords) {
  const size_t start = dwords->size();
  uint32_t header = row.value;
  if (row.length.fixed_dwords == 0) header |= length - row.length.bias;
  dwords->push_back(header);
  dwords->resize(start + length, 0);
  for (const hw::AddressField& field : row.addresses) {
    if (!field.used || field.dword >= length) continue;
    (*dwords)[start + field.dword] |= 0x11000;
    const bool selects = field.rule == hw::SpaceRule::kGgttIfSet && field.select_dword < length;
    if (ggtt && selects) (*dwords)[start + field.select_dword] |= 1u << field.select_bit;
  }
}

ScanInput EmptyInput(hw::Generation generation, hw::Engine engine, const Variant& variant) {
  ScanInput input;
  input.platform = generation == hw::Generation::kGen8 ? hw::Platform::kBdw : hw::Platform::kSkl;
  input.engine = engine;
  input.kind = variant.kind;
  input.privileged = variant.privileged;
  input.space = variant.privileged ? hw::AddressSpace::kGgtt : hw::AddressSpace::kPpgtt;
  input.start = Gma(0x100000);
  input.split = 7;
  return input;
}

void MakeSeedsOf(hw::Generation generation, hw::Engine engine, const Variant& variant,
                 SeedWriter* out) {
  const std::string prefix = std::string(generation == hw::Generation::kGen8 ? "gen8-" : "gen9-") +
                             std::string(hw::EngineName(engine)) + "-" + variant.name + "-";
  ScanInput input = EmptyInput(generation, engine, variant);
  unsigned number = 0;
  size_t commands = 0;
  const auto flush = [&] {
    if (input.dwords.empty()) return;
    if (scanner::IsBatch(input.kind)) input.dwords.push_back(kBatchBufferEnd);
    const auto bytes = SerializeScanInput(input);
    const std::string name = prefix + std::to_string(number++);
    out->Write("scan", name, bytes);
    if (engine == hw::Engine::kRcs && scanner::IsBatch(input.kind)) out->Write("jit", name, bytes);
    if (variant.privileged && variant.kind != scanner::BufferKind::kRing) {
      out->Write("disasm", name, bytes);
    }
    input.dwords.clear();
    commands = 0;
  };
  for (const hw::CommandRow& row : hw::CommandRows()) {
    if (!row.Matches(row.value, generation, engine) || EndsSegment(row)) continue;
    const hw::LengthRun run = row.length.allowed[0];
    const uint32_t shortest = row.length.fixed_dwords != 0 ? row.length.fixed_dwords : run.min;
    AppendCommand(row, shortest, variant.privileged, &input.dwords);
    const uint32_t longer = std::min(run.max, run.min + 2 * run.step);
    if (longer > shortest && longer <= kMaxLongLength) {
      AppendCommand(row, longer, variant.privileged, &input.dwords);
    }
    if (++commands == kCommandsPerSeed) flush();
  }
  flush();
}

// Each platform and engine with one of the registers whose value is checked, or that no stream may
// write. Layout: registers_target.cc.
void MakeRegisterSeeds(SeedWriter* out) {
  // From the engine's base: NOPID, MI_MODE, BB_OFFSET, GFX_MODE, CTX_CONTROL, PDP0, first slot.
  constexpr std::array<uint32_t, 7> kOffsets = {0x94, 0x9c, 0x158, 0x29c, 0x244, 0x270, 0x4d0};
  for (unsigned p = 0; p < hw::kPlatformCount; ++p) {
    for (unsigned i = 0; i < kOffsets.size(); ++i) {
      const auto engine = static_cast<hw::Engine>((p + i) % hw::kEngineCount);
      const uint32_t base = hw::EngineMmioBase(engine);
      const std::array<uint32_t, 4> dwords = {p | static_cast<uint32_t>(engine) << 8 | i % 2 << 16,
                                              base + kOffsets[i], 0x00010001, base + 0x94};
      std::array<uint8_t, sizeof dwords> bytes{};
      std::memcpy(bytes.data(), dwords.data(), bytes.size());
      out->Write("registers", std::to_string(p) + "-" + std::to_string(i), bytes);
    }
  }
}

// Each command of the blitter behind each way of setting up, made of noise. Layout:
// blitter_target.cc.
void MakeBlitterSeeds(SeedWriter* out) {
  constexpr size_t kNoiseBytes = 160;
  std::minstd_rand random;
  uint8_t index = 0;
  for (const hw::CommandRow& row : hw::CommandRows()) {
    if (row.client != hw::Client::k2d) continue;
    std::vector<uint8_t> bytes{static_cast<uint8_t>(index % 4 | (index % 8 / 4) << 7)};
    for (const uint8_t piece : {static_cast<uint8_t>(index % 3), index}) {
      bytes.push_back(piece);
      for (size_t i = 0; i < kNoiseBytes; ++i) {
        bytes.push_back(static_cast<uint8_t>(random() >> 8));
      }
    }
    out->Write("blitter", std::string(row.name), bytes);
    ++index;
  }
}

}  // namespace

void MakeTableSeeds(SeedWriter* out) {
  MakeRegisterSeeds(out);
  MakeBlitterSeeds(out);
  for (unsigned g = 0; g < hw::kGenerationCount; ++g) {
    for (unsigned e = 0; e < hw::kEngineCount; ++e) {
      for (const Variant& variant : kVariants) {
        MakeSeedsOf(static_cast<hw::Generation>(g), static_cast<hw::Engine>(e), variant, out);
      }
    }
  }
}

}  // namespace gvt::fuzz
