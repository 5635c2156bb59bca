#include "gpu/soft/alu.h"

#include "base/bits.h"

namespace gvt::gpu::soft {
namespace {

// instruction[31:20]. Source: PRM SKL vol 2a "MI_MATH"; mesa genxml gen8.xml MI_MATH_ALU.
enum AluOpcode : uint32_t {
  kLoad = 0x080,
  kLoadInv = 0x480,
  kLoad0 = 0x081,
  kLoad1 = 0x481,
  kAdd = 0x100,
  kSub = 0x101,
  kAnd = 0x102,
  kOr = 0x103,
  kXor = 0x104,
  kStore = 0x180,
  kStoreInv = 0x580,
};

// instruction[19:10] and [9:0]; 0..15 are the general-purpose registers.
enum AluOperand : uint32_t {
  kGprCount = 16,
  kSrcA = 0x20,
  kSrcB = 0x21,
  kAccu = 0x31,
  kZeroFlag = 0x32,
  kCarryFlag = 0x33,
};

struct Alu {
  uint64_t source_a = 0;
  uint64_t source_b = 0;
  uint64_t accumulator = 0;
  bool zero = false;
  bool carry = false;
};

// A flag is stored as 64 equal bits.
uint64_t ValueOf(const Alu& alu, uint32_t operand, const JudgedRegisters& registers) {
  if (operand < kGprCount) return registers.Gpr(operand);
  switch (operand) {
    case kSrcA: return alu.source_a;
    case kSrcB: return alu.source_b;
    case kAccu: return alu.accumulator;
    case kZeroFlag: return alu.zero ? ~uint64_t{0} : 0;
    case kCarryFlag: return alu.carry ? ~uint64_t{0} : 0;
    default: return 0;
  }
}

void LoadSource(Alu* alu, uint32_t operand, uint64_t value) {
  if (operand == kSrcA) alu->source_a = value;
  if (operand == kSrcB) alu->source_b = value;
}

void Combine(Alu* alu, uint32_t opcode) {
  const uint64_t a = alu->source_a;
  const uint64_t b = alu->source_b;
  alu->carry = false;
  switch (opcode) {
    case kAdd:
      alu->accumulator = a + b;
      alu->carry = alu->accumulator < a;
      break;
    case kSub:
      alu->accumulator = a - b;
      alu->carry = a < b;
      break;
    case kAnd: alu->accumulator = a & b; break;
    case kOr: alu->accumulator = a | b; break;
    default: alu->accumulator = a ^ b; break;
  }
  alu->zero = alu->accumulator == 0;
}

}  // namespace

void RunAlu(std::span<const uint32_t> instructions, JudgedRegisters& registers) {
  Alu alu;
  for (const uint32_t instruction : instructions) {
    const uint32_t opcode = Bits(instruction, 31, 20);
    const uint32_t first = Bits(instruction, 19, 10);
    const uint32_t second = Bits(instruction, 9, 0);
    switch (opcode) {
      case kLoad: LoadSource(&alu, first, ValueOf(alu, second, registers)); break;
      case kLoadInv: LoadSource(&alu, first, ~ValueOf(alu, second, registers)); break;
      case kLoad0: LoadSource(&alu, first, 0); break;
      case kLoad1: LoadSource(&alu, first, ~uint64_t{0}); break;
      case kAdd:
      case kSub:
      case kAnd:
      case kOr:
      case kXor: Combine(&alu, opcode); break;
      case kStore:
      case kStoreInv: {
        if (first >= kGprCount) break;
        const uint64_t value = ValueOf(alu, second, registers);
        registers.SetGpr(first, opcode == kStore ? value : ~value);
        break;
      }
      default: break;
    }
  }
}

}  // namespace gvt::gpu::soft
