// The frame of the disassembler: notes, fields, and the two-column layout.
//
// Idea: the command's row already says where addresses are and what the command does, so that every
// command shows its addresses, and only commands with an effect have a field writer of their own
// (disasm_mi.cc, disasm_register.cc, disasm_flush.cc, disasm_render.cc).
//
// Invariants:
// 1. Nothing is read behind Command::dwords, whatever length the header states.
// 2. Fields are only shown of well-formed commands; the others show their dwords and what is wrong.
// 3. Work and output are linear in the dwords; fields of one command end at kMaxFields.
//
// Source: PRM SKL vol 2a (layouts), through hw/commands_*.inc.
#include "scanner/disassembler.h"

#include <algorithm>
#include <cstdarg>
#include <cstdio>

#include "base/bits.h"
#include "hw/register_table.h"
#include "scanner/disasm_fields.h"

namespace gvt::scanner {
namespace disasm {

std::string Text(const char* format, ...) {
  char buffer[256];
  va_list arguments;
  va_start(arguments, format);
  const int length = std::vsnprintf(buffer, sizeof buffer, format, arguments);
  va_end(arguments);
  return {buffer, std::min(static_cast<size_t>(std::max(length, 0)), sizeof buffer - 1)};
}

bool FieldWriter::Add(std::string text) {
  if (out_.size() >= kMaxFields) {
    if (out_.size() == kMaxFields) out_.emplace_back("...");
    return false;
  }
  out_.push_back(std::move(text));
  return true;
}

std::string FieldWriter::Register(uint32_t dword) const {
  const uint32_t offset = Dword(dword);
  std::string name = hw::RegisterName(target_.platform, offset);
  if (name.starts_with("0x")) return name;
  return name + Text(" (0x%x)", offset);
}

void FieldWriter::AddFlags(uint32_t value, std::span<const BitName> names, uint32_t known) {
  std::string text;
  for (const BitName& flag : names) {
    known |= 1u << flag.bit;
    if (!Bit(value, flag.bit)) continue;
    if (!text.empty()) text += ' ';
    text += flag.name;
  }
  if ((value & ~known) != 0) {
    if (!text.empty()) text += ' ';
    text += Text("other-bits=0x%x", value & ~known);
  }
  if (!text.empty()) Add(std::move(text));
}

void FieldWriter::AddAddressAt(const char* label, bool ggtt, uint32_t dword, uint64_t align_mask) {
  const uint64_t raw = Join64(Dword(dword), Dword(dword + 1)) & ~align_mask;
  Add(std::string(label) + " " +
      AddressText(ggtt ? hw::AddressSpace::kGgtt : hw::AddressSpace::kPpgtt, MaskGma(raw)));
}

void FieldWriter::AddAddress(const hw::AddressField& field, uint32_t index) {
  const bool selected = Bit(Dword(field.select_dword), field.select_bit);
  const bool ggtt = field.rule == hw::SpaceRule::kGgtt ||
                    (field.rule == hw::SpaceRule::kGgttIfSet && selected) ||
                    (field.rule == hw::SpaceRule::kPpgttIfSet && !selected);
  const char* label = field.access == hw::Access::kRead    ? "read"
                      : field.access == hw::Access::kWrite ? "write"
                                                           : "update";
  const uint64_t mask = LowMask64(field.high + 1u) & ~LowMask64(field.low);
  AddAddressAt(label, ggtt, index, ~mask);
}

// Unset addresses of long tables are left out: they say nothing.
void FieldWriter::AddAddresses() {
  for (const hw::AddressField& field : row().addresses) {
    if (!field.used) return;
    const uint32_t repeats = field.count == 0 ? count() : field.count;
    uint32_t index = field.dword;
    for (uint32_t i = 0; i < repeats && index < count(); ++i, index += field.stride) {
      const bool is_group = field.count != 1;
      if (is_group && Dword(index) == 0 && Dword(index + 1) == 0) continue;
      AddAddress(field, index);
    }
  }
}

}  // namespace disasm

namespace {

using disasm::FieldWriter;
using disasm::Text;

constexpr size_t kDwordsPerLine = 4;
constexpr size_t kDwordColumns = kDwordsPerLine * 9;

void AddNotes(FieldWriter& fields) {
  const Command& command = fields.command();
  if (command.row == nullptr) {
    fields.Add(Text("! not in the table; length guessed: %u", command.length));
  } else if (!command.length_allowed) {
    fields.Add(Text("! length %u, allowed: ", command.row->length.Of(command.header())) +
               AllowedLengths(command.row->length));
  }
  if (command.cut_off()) {
    fields.Add(Text("! cut off: %u of %u dwords are there", fields.count(), command.length));
  }
}

std::string LeftColumn(const Command& command, size_t line, size_t shown) {
  std::string left = line == 0
                         ? Text("%012llx: ", static_cast<unsigned long long>(command.address.value))
                         : std::string(14, ' ');
  const size_t begin = line * kDwordsPerLine;
  const size_t end = std::min(begin + kDwordsPerLine, shown);
  for (size_t i = begin; i < end; ++i) left += Text("%08x ", command.dwords[i]);
  if (begin >= end && begin < end + kDwordsPerLine && shown < command.dwords.size()) {
    left += Text("... %zu more dwords", command.dwords.size() - shown);
  }
  left.resize(14 + kDwordColumns, ' ');
  return left;
}

}  // namespace

std::string AllowedLengths(const hw::Length& length) {
  if (length.fixed_dwords != 0) return Text("%u", length.fixed_dwords);
  std::string text;
  for (const hw::LengthRun& run : length.allowed) {
    if (run.max == 0) continue;
    if (!text.empty()) text += " or ";
    if (run.min == run.max) {
      text += Text("%u", run.min);
    } else if (run.step == 1) {
      text += Text("%u..%u", run.min, run.max);
    } else {
      text += Text("%u, %u, .. %u", run.min, run.min + run.step, run.max);
    }
  }
  return text;
}

std::string AddressText(hw::AddressSpace space, Gma address) {
  const auto value = static_cast<unsigned long long>(address.value);
  if (space == hw::AddressSpace::kGgtt) return Text("ggtt:0x%08llx", value);
  return Text("ppgtt:0x%012llx", value);
}

std::string_view CommandName(const Command& command) {
  return command.row != nullptr ? command.row->name : std::string_view("unknown command");
}

std::vector<std::string> CommandFields(const DisasmTarget& target, const Command& command) {
  std::vector<std::string> out;
  FieldWriter fields(target, command, &out);
  AddNotes(fields);
  // Fields of a command whose end is not known, or not there, would be made up.
  if (command.row == nullptr || !command.length_allowed || command.cut_off()) return out;
  if (disasm::WriteMiFields(fields) || disasm::WriteRegisterFields(fields) ||
      disasm::WriteFlushFields(fields)) {
    return out;
  }
  disasm::WriteRenderFields(fields);
  fields.AddAddresses();
  return out;
}

std::string FormatCommand(const Command& command, const std::vector<std::string>& fields,
                          const DisasmStyle& style) {
  const size_t limit = style.max_dwords == 0 ? command.dwords.size() : style.max_dwords;
  const size_t shown = std::min(command.dwords.size(), limit);
  const bool more = shown < command.dwords.size();
  const size_t left_lines = (shown + kDwordsPerLine - 1) / kDwordsPerLine + (more ? 1 : 0);
  const size_t lines = std::max(left_lines, fields.size() + 1);
  std::string text;
  for (size_t line = 0; line < lines; ++line) {
    text += line == 0 ? std::string(style.margin) : std::string(style.margin.size(), ' ');
    text += LeftColumn(command, line, shown);
    if (line == 0) {
      text += CommandName(command);
    } else if (line - 1 < fields.size()) {
      text += "  " + fields[line - 1];
    }
    text.erase(text.find_last_not_of(' ') + 1);
    text += '\n';
  }
  return text;
}

void Disassemble(const DisasmTarget& target, std::span<const uint32_t> dwords, Gma start,
                 DisasmSink& sink) {
  CommandCursor cursor(target.platform, target.engine, dwords, start);
  Command command;
  while (cursor.Next(&command)) sink.OnCommand(command, CommandFields(target, command));
}

}  // namespace gvt::scanner
