// Command dwords from text: `MI_LOAD_REGISTER_IMM 2358 0`. Deliberately able to write nonsense.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "hw/platform.h"

namespace gvt::oracle {

// One line of code; its dwords are added to *out. On a bad line returns why, else an empty string.
//   NAME [len=N] [bits=HEX] [operands]   a command; states N dwords, by default what is written
//   dw HEX...                            plain dwords
//   repeat N LINE                        the line N times
// Operands are dwords in hex; @HEX is a 64-bit address as two dwords, low one first.
std::string Assemble(hw::Generation generation, hw::Engine engine, std::string_view line,
                     std::vector<uint32_t>* out);

// The dwords of several lines; any bad line ends the test program.
std::vector<uint32_t> Code(hw::Generation generation, hw::Engine engine,
                           std::initializer_list<std::string_view> lines);

}  // namespace gvt::oracle
