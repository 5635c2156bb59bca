// Of each command the fields that say where memory is accessed are chosen so that it mostly lies in
// the surfaces; all other bits are anything.
#include "tests/model/blit_generator.h"

#include <random>

#include "hw/command_table.h"

namespace gvt::model {
namespace {

using soft_test::Dwords;

constexpr uint32_t kSwControl = 0x22200;

// header[28:22].
enum Opcode : uint32_t {
  kSetup = 0x01,
  kSetupClip = 0x03,
  kSetupMonoPattern = 0x11,
  kPixel = 0x24,
  kScanlines = 0x25,
  kText = 0x26,
  kTextImmediate = 0x31,
  kColorLine = 0x40,
  kFastCopy = 0x42,
  kCopyLine = 0x43,
};

uint32_t OpcodeOf(uint32_t header) {
  return header >> 22 & 0x7f;
}

// The source is a surface: coordinates in dword 6, pitch in 7.
bool HasSurface(uint32_t opcode) {
  return opcode == 0x53 || opcode == 0x55 || opcode == 0x57 || opcode == 0x73 || opcode == 0x74;
}

void Set(Dwords* out, size_t dword, uint64_t address) {
  (*out)[dword] = Low32(address);
  if (dword + 1 < out->size()) (*out)[dword + 1] = High32(address);
}

}  // namespace

void BlitGenerator::Fill(uint64_t seed, soft_test::FakeMemory& memory) {
  std::mt19937_64 random(seed);
  const auto noise = [&](uint64_t base, uint64_t bytes) {
    std::vector<uint64_t> qwords(bytes / 8);
    for (uint64_t& qword : qwords) qword = random();
    memory.Map(soft_test::kPpgtt, base, bytes);
    memory.Write(soft_test::kPpgtt, Gma(base), std::as_bytes(std::span(qwords)));
  };
  noise(kFirst, uint64_t{kPitch} * kRows);
  noise(kSecond, uint64_t{kPitch} * kRows);
  noise(kPatterns, 2 * kPageSize);
}

std::span<const hw::CommandRow* const> BlitGenerator::Rows() {
  static const std::vector<const hw::CommandRow*> kRows = [] {
    std::vector<const hw::CommandRow*> rows;
    for (const hw::CommandRow& row : hw::CommandRows()) {
      if (row.client == hw::Client::k2d) rows.push_back(&row);
    }
    return rows;
  }();
  return kRows;
}

Dwords BlitGenerator::SetControl() {
  return soft_test::Lri({kSwControl, 0x30000 | Below(4)});
}

Dwords BlitGenerator::Program(uint32_t commands) {
  Dwords program = SetControl();
  const auto add = [&](const Dwords& more) {
    program.insert(program.end(), more.begin(), more.end());
  };
  add(CommandOf(*hw::CommandByName(hw::Generation::kGen9, hw::Engine::kBcs,
                                   OneIn(2) ? "XY_SETUP_BLT" : "XY_SETUP_MONO_PATTERN_SL_BLT")));
  for (uint32_t i = 0; i < commands; ++i) add(Command());
  return program;
}

Dwords BlitGenerator::Command() {
  const auto rows = Rows();
  return CommandOf(*rows[Below(static_cast<uint32_t>(rows.size()))]);
}

// Of those that vary, not the longest: 40 dwords hold all glyphs and most patterns.
uint32_t BlitGenerator::LengthOf(const hw::CommandRow& row) {
  constexpr uint32_t kMost = 80;
  std::vector<uint32_t> lengths;
  for (uint32_t length = 2; length < kMost; ++length) {
    if (row.length.Allows(length)) lengths.push_back(length);
  }
  return lengths[Below(static_cast<uint32_t>(lengths.size()))];
}

// Now and then negative.
uint32_t BlitGenerator::Corner() {
  const uint32_t x = OneIn(24) ? 0xfff4 : Below(40);
  const uint32_t y = OneIn(24) ? 0xfffc : Below(kRows / 2);
  return y << 16 | x;
}

// Now and then before the corner.
uint32_t BlitGenerator::EndOf(uint32_t corner) {
  const uint32_t x = (corner & 0xffff) + (OneIn(24) ? 0 : 1 + Below(80));
  const uint32_t y = (corner >> 16) + (OneIn(24) ? 0xffff : 1 + Below(kRows / 2));
  return y << 16 | (x & 0xffff);
}

// A surface that goes down is addressed by its last row.
void BlitGenerator::Place(uint64_t base, bool tiled, size_t pitch_dword, size_t address_dword,
                          Dwords* out) {
  const bool down = !tiled && OneIn(4);
  uint32_t pitch = tiled ? kPitch / 4 : kPitch;
  if (down) pitch = (0u - kPitch) & 0xffff;
  if (OneIn(48)) pitch = Below(0x10000);
  (*out)[pitch_dword] = ((*out)[pitch_dword] & 0xffff0000) | pitch;
  Set(out, address_dword, base + (down ? uint64_t{kRows - 1} * kPitch : 0));
}

void BlitGenerator::MakeFastCopy(Dwords* out) {
  constexpr uint32_t kYf = 3u << 30;
  Dwords& d = *out;
  if (!OneIn(8)) d[1] &= ~kYf;
  const uint64_t from = OneIn(2) ? kFirst : kSecond;
  Place(kFirst, (d[0] >> 13 & 3) != 0, 1, 4, out);
  d[2] = Corner();
  d[3] = EndOf(d[2]);
  d[6] = Corner();
  Place(from, (d[0] >> 20 & 3) != 0, 7, 8, out);
}

void BlitGenerator::MakeLines(Dwords* out) {
  Dwords& d = *out;
  const bool copies = OpcodeOf(d[0]) == kCopyLine;
  const bool is_long = d.size() == (copies ? 8u : 6u);
  d[2] = Below(kRows / 2) << 16 | Below(256);
  const uint32_t inside = kPitch / 4 + Below(kPitch / 2);
  const auto place = [&](uint64_t base, size_t pitch_dword, size_t address_dword) {
    const bool down = OneIn(4);
    d[pitch_dword] = (d[pitch_dword] & 0xffff0000) | ((down ? 0u - kPitch : kPitch) & 0xffff);
    const uint64_t address = base + inside + (down ? uint64_t{kRows - 1} * kPitch : 0);
    d[address_dword] = Low32(address);
    if (is_long) d[address_dword + 1] = High32(address);
  };
  place(kFirst, 1, 3);
  if (copies) place(OneIn(2) ? kFirst : kSecond, is_long ? 5 : 4, is_long ? 6 : 5);
}

void BlitGenerator::MakeForm(uint32_t opcode, Dwords* out) {
  Dwords& d = *out;
  const bool uses_setup =
      opcode == kPixel || opcode == kScanlines || opcode == kText || opcode == kTextImmediate;
  if (uses_setup || opcode == kSetupClip) {
    d[1] = Corner();
    if (d.size() > 2) d[2] = EndOf(d[1]);
    if (opcode == kText) Set(out, 3, kPatterns + Below(1024));
    return;
  }
  if (OneIn(2)) d[1] = (d[1] & 0xff00ffff) | (OneIn(2) ? 0xccu : 0xf0u) << 16;
  Place(kFirst, (d[0] >> 11 & 1) != 0, 1, 4, out);
  d[2] = Corner();
  d[3] = EndOf(d[2]);
  if (opcode == kSetup) Set(out, 8, kPatterns + Below(1024));
  if (opcode == kSetup || opcode == kSetupMonoPattern) return;
  if (HasSurface(opcode)) {
    d[6] = Corner();
    Place(OneIn(2) ? kFirst : kSecond, (d[0] >> 15 & 1) != 0, 7, 8, out);
  }
  if (opcode == 0x54 || opcode == 0x56 || opcode == 0x58 || opcode == 0x75) {
    Set(out, 6, kPatterns + uint64_t{Below(512)} * 2);
  }
  if (opcode == 0x51 || opcode == 0x76) Set(out, 6, kPatterns + Below(1024));
  if (opcode == 0x55 || opcode == 0x56) Set(out, 10, kPatterns + Below(1024));
}

Dwords BlitGenerator::CommandOf(const hw::CommandRow& row) {
  Dwords out(LengthOf(row));
  for (uint32_t& dword : out) dword = choose_();
  const uint32_t length = static_cast<uint32_t>(out.size()) - 2;
  out[0] = row.value | (out[0] & ~row.mask & 0x003fff00) | length;
  const uint32_t opcode = OpcodeOf(row.value);
  if (opcode == kFastCopy) {
    MakeFastCopy(&out);
  } else if (opcode == kColorLine || opcode == kCopyLine) {
    MakeLines(&out);
  } else {
    MakeForm(opcode, &out);
  }
  return out;
}

}  // namespace gvt::model
