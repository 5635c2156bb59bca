// Header layouts: PRM SKL vol 2a, "Command Header Format". The vocabulary of the rows is that of
// hw/command_builders.h and hw/stream_registers.h.
#include "tools/gvtcore/audit_rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <set>
#include <vector>

#include "base/bits.h"
#include "hw/platform.h"
#include "hw/register_table.h"

namespace gvt::tools {
namespace {

constexpr uint32_t kTypeMi = 0;  // header[31:29]
constexpr uint32_t kType2d = 2;
constexpr uint32_t kTypeUnit = 3;
constexpr size_t kMaxListedLengths = 3;  // what Exact() takes

bool On(uint8_t engines, hw::Engine engine) {
  return (engines & hw::EngineBit(engine)) != 0;
}

std::string_view GenerationsOf(uint8_t generations) {
  const bool gen8 = (generations & hw::GenerationBit(hw::Generation::kGen8)) != 0;
  const bool gen9 = (generations & hw::GenerationBit(hw::Generation::kGen9)) != 0;
  return gen8 && gen9 ? "kGen8To9" : gen9 ? "kGen9" : "kGen8";
}

// Engines as the tables write them; `video` is what they call either video engine.
std::string EngineSet(uint8_t engines, bool video_apart) {
  std::vector<std::string_view> names;
  if (On(engines, hw::Engine::kRcs)) names.emplace_back("kRcs");
  if (On(engines, hw::Engine::kBcs)) names.emplace_back("kBcs");
  const bool vcs = On(engines, hw::Engine::kVcs);
  const bool vcs2 = On(engines, hw::Engine::kVcs2);
  if (vcs || (vcs2 && !video_apart)) names.emplace_back("kVcs");
  if (vcs2 && video_apart) names.emplace_back("kVcs2");
  if (On(engines, hw::Engine::kVecs)) names.emplace_back("kVecs");
  return fmt::format("{}", fmt::join(names, " | "));
}

std::string LengthColumn(unsigned field_high, const std::set<uint32_t>& lengths) {
  if (lengths.size() <= kMaxListedLengths) {
    return fmt::format("Exact({}, {})", field_high, fmt::join(lengths, ", "));
  }
  return fmt::format("Run({}, {}, {})", field_high, *lengths.begin(), *lengths.rbegin());
}

std::set<uint32_t> KeysOf(const std::map<uint32_t, uint64_t>& lengths) {
  std::set<uint32_t> keys;
  for (const auto& [length, count] : lengths) keys.insert(length);
  return keys;
}

// The unit of a command of type 3, and its table.
struct Unit {
  std::string_view name;
  std::string_view path;
  unsigned field_high;
};
Unit UnitOf(uint32_t opcode, uint8_t engines) {
  constexpr uint32_t kMediaPipe = 2;
  const uint32_t top = opcode >> 24;
  if (On(engines, hw::Engine::kRcs)) {
    const bool media = Bits(opcode, 28, 27) == kMediaPipe;
    return {"kGfx", media ? "hw/commands_media.inc" : "hw/commands_3d.inc", media ? 15u : 7u};
  }
  if (On(engines, hw::Engine::kVecs)) return {"kVebox", "hw/commands_vebox.inc", 11};
  if (top == 0x73) return {"kHcp", "hw/commands_hcp.inc", 11};
  if (top == 0x75) return {"kHuc", "hw/commands_hcp.inc", 11};
  return {"kMfx", "hw/commands_mfx.inc", 11};
}

std::optional<uint32_t> Number(std::string_view text) {
  const size_t begin = std::min(text.find_first_not_of(' '), text.size());
  text.remove_prefix(begin);
  uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// "7, 3, 4" as numbers; empty if it is anything else.
std::vector<uint32_t> Arguments(std::string_view text) {
  std::vector<uint32_t> numbers;
  while (!text.empty()) {
    const size_t end = std::min(text.find(','), text.size());
    const auto number = Number(text.substr(0, end));
    if (!number) return {};
    numbers.push_back(*number);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return numbers;
}

}  // namespace

std::string TableOfCommand(uint32_t opcode, uint8_t engines) {
  switch (opcode >> 29) {
    case kTypeMi: return "hw/commands_mi.inc";
    case kType2d: return "hw/commands_2d.inc";
    default: return std::string(UnitOf(opcode, engines).path);
  }
}

std::optional<ProposedRow> CommandRowFor(const NeedKey& key, const Need& need) {
  constexpr uint32_t kFirstMiWithLength = 0x10;
  const uint32_t type = key.opcode >> 29;
  if (type != kTypeMi && type != kType2d && type != kTypeUnit) return std::nullopt;
  const std::set<uint32_t> lengths = KeysOf(need.lengths);
  const std::string_view generations = GenerationsOf(need.generations);
  ProposedRow row;
  row.path = TableOfCommand(key.opcode, need.engines);
  if (type == kTypeMi) {
    const uint32_t opcode = Bits(key.opcode, 28, 23);
    const std::string length = opcode < kFirstMiWithLength ? "Fixed(1)" : LengthColumn(7, lengths);
    row.text = fmt::format("GVT_MI(MI_UNNAMED_{0:02X}, {1}, {2}, 0x{0:02x}, {3}, kNone, kAny)",
                           opcode, generations, EngineSet(need.engines, false), length);
  } else if (type == kType2d) {
    row.text = fmt::format("GVT_2D(XY_UNNAMED_{0:02X}_BLT, {1}, 0x{0:02x}, {2})",
                           Bits(key.opcode, 28, 22), generations, LengthColumn(7, lengths));
  } else {
    const Unit unit = UnitOf(key.opcode, need.engines);
    row.text = fmt::format("GVT_UNIT(UNNAMED_{0:04X}, {1}, {2}, 0x{0:04x}, {3})", key.opcode >> 16,
                           unit.name, generations, LengthColumn(unit.field_high, lengths));
  }
  return row;
}

std::optional<ProposedRow> RegisterRowFor(const NeedKey& key, const Need& need) {
  const std::string_view generations = GenerationsOf(need.generations);
  const auto* known =
      hw::FindRegister(generations == "kGen8" ? hw::Platform::kBdw : hw::Platform::kSkl, key.reg);
  const bool delicate = need.register_name.starts_with("RING_") ||
                        (known != nullptr && known->Has(hw::RegisterFlag::kHoldsGraphicsAddress |
                                                        hw::RegisterFlag::kValueChecked));
  if (delicate && !need.register_read) return std::nullopt;
  const std::string_view platforms = generations == "kGen8To9" ? "kAll"
                                     : generations == "kGen8"  ? "kBdw"
                                                               : "kGen9";
  const std::string_view access = need.register_read ? "kUserRead"
                                  : need.user        ? "kUser"
                                                     : "kKernel";
  return ProposedRow{
      "hw/stream_registers.h",
      fmt::format("    {{\"{}\", 0x{:x}, 1, {}, {}, StreamAccess::{}}},", need.register_name,
                  key.reg, EngineSet(need.engines, true), platforms, access)};
}

std::optional<std::string> WithLengths(std::string_view row_line,
                                       const std::map<uint32_t, uint64_t>& lengths) {
  for (const std::string_view builder : {"Exact(", "Run("}) {
    const size_t begin = row_line.find(builder);
    const size_t end = row_line.find(')', begin);
    if (begin == std::string_view::npos || end == std::string_view::npos) continue;
    const size_t inside = begin + builder.size();
    const auto numbers = Arguments(row_line.substr(inside, end - inside));
    const bool run = builder == "Run(";
    // A run with a step says that lengths in between are wrong: that is not widened unseen.
    if (numbers.size() < 2 || (run && numbers.size() != 3)) return std::nullopt;
    std::set<uint32_t> all = KeysOf(lengths);
    all.insert(numbers.begin() + 1, numbers.end());
    const std::string column =
        run ? fmt::format("Run({}, {}, {})", numbers[0], *all.begin(), *all.rbegin())
            : LengthColumn(numbers[0], all);
    return fmt::format("{}{}{}", row_line.substr(0, begin), column, row_line.substr(end + 1));
  }
  return std::nullopt;
}

}  // namespace gvt::tools
