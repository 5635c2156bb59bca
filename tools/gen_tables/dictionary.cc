// fuzz/gvtcore.dict: the words of the language that fuzzers should know.
//
// A fuzzer that has to guess 16 bits of opcode and a length that fits meets hardly any command. So
// each row gives its header with the shortest length it may have, and once more for each bit of the
// header that selects another address space. Registers give their offset as a dword of a command:
// rows that streams may write, one offset a row, not one a dword of a run.
//
// Format: libFuzzer's, `name="bytes"`; headers and offsets are little-endian dwords, as in memory.
#include <fmt/format.h>

#include <cstdint>
#include <set>
#include <string>
#include <string_view>

#include "hw/command_table.h"
#include "hw/register_table.h"
#include "tools/gen_tables/pages.h"

namespace gvt::gen_tables {
namespace {

using namespace hw;

// Collects entries, one a value.
class Dictionary {
 public:
  explicit Dictionary(std::string head) : text_(std::move(head)) {}

  void Heading(std::string_view heading) { text_ += fmt::format("\n# {}\n", heading); }

  void Add(std::string_view name, uint32_t dword) {
    if (!known_.insert(dword).second) return;
    std::string entry_name;
    for (const char c : name) {
      const bool plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
      entry_name += plain ? c : '_';
    }
    text_ += fmt::format("{}=\"\\x{:02x}\\x{:02x}\\x{:02x}\\x{:02x}\"\n", entry_name, dword & 0xff,
                         dword >> 8 & 0xff, dword >> 16 & 0xff, dword >> 24);
  }

  std::string Take() { return std::move(text_); }

 private:
  std::string text_;
  std::set<uint32_t> known_;
};

// The row's header, stating the shortest length that the row allows.
uint32_t NominalHeader(const CommandRow& row) {
  if (row.length.fixed_dwords != 0) return row.value;
  return row.value | (row.length.allowed[0].min - row.length.bias);
}

void AddCommand(const CommandRow& row, Dictionary& dictionary) {
  const uint32_t header = NominalHeader(row);
  dictionary.Add(row.name, header);
  for (const AddressField& field : row.addresses) {
    const bool selects =
        field.rule == SpaceRule::kGgttIfSet || field.rule == SpaceRule::kPpgttIfSet;
    if (!field.used || !selects || field.select_dword != 0) continue;
    const bool ggtt = field.rule == SpaceRule::kGgttIfSet;
    dictionary.Add(fmt::format("{}_{}_dw{}", row.name, ggtt ? "GGTT" : "PPGTT", field.dword),
                   header | uint32_t{1} << field.select_bit);
  }
}

}  // namespace

std::string FuzzDictionary() {
  Dictionary dictionary(
      "# Made by gvt_gen_tables --dictionary from the rows of hw/. Little-endian dwords.\n");
  dictionary.Heading("Command headers, each stating the shortest length that is well-formed.");
  for (const CommandRow& row : CommandRows()) AddCommand(row, dictionary);
  dictionary.Heading("Offsets of registers that streams may write.");
  for (const RegisterRow& row : RegisterRows()) {
    if (row.Has(RegisterFlag::kCommandAccess)) dictionary.Add(row.name, row.offset);
  }
  return dictionary.Take();
}

}  // namespace gvt::gen_tables
