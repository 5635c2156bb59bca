// Atomics as loops around a compare-exchange.
//
// Operands stand in the command, dwords of both interleaved, or in the registers R0 (first) and R1
// (second), R0:R1 and R2:R3 for octwords. What comes back goes to R0, R0:R1 for octwords.
// An octword is two qwords here: it is atomic for the streams of this engine, not for CPUs.
//
// Source: PRM SKL vol 2a "MI_ATOMIC" and "Atomics" (opcodes); mesa 22.3 genxml gen9.xml (operands).
#include "gpu/soft/atomic.h"

#include <array>
#include <concepts>
#include <type_traits>

#include "base/bits.h"

namespace gvt::gpu::soft {
namespace {

enum AtomicOperation : uint32_t {
  kAnd = 0x1,
  kOr = 0x2,
  kXor = 0x3,
  kMove = 0x4,
  kIncrement = 0x5,
  kDecrement = 0x6,
  kAdd = 0x7,
  kSubtract = 0x8,
  kReverseSubtract = 0x9,
  kSignedMax = 0xa,
  kSignedMin = 0xb,
  kUnsignedMax = 0xc,
  kUnsignedMin = 0xd,
  kCompareWrite = 0xe,
  kPreDecrement = 0xf,
};

// opcode[7:4] names the size a second time. Dword forms 0x01.., qword forms 0x21.., octword 0x4e.
constexpr std::array<uint32_t, 3> kOpcodeGroup = {0x0, 0x2, 0x4};

constexpr unsigned kGgttBit = 22;
constexpr unsigned kInlineBit = 18;
constexpr unsigned kReturnBit = 16;

// A CPU that stores without end could keep a loop from ending; after so many losses the store wins.
constexpr unsigned kMaxAttempts = 1u << 16;

template <std::unsigned_integral T>
T Apply(uint32_t operation, T old, T first, T second) {
  using Signed = std::make_signed_t<T>;
  const auto signed_old = static_cast<Signed>(old);
  const auto signed_first = static_cast<Signed>(first);
  switch (operation) {
    case kAnd: return old & first;
    case kOr: return old | first;
    case kXor: return old ^ first;
    case kMove: return first;
    case kIncrement: return old + 1;
    case kDecrement:
    case kPreDecrement: return old - 1;
    case kAdd: return old + first;
    case kSubtract: return old - first;
    case kReverseSubtract: return first - old;
    case kSignedMax: return signed_old > signed_first ? old : first;
    case kSignedMin: return signed_old < signed_first ? old : first;
    case kUnsignedMax: return old > first ? old : first;
    case kUnsignedMin: return old < first ? old : first;
    case kCompareWrite: return old == first ? second : old;
    default: return old;
  }
}

bool Exchange(DataMemory& memory, DataAddress at, uint32_t* expected, uint32_t desired) {
  return memory.CompareExchange32(at, expected, desired);
}
bool Exchange(DataMemory& memory, DataAddress at, uint64_t* expected, uint64_t desired) {
  return memory.CompareExchange64(at, expected, desired);
}

void Store(DataMemory& memory, DataAddress at, uint32_t value) {
  memory.Store32(at, value);
}
void Store(DataMemory& memory, DataAddress at, uint64_t value) {
  memory.Store64(at, value);
}

// Returns what the command gives back: the old value, or the new one of a pre-decrement.
template <std::unsigned_integral T>
T Modify(DataMemory& memory, DataAddress at, uint32_t operation, T first, T second) {
  at.value = AlignDown(at.value, uint64_t{sizeof(T)});
  T old = 0;
  if constexpr (sizeof(T) == sizeof(uint32_t)) {
    old = memory.Load32(at);
  } else {
    old = memory.Load64(at);
  }
  if (memory.fault().pending) return 0;
  T desired = Apply<T>(operation, old, first, second);
  unsigned attempts = 0;
  while (!Exchange(memory, at, &old, desired) && ++attempts < kMaxAttempts) {
    desired = Apply<T>(operation, old, first, second);
  }
  if (attempts == kMaxAttempts) Store(memory, at, desired);
  return operation == kPreDecrement ? desired : old;
}

struct Operands {
  std::array<uint64_t, 2> first{};
  std::array<uint64_t, 2> second{};
};

Operands OperandsOf(std::span<const uint32_t> command, unsigned size,
                    const JudgedRegisters& registers) {
  Operands operands;
  if (Bit(command[0], kInlineBit)) {
    if (command.size() < 11) return operands;
    operands.first = {Join64(command[3], command[5]), Join64(command[7], command[9])};
    operands.second = {Join64(command[4], command[6]), Join64(command[8], command[10])};
    return operands;
  }
  const bool octword = size == 2;
  operands.first = {registers.Gpr(0), octword ? registers.Gpr(1) : 0};
  operands.second = octword ? std::array{registers.Gpr(2), registers.Gpr(3)}
                            : std::array{registers.Gpr(1), uint64_t{0}};
  return operands;
}

// Compare-write is the one octword operation.
std::array<uint64_t, 2> ModifyOctword(DataMemory& memory, DataAddress at,
                                      const Operands& operands) {
  at.value = AlignDown(at.value, uint64_t{16});
  const std::array<uint64_t, 2> old = {memory.Load64(at), memory.Load64(at.Plus(8))};
  if (!memory.fault().pending && old == operands.first) {
    memory.Store64(at, operands.second[0]);
    memory.Store64(at.Plus(8), operands.second[1]);
  }
  return old;
}

}  // namespace

void ExecuteAtomic(std::span<const uint32_t> command, JudgedRegisters& registers,
                   DataMemory& memory) {
  const uint32_t header = command[0];
  const unsigned size = Bits(header, 20, 19);
  const uint32_t opcode = Bits(header, 15, 8);
  const uint32_t operation = opcode & 0xf;
  if (size >= kOpcodeGroup.size() || opcode >> 4 != kOpcodeGroup[size] || operation == 0) return;
  if (size == 2 && operation != kCompareWrite) return;

  DataAddress at;
  at.space = Bit(header, kGgttBit) ? hw::AddressSpace::kGgtt : hw::AddressSpace::kPpgtt;
  at.value = Join64(command[1], command[2]) & ~uint64_t{3};
  const Operands operands = OperandsOf(command, size, registers);
  std::array<uint64_t, 2> result{};
  if (size == 0) {
    result[0] = Modify<uint32_t>(memory, at, operation, Low32(operands.first[0]),
                                 Low32(operands.second[0]));
  } else if (size == 1) {
    result[0] = Modify<uint64_t>(memory, at, operation, operands.first[0], operands.second[0]);
  } else {
    result = ModifyOctword(memory, at, operands);
  }
  if (!Bit(header, kReturnBit) || memory.fault().pending) return;
  registers.SetGpr(0, result[0]);
  if (size == 2) registers.SetGpr(1, result[1]);
}

}  // namespace gvt::gpu::soft
