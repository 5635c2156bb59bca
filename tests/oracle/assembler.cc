#include "tests/oracle/assembler.h"

#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <sstream>

#include "base/bits.h"
#include "hw/command_table.h"

namespace gvt::oracle {
namespace {

template <typename T>
bool ParseNumber(std::string_view text, int base, T* value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *value, base);
  return error == std::errc() && end == text.data() + text.size();
}

bool AddOperand(std::string_view word, std::vector<uint32_t>* dwords) {
  uint64_t value = 0;
  const bool address = word.starts_with('@');
  if (!ParseNumber(word.substr(address ? 1 : 0), 16, &value)) return false;
  if (!address && value >> 32 != 0) return false;
  dwords->push_back(Low32(value));
  if (address) dwords->push_back(High32(value));
  return true;
}

std::string AssembleCommand(const hw::CommandRow& row, std::istringstream& words,
                            std::vector<uint32_t>* out) {
  std::vector<uint32_t> dwords(1, row.value);
  uint32_t length = 0;
  for (std::string word; words >> word;) {
    uint32_t bits = 0;
    if (word.starts_with("len=")) {
      if (!ParseNumber(std::string_view(word).substr(4), 10, &length)) return "bad len=";
    } else if (word.starts_with("bits=")) {
      if (!ParseNumber(std::string_view(word).substr(5), 16, &bits)) return "bad bits=";
      dwords[0] |= bits;
    } else if (!AddOperand(word, &dwords)) {
      return "bad operand " + word;
    }
  }
  if (length == 0) length = static_cast<uint32_t>(dwords.size());
  if (row.length.fixed_dwords == 0) {
    const uint32_t field = LowMask32(row.length.field_high + 1u);
    if (length < row.length.bias || length - row.length.bias > field) return "len= does not fit";
    dwords[0] |= length - row.length.bias;
  }
  out->insert(out->end(), dwords.begin(), dwords.end());
  return {};
}

}  // namespace

std::string Assemble(hw::Generation generation, hw::Engine engine, std::string_view line,
                     std::vector<uint32_t>* out) {
  std::istringstream words{std::string(line)};
  std::string word;
  if (!(words >> word)) return "empty line";
  uint32_t times = 1;
  if (word == "repeat") {
    if (!(words >> times >> word)) return "repeat what?";
  }
  const size_t begin = out->size();
  if (word == "dw") {
    while (words >> word) {
      if (!AddOperand(word, out)) return "bad dword " + word;
    }
  } else {
    const hw::CommandRow* row = hw::CommandByName(generation, engine, word);
    if (row == nullptr) return "no command " + word + " on this engine and generation";
    const std::string error = AssembleCommand(*row, words, out);
    if (!error.empty()) return error;
  }
  const std::vector<uint32_t> once(out->begin() + static_cast<std::ptrdiff_t>(begin), out->end());
  for (uint32_t i = 1; i < times; ++i) out->insert(out->end(), once.begin(), once.end());
  return {};
}

std::vector<uint32_t> Code(hw::Generation generation, hw::Engine engine,
                           std::initializer_list<std::string_view> lines) {
  std::vector<uint32_t> dwords;
  for (const std::string_view line : lines) {
    const std::string error = Assemble(generation, engine, line, &dwords);
    if (error.empty()) continue;
    std::fprintf(stderr, "%.*s: %s\n", static_cast<int>(line.size()), line.data(), error.c_str());
    std::abort();
  }
  return dwords;
}

}  // namespace gvt::oracle
