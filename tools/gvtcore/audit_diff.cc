// Rules that a row can satisfy: unknown commands get a row, odd lengths widen one, registers are
// added to the list of what streams touch. Everything else is a decision about safety, so that it
// is listed and no change proposed.
#include "tools/gvtcore/audit_diff.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <utility>

#include "hw/platform.h"
#include "scanner/disassembler.h"
#include "scanner/rule.h"
#include "tools/gvtcore/audit_rows.h"
#include "tools/gvtcore/embedded_tables.h"
#include "tools/gvtcore/unified_diff.h"

namespace gvt::tools {
namespace {

using Edits = std::map<std::string, std::vector<LineEdit>>;  // by path of the table
using Item = std::pair<NeedKey, const Need*>;

std::vector<Item> ByCount(const Needs& needs) {
  std::vector<Item> items;
  for (const auto& [key, need] : needs) items.emplace_back(key, &need);
  std::stable_sort(items.begin(), items.end(),
                   [](const Item& a, const Item& b) { return a.second->count > b.second->count; });
  return items;
}

std::string What(const NeedKey& key, const Need& need) {
  std::string text = !need.command.empty() ? need.command
                     : key.opcode != 0     ? fmt::format("header 0x{:08x}", key.opcode)
                                           : std::string("whole buffer");
  if (key.reg != 0) text += fmt::format(" -> {} (0x{:x})", need.register_name, key.reg);
  return text;
}

std::string Times(uint64_t count) {
  return count == 1 ? "once" : Grouped(count) + " times";
}

// Where the rule is about lengths, or there is no row to look them up in.
std::string LengthsText(scanner::Rule rule, const Need& need) {
  if (rule != scanner::Rule::kUnknownCommand && rule != scanner::Rule::kBadLength) return {};
  std::string text;
  for (const auto& [length, count] : need.lengths) {
    text +=
        fmt::format("{}{} dwords {}", text.empty() ? "; lengths: " : ", ", length, Times(count));
  }
  return text;
}

std::string Remark(const Need& need) {
  return fmt::format(
      "// Seen {} on {}, first in {}, submission {}.", Times(need.count), EnginesText(need.engines),
      Printable(std::filesystem::path(need.first.file).filename().string()), need.first.submission);
}

void AppendRow(const ProposedRow& row, const Need& need, Edits* edits) {
  const auto lines = LinesOf(EmbeddedTableText(row.path));
  // At the end of a table of macros; before the closing brace of an array.
  size_t at = lines.size();
  if (row.path.ends_with(".h")) {
    while (at > 0 && lines[at - 1] != "};") --at;
    if (at == 0) return;
    --at;
  }
  const std::string margin(row.text.find_first_not_of(' '), ' ');
  (*edits)[row.path].push_back(LineEdit{at, 0, {margin + Remark(need), row.text}});
}

// The row of the command, found by its name and generation.
void WidenRow(const NeedKey& key, const Need& need, Edits* edits) {
  const std::string path = TableOfCommand(key.opcode, need.engines);
  const auto lines = LinesOf(EmbeddedTableText(path));
  const bool gen8 = need.generations == hw::GenerationBit(hw::Generation::kGen8);
  const std::string_view other = gen8 ? "kGen9," : "kGen8,";
  for (size_t i = 0; i < lines.size(); ++i) {
    if (lines[i].find("(" + need.command + ",") == std::string_view::npos) continue;
    if (lines[i].find(other) != std::string_view::npos) continue;
    const auto widened = WithLengths(lines[i], need.lengths);
    if (!widened) return;
    (*edits)[path].push_back(LineEdit{i, 1, {Remark(need), *widened}});
    return;
  }
}

}  // namespace

Needs NeedsOf(const std::vector<FileReport>& reports) {
  Needs needs;
  for (const FileReport& report : reports) {
    for (const auto& [key, need] : report.needs) needs[key].Add(need);
  }
  return needs;
}

std::string EnginesText(uint8_t engines) {
  std::string text;
  for (unsigned i = 0; i < hw::kEngineCount; ++i) {
    const auto engine = static_cast<hw::Engine>(i);
    if ((engines & hw::EngineBit(engine)) == 0) continue;
    if (!text.empty()) text += ',';
    text += hw::EngineName(engine);
  }
  return text;
}

std::string NeedsText(const Needs& needs, const Colours& colours) {
  if (needs.empty()) return "Nothing is missing for the drivers of these streams.\n";
  std::string text =
      fmt::format("{}what the drivers of these streams would need{}\n", colours.bold, colours.off);
  for (const auto& [key, need] : ByCount(needs)) {
    fmt::format_to(std::back_inserter(text),
                   "  {}{}{}: {}, {} on {}{}\n    {}{}\n"
                   "    first: {}, submission {}, segment 0x{:x}, offset 0x{:x}\n",
                   colours.bold, scanner::RuleName(key.rule), colours.off, What(key, *need),
                   Times(need->count), EnginesText(need->engines),
                   need->user ? (need->privileged ? "" : ", non-privileged") : ", privileged",
                   scanner::RuleText(key.rule), LengthsText(key.rule, *need),
                   Printable(need->first.file), need->first.submission, need->first.segment.value,
                   need->first.offset_bytes);
  }
  return text;
}

std::string AuditDiff(const Needs& needs) {
  Edits edits;
  for (const auto& [key, need] : needs) {
    switch (key.rule) {
      case scanner::Rule::kUnknownCommand:
        if (const auto row = CommandRowFor(key, need)) AppendRow(*row, need, &edits);
        break;
      case scanner::Rule::kBadLength: WidenRow(key, need, &edits); break;
      case scanner::Rule::kRegisterPrivilege:
      case scanner::Rule::kRegisterRefused:
        if (const auto row = RegisterRowFor(key, need)) AppendRow(*row, need, &edits);
        break;
      default: break;
    }
  }
  std::string diff;
  for (auto& [path, list] : edits) {
    diff += UnifiedDiff(path, EmbeddedTableText(path), std::move(list));
  }
  return diff;
}

}  // namespace gvt::tools
