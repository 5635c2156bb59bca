// Where hardware and stock drivers keep each register in a register state context, as constant
// arrays.
//
// Everything but the layout itself and the register policy uses hw/context_image.h.
// Source: linux v6.1 gt/intel_lrc.c (gen8_rcs_offsets, gen9_rcs_offsets, gen8_xcs_offsets,
// gen9_xcs_offsets).
#pragma once

#include "hw/context_image.h"

namespace gvt::hw::internal {

inline constexpr ContextRegister kGen8RcsRegisters[] = {
    {3, 0x244},  {5, 0x34},   {7, 0x30},   {9, 0x38},   {11, 0x3c},  {13, 0x168},
    {15, 0x140}, {17, 0x110}, {19, 0x11c}, {21, 0x114}, {23, 0x118}, {25, 0x1c0},
    {27, 0x1c4}, {29, 0x1c8}, {35, 0x3a8}, {37, 0x28c}, {39, 0x288}, {41, 0x284},
    {43, 0x280}, {45, 0x27c}, {47, 0x278}, {49, 0x274}, {51, 0x270}, {67, 0xc8},
};
inline constexpr ContextLri kGen8RcsLris[] = {{1, 0, 14}, {33, 14, 9}, {65, 23, 1}};
inline constexpr ContextRegister kGen9RcsRegisters[] = {
    {3, 0x244},   {5, 0x34},    {7, 0x30},    {9, 0x38},    {11, 0x3c},   {13, 0x168},
    {15, 0x140},  {17, 0x110},  {19, 0x11c},  {21, 0x114},  {23, 0x118},  {25, 0x1c0},
    {27, 0x1c4},  {29, 0x1c8},  {35, 0x3a8},  {37, 0x28c},  {39, 0x288},  {41, 0x284},
    {43, 0x280},  {45, 0x27c},  {47, 0x278},  {49, 0x274},  {51, 0x270},  {67, 0xc8},
    {83, 0x28},   {85, 0x9c},   {87, 0xc0},   {89, 0x178},  {91, 0x17c},  {93, 0x358},
    {95, 0x170},  {97, 0x150},  {99, 0x154},  {101, 0x158}, {103, 0x41c}, {105, 0x600},
    {107, 0x604}, {109, 0x608}, {111, 0x60c}, {113, 0x610}, {115, 0x614}, {117, 0x618},
    {119, 0x61c}, {121, 0x620}, {123, 0x624}, {125, 0x628}, {127, 0x62c}, {129, 0x630},
    {131, 0x634}, {133, 0x638}, {135, 0x63c}, {137, 0x640}, {139, 0x644}, {141, 0x648},
    {143, 0x64c}, {145, 0x650}, {147, 0x654}, {149, 0x658}, {151, 0x65c}, {153, 0x660},
    {155, 0x664}, {157, 0x668}, {159, 0x66c}, {161, 0x670}, {163, 0x674}, {165, 0x678},
    {167, 0x67c}, {169, 0x68},
};
inline constexpr ContextLri kGen9RcsLris[] = {{1, 0, 14}, {33, 14, 9}, {65, 23, 1}, {81, 24, 44}};
inline constexpr ContextRegister kGen8XcsRegisters[] = {
    {3, 0x244},  {5, 0x34},   {7, 0x30},   {9, 0x38},   {11, 0x3c},  {13, 0x168},
    {15, 0x140}, {17, 0x110}, {19, 0x11c}, {21, 0x114}, {23, 0x118}, {35, 0x3a8},
    {37, 0x28c}, {39, 0x288}, {41, 0x284}, {43, 0x280}, {45, 0x27c}, {47, 0x278},
    {49, 0x274}, {51, 0x270}, {67, 0x200}, {69, 0x28},
};
inline constexpr ContextLri kGen8XcsLris[] = {{1, 0, 11}, {33, 11, 9}, {65, 20, 2}};
inline constexpr ContextRegister kGen9XcsRegisters[] = {
    {3, 0x244},   {5, 0x34},    {7, 0x30},    {9, 0x38},    {11, 0x3c},   {13, 0x168},
    {15, 0x140},  {17, 0x110},  {19, 0x11c},  {21, 0x114},  {23, 0x118},  {25, 0x1c0},
    {27, 0x1c4},  {29, 0x1c8},  {35, 0x3a8},  {37, 0x28c},  {39, 0x288},  {41, 0x284},
    {43, 0x280},  {45, 0x27c},  {47, 0x278},  {49, 0x274},  {51, 0x270},  {67, 0x200},
    {83, 0x28},   {85, 0x9c},   {87, 0xc0},   {89, 0x178},  {91, 0x17c},  {93, 0x358},
    {95, 0x170},  {97, 0x150},  {99, 0x154},  {101, 0x158}, {103, 0x41c}, {105, 0x600},
    {107, 0x604}, {109, 0x608}, {111, 0x60c}, {113, 0x610}, {115, 0x614}, {117, 0x618},
    {119, 0x61c}, {121, 0x620}, {123, 0x624}, {125, 0x628}, {127, 0x62c}, {129, 0x630},
    {131, 0x634}, {133, 0x638}, {135, 0x63c}, {137, 0x640}, {139, 0x644}, {141, 0x648},
    {143, 0x64c}, {145, 0x650}, {147, 0x654}, {149, 0x658}, {151, 0x65c}, {153, 0x660},
    {155, 0x664}, {157, 0x668}, {159, 0x66c}, {161, 0x670}, {163, 0x674}, {165, 0x678},
    {167, 0x67c}, {169, 0x68},
};
inline constexpr ContextLri kGen9XcsLris[] = {{1, 0, 14}, {33, 14, 9}, {65, 23, 1}, {81, 24, 44}};

inline constexpr ContextLayout kGen8RcsLayout{kGen8RcsRegisters, kGen8RcsLris, 68};
inline constexpr ContextLayout kGen9RcsLayout{kGen9RcsRegisters, kGen9RcsLris, 170};
inline constexpr ContextLayout kGen8XcsLayout{kGen8XcsRegisters, kGen8XcsLris, 70};
inline constexpr ContextLayout kGen9XcsLayout{kGen9XcsRegisters, kGen9XcsLris, 170};

constexpr const ContextLayout& LayoutOf(Generation generation, Engine engine) {
  if (generation == Generation::kGen8) {
    return engine == Engine::kRcs ? kGen8RcsLayout : kGen8XcsLayout;
  }
  return engine == Engine::kRcs ? kGen9RcsLayout : kGen9XcsLayout;
}

// Each LRI takes the next registers, each value stands after its offset, nothing overlaps, all of
// it lies before the end.
consteval bool LayoutIsWellFormed(const ContextLayout& layout) {
  size_t next = 0;
  size_t dword = 0;
  for (const ContextLri& lri : layout.lris) {
    if (lri.first != next || lri.header_dword < dword || lri.count == 0) return false;
    dword = lri.header_dword + size_t{1};
    for (unsigned pair = 0; pair < lri.count; ++pair, ++next, dword += 2) {
      if (layout.registers[next].value_dword != dword + 1) return false;
    }
  }
  return next == layout.registers.size() && dword <= layout.end_dword;
}
static_assert(LayoutIsWellFormed(kGen8RcsLayout) && LayoutIsWellFormed(kGen9RcsLayout));
static_assert(LayoutIsWellFormed(kGen8XcsLayout) && LayoutIsWellFormed(kGen9XcsLayout));

}  // namespace gvt::hw::internal
