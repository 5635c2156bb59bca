// Commands as dwords, for tests that execute them. Each function gives one command.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>
#include <vector>

#include "base/bits.h"

namespace gvt::soft_test {

using Dwords = std::vector<uint32_t>;

inline constexpr uint32_t kUseGgtt = 1u << 22;

// MI header: opcode, and the length field for `dwords` (0: the command has none).
constexpr uint32_t Mi(uint32_t opcode, uint32_t dwords = 0, uint32_t bits = 0) {
  return opcode << 23 | (dwords == 0 ? 0 : dwords - 2) | bits;
}

inline Dwords Noop() {
  return {0};
}
inline Dwords BatchEnd() {
  return {Mi(0x0a)};
}
inline Dwords UserInterrupt() {
  return {Mi(0x02)};
}
inline Dwords SetPredicate(uint32_t mode) {
  return {Mi(0x01, 0, mode)};
}
// load: 0 keep, 2 load, 3 load inverted; combine: 0 set, 1 and, 2 or, 3 xor; compare: 0 true,
// 1 false, 2 sources equal, 3 deltas equal.
inline Dwords Predicate(uint32_t load, uint32_t combine, uint32_t compare) {
  return {Mi(0x0c, 0, load << 6 | combine << 3 | compare)};
}
inline Dwords Lri(std::initializer_list<uint32_t> pairs) {
  Dwords out{Mi(0x22, static_cast<uint32_t>(pairs.size()) + 1)};
  out.insert(out.end(), pairs);
  return out;
}
inline Dwords Lrm(uint32_t reg, uint64_t address, uint32_t bits = 0) {
  return {Mi(0x29, 4, bits), reg, Low32(address), High32(address)};
}
inline Dwords Srm(uint32_t reg, uint64_t address, uint32_t bits = 0) {
  return {Mi(0x24, 4, bits), reg, Low32(address), High32(address)};
}
inline Dwords Lrr(uint32_t from, uint32_t to) {
  return {Mi(0x2a, 3), from, to};
}
inline Dwords StoreDword(uint64_t address, uint32_t value, uint32_t bits = 0) {
  return {Mi(0x20, 4, bits), Low32(address), High32(address), value};
}
inline Dwords StoreQword(uint64_t address, uint64_t value, uint32_t bits = 0) {
  return {Mi(0x20, 5, bits | 1u << 21), Low32(address), High32(address), Low32(value),
          High32(value)};
}
inline Dwords StoreIndex(uint32_t offset, uint32_t value) {
  return {Mi(0x21, 3), offset, value};
}
inline Dwords CopyMem(uint64_t to, uint64_t from, uint32_t bits = 0) {
  return {Mi(0x2e, 5, bits), Low32(to), High32(to), Low32(from), High32(from)};
}
// operation: 0 >, 1 >=, 2 <, 3 <=, 4 ==, 5 != (memory against value); polls.
inline Dwords SemaphoreWait(uint64_t address, uint32_t value, uint32_t operation,
                            uint32_t bits = 0) {
  return {Mi(0x1c, 4, bits | 1u << 15 | operation << 12), value, Low32(address), High32(address)};
}
inline Dwords ConditionalEnd(uint64_t address, uint32_t value, uint32_t bits = 0) {
  return {Mi(0x36, 4, bits | 1u << 21), value, Low32(address), High32(address)};
}
inline constexpr uint32_t kSecondLevel = 1u << 22;
inline constexpr uint32_t kPredicated = 1u << 15;
inline constexpr uint32_t kPpgttBatch = 1u << 8;
inline Dwords BatchStart(uint64_t address, uint32_t bits = kPpgttBatch) {
  return {Mi(0x31, 3, bits), Low32(address), High32(address)};
}
inline Dwords AtomicInline(uint64_t address, uint32_t opcode, uint32_t size, uint64_t first,
                           uint64_t second = 0, uint32_t bits = 0) {
  return {Mi(0x2f, 11, bits | 1u << 18 | size << 19 | opcode << 8),
          Low32(address),
          High32(address),
          Low32(first),
          Low32(second),
          High32(first),
          High32(second),
          0,
          0,
          0,
          0};
}
inline Dwords Atomic(uint64_t address, uint32_t opcode, uint32_t size, uint32_t bits = 0) {
  return {Mi(0x2f, 3, bits | size << 19 | opcode << 8), Low32(address), High32(address)};
}
constexpr uint32_t Alu(uint32_t opcode, uint32_t first = 0, uint32_t second = 0) {
  return opcode << 20 | first << 10 | second;
}
inline Dwords Math(std::initializer_list<uint32_t> instructions) {
  Dwords out{Mi(0x1a, static_cast<uint32_t>(instructions.size()) + 1)};
  out.insert(out.end(), instructions);
  return out;
}
// flags as in dword 1 of the command.
inline Dwords PipeControl(uint32_t flags, uint64_t address = 0, uint64_t data = 0) {
  return {0x7a000004, flags, Low32(address), High32(address), Low32(data), High32(data)};
}
inline Dwords FlushDw(uint32_t bits, uint64_t address, uint32_t data) {
  return {Mi(0x26, 4, bits), Low32(address), High32(address), data};
}

// All of them, one behind the other.
inline Dwords Program(std::initializer_list<Dwords> commands) {
  Dwords out;
  for (const Dwords& command : commands) out.insert(out.end(), command.begin(), command.end());
  return out;
}

}  // namespace gvt::soft_test
