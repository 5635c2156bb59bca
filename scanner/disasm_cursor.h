// Steps through a stream command by command, exactly as far as the audit does.
//
// No text is made here, so that counting the commands of a stream costs one table look-up each.
#pragma once

#include <cstdint>
#include <span>

#include "base/address.h"
#include "hw/command_row.h"
#include "hw/platform.h"
#include "scanner/opcode_table.h"

namespace gvt::scanner {

// One command of a stream. Invariant: dwords is not empty.
struct Command {
  uint32_t position = 0;                // dword index of its header
  Gma address;                          // of its header
  std::span<const uint32_t> dwords;     // what is there of it
  uint32_t length = 1;                  // dwords that it states, or the guess; at least 1
  const hw::CommandRow* row = nullptr;  // nullptr: unknown
  bool length_allowed = true;           // false: not a length that the row may have

  uint32_t header() const { return dwords[0]; }
  bool cut_off() const { return dwords.size() < length; }
};

// Best guess at the length of a command without a row: the usual place of the length field of its
// client, as in an audit-only scan. Dwords, at least 1.
// Source: PRM SKL vol 2a, "Command Header Format".
uint32_t GuessedLength(uint32_t header, hw::Engine engine);

class CommandCursor {
 public:
  // Keeps a reference to `dwords`' memory. `start` is the address of dwords[0].
  CommandCursor(hw::Platform platform, hw::Engine engine, std::span<const uint32_t> dwords,
                Gma start)
      : table_(OpcodeTableFor(hw::GenerationOf(platform), engine)),
        engine_(engine),
        dwords_(dwords),
        start_(start) {}

  // The next command; false at the end. Any dwords are legal; each call goes at least one dword on.
  bool Next(Command* command);

 private:
  const OpcodeTable& table_;
  hw::Engine engine_;
  std::span<const uint32_t> dwords_;
  Gma start_;
  size_t position_ = 0;
};

}  // namespace gvt::scanner
