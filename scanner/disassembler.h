// Commands as text for people: mnemonic, addresses with their space, registers by name, flags by
// name.
//
//   Disassemble({hw::Platform::kSkl, hw::Engine::kRcs}, dwords, start, sink);
//
// Any dwords are legal input: what has no row, a length outside its row's set, or an end before its
// end is shown as it stands with a note. Output is bounded by kMaxFields lines of fields a command.
// Thread rule: pure functions.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/address.h"
#include "hw/platform.h"
#include "scanner/disasm_cursor.h"

namespace gvt::scanner {

struct DisasmTarget {
  hw::Platform platform = hw::Platform::kSkl;
  hw::Engine engine = hw::Engine::kRcs;
};

// Fields shown of one command; a last one says how many more there are.
inline constexpr size_t kMaxFields = 300;

// "MI_NOOP", or "unknown command".
std::string_view CommandName(const Command& command);

// The fields of a command, one string each, in the order of its dwords: "RING_TAIL[rcs] = 0x10",
// "write ggtt:0x00fef000". Notes on what is wrong with the command come first.
std::vector<std::string> CommandFields(const DisasmTarget& target, const Command& command);

// How FormatCommand lays out a command.
struct DisasmStyle {
  std::string_view margin;   // put before the first line, as many blanks before the others
  uint32_t max_dwords = 32;  // raw dwords shown of one command; 0: all
};

// Some lines, each with its line feed: address and raw dwords on the left, name and fields on the
// right.
std::string FormatCommand(const Command& command, const std::vector<std::string>& fields,
                          const DisasmStyle& style);

class DisasmSink {
 public:
  virtual ~DisasmSink() = default;
  virtual void OnCommand(const Command& command, const std::vector<std::string>& fields) = 0;
};

// Takes all of `dwords` apart, in order. `start`: address of dwords[0].
void Disassemble(const DisasmTarget& target, std::span<const uint32_t> dwords, Gma start,
                 DisasmSink& sink);

// "3", "4 or 5", "3, 5, .. 257": the lengths that a row allows, in dwords.
std::string AllowedLengths(const hw::Length& length);

// "ggtt:0x00fef000", "ppgtt:0x0000fef00000".
std::string AddressText(hw::AddressSpace space, Gma address);

}  // namespace gvt::scanner
