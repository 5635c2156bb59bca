// docs/tables/commands.md from the command rows.
#include <fmt/format.h>

#include <array>
#include <string>
#include <string_view>

#include "hw/command_table.h"
#include "tools/gen_tables/pages.h"

namespace gvt::gen_tables {
namespace {

using namespace hw;

struct Unit {
  Client client;
  std::string_view title;
};

constexpr Unit kUnits[] = {
    {Client::kMi, "Memory interface (MI)"},        {Client::k2d, "Blitter (2D)"},
    {Client::kGfx, "Render, media and GPGPU"},     {Client::kMfx, "Fixed-function codecs (MFX)"},
    {Client::kHcp, "HEVC and VP9 (HCP)"},          {Client::kHuc, "Firmware processor (HUC)"},
    {Client::kVdenc, "Low-power encoder (VDENC)"}, {Client::kSfc, "Scaler (SFC)"},
    {Client::kVebox, "Video enhancement (VEBOX)"},
};

std::string_view EffectText(Effect effect) {
  switch (effect) {
    case Effect::kNone: return "";
    case Effect::kNop: return "nothing";
    case Effect::kUserInterrupt: return "user interrupt";
    case Effect::kWaitForEvent: return "waits for a display event";
    case Effect::kArbitration: return "holds off preemption";
    case Effect::kBatchStart: return "starts a batch";
    case Effect::kBatchEnd: return "ends the batch";
    case Effect::kConditionalBatchEnd: return "ends the batch on a condition";
    case Effect::kPredicate: return "predicate";
    case Effect::kDisplay: return "scan-line window";
    case Effect::kDisplayFlip: return "flips a plane";
    case Effect::kSemaphoreSignal: return "signals a context";
    case Effect::kSemaphoreWait: return "waits for memory";
    case Effect::kSetContext: return "switches the context";
    case Effect::kMath: return "computes on registers";
    case Effect::kPower: return "power";
    case Effect::kStoreDataImm: return "stores immediates";
    case Effect::kStoreDataIndex: return "stores to the status page";
    case Effect::kReportHead: return "stores the head to the status page";
    case Effect::kLoadRegisterImm: return "writes registers";
    case Effect::kLoadRegisterMem: return "writes a register from memory";
    case Effect::kStoreRegisterMem: return "stores a register";
    case Effect::kLoadRegisterReg: return "copies a register";
    case Effect::kUpdateGtt: return "writes GGTT entries";
    case Effect::kFlushDw: return "flush, post-sync write, notify";
    case Effect::kPipeControl: return "flush, post-sync write or register write, notify";
    case Effect::kClflush: return "flushes CPU cache lines";
    case Effect::kReportPerfCount: return "stores counters";
    case Effect::kMemory: return "memory";
    case Effect::kCopyMemMem: return "copies a dword";
    case Effect::kAtomic: return "atomic operation";
    case Effect::kForbidden: return "refused";
  }
  return "";
}

std::string EnginesText(uint8_t engines) {
  if (engines == (1u << kEngineCount) - 1) return "all";
  std::string text;
  for (unsigned i = 0; i < kEngineCount; ++i) {
    const auto engine = static_cast<Engine>(i);
    if ((engines & EngineBit(engine)) == 0) continue;
    if (!text.empty()) text += ' ';
    text += EngineName(engine);
  }
  return text;
}

std::string_view GenerationsText(uint8_t generations) {
  if (generations == GenerationBit(Generation::kGen8)) return "8";
  return generations == GenerationBit(Generation::kGen9) ? "9" : "8, 9";
}

std::string LengthText(const Length& length) {
  if (length.fixed_dwords != 0) return fmt::format("{}", length.fixed_dwords);
  std::string text;
  for (const LengthRun& run : length.allowed) {
    if (run.max == 0) continue;
    if (!text.empty()) text += ", ";
    if (run.min == run.max) {
      text += fmt::format("{}", run.min);
    } else if (run.step == 1) {
      text += fmt::format("{} to {}", run.min, run.max);
    } else {
      text += fmt::format("{}, {}, ... {}", run.min, run.min + run.step, run.max);
    }
  }
  return text;
}

std::string SpaceText(const AddressField& field) {
  switch (field.rule) {
    case SpaceRule::kContext: return "";
    case SpaceRule::kGgtt: return " GGTT";
    case SpaceRule::kGgttIfSet:
      return fmt::format(" GGTT if dw{}[{}]", field.select_dword, field.select_bit);
    case SpaceRule::kPpgttIfSet:
      return fmt::format(" PPGTT if dw{}[{}], else GGTT", field.select_dword, field.select_bit);
  }
  return "";
}

std::string AddressText(const AddressField& field) {
  constexpr std::array<std::string_view, 3> kAccess = {"r", "w", "rw"};
  std::string text = fmt::format("dw{}[{}:{}] {}", field.dword, field.high, field.low,
                                 kAccess[static_cast<size_t>(field.access)]);
  if (field.count == 0) text += fmt::format(", every {} dw to the end", field.stride);
  if (field.count > 1) text += fmt::format(", {} times every {} dw", field.count, field.stride);
  return text + SpaceText(field);
}

std::string AddressesText(const CommandRow& row) {
  std::string text;
  for (const AddressField& field : row.addresses) {
    if (!field.used) break;
    if (!text.empty()) text += "; ";
    text += AddressText(field);
  }
  return text;
}

std::string RowText(const CommandRow& row) {
  const bool privileged = row.privilege == Privilege::kPrivileged;
  return fmt::format("| {} | {:08x} | {:08x} | {} | {} | {} | {}{}{} | {} |\n", row.name, row.value,
                     row.mask, GenerationsText(row.generations), EnginesText(row.engines),
                     LengthText(row.length), EffectText(row.effect),
                     privileged && row.effect != Effect::kNone ? "; " : "",
                     privileged ? "privileged" : "", AddressesText(row));
}

}  // namespace

std::string CommandsPage() {
  std::string page = fmt::format(
      "# Commands\n\n"
      "Made by `gvt_gen_tables --commands-md` from hw/commands_*.inc, where the sources are "
      "named.\n"
      "{} rows. A header h is a command iff h & mask = header. Lengths in dwords, all that are\n"
      "well-formed. Effect: what the command does beyond its unit's own state and the context's "
      "memory;\n"
      "privileged: a no-op in a non-privileged batch. Addresses: place, read or write, and address "
      "space\n"
      "where it is not the context's.\n",
      CommandRows().size());
  for (const Unit& unit : kUnits) {
    page += fmt::format(
        "\n## {}\n\n"
        "| command | header | mask | gen | engines | length | effect | addresses |\n"
        "|---|---|---|---|---|---|---|---|\n",
        unit.title);
    for (const CommandRow& row : CommandRows()) {
      if (row.client == unit.client) page += RowText(row);
    }
  }
  return page;
}

}  // namespace gvt::gen_tables
