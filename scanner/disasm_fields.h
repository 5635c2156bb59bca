// Inside of the disassembler: a command being taken apart, and the list that its fields go to.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/address.h"
#include "hw/command_row.h"
#include "scanner/disassembler.h"

namespace gvt::scanner::disasm {

// printf into a string; bounded by what the arguments are.
[[gnu::format(printf, 1, 2)]] std::string Text(const char* format, ...);

struct BitName {
  uint8_t bit;
  std::string_view name;
};

// Reads dwords that may not be there as zero, so that a command that is cut off needs no care.
class FieldWriter {
 public:
  FieldWriter(const DisasmTarget& target, const Command& command, std::vector<std::string>* out)
      : target_(target), command_(command), out_(*out) {}

  const Command& command() const { return command_; }
  const hw::CommandRow& row() const { return *command_.row; }
  uint32_t count() const { return static_cast<uint32_t>(command_.dwords.size()); }
  uint32_t Dword(uint32_t index) const { return index < count() ? command_.dwords[index] : 0; }

  // False once kMaxFields are there; the fields after that are counted by nobody.
  bool Add(std::string text);
  // "register NAME (0x...)".
  std::string Register(uint32_t dword) const;
  // The names of the set bits, and what is left of `value` outside `known`.
  void AddFlags(uint32_t value, std::span<const BitName> names, uint32_t known);
  // All address fields of the row.
  void AddAddresses();
  void AddAddress(const hw::AddressField& field, uint32_t index);
  void AddAddressAt(const char* label, bool ggtt, uint32_t dword, uint64_t align_mask);

 private:
  const DisasmTarget& target_;
  const Command& command_;
  std::vector<std::string>& out_;
};

// Each writes the fields of one group of commands; false: the command is not one of them.
bool WriteMiFields(FieldWriter& fields);        // disasm_mi.cc
bool WriteRegisterFields(FieldWriter& fields);  // disasm_register.cc
bool WriteFlushFields(FieldWriter& fields);     // disasm_flush.cc
bool WriteRenderFields(FieldWriter& fields);    // disasm_render.cc

}  // namespace gvt::scanner::disasm
