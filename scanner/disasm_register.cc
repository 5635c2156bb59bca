// Fields of commands that name registers.
//
// Source: PRM SKL vol 2a MI_LOAD_REGISTER_IMM, MI_LOAD_REGISTER_MEM, MI_STORE_REGISTER_MEM,
// MI_LOAD_REGISTER_REG, MI_MATH.
#include "base/bits.h"
#include "scanner/disasm_fields.h"

namespace gvt::scanner::disasm {
namespace {

// Source: PRM SKL vol 2a, MI_MATH "ALU opcodes".
std::string_view AluOpcodeName(uint32_t opcode) {
  switch (opcode) {
    case 0x000: return "NOOP";
    case 0x080: return "LOAD";
    case 0x081: return "LOAD0";
    case 0x100: return "ADD";
    case 0x101: return "SUB";
    case 0x102: return "AND";
    case 0x103: return "OR";
    case 0x104: return "XOR";
    case 0x180: return "STORE";
    case 0x480: return "LOADINV";
    case 0x481: return "LOAD1";
    case 0x580: return "STOREINV";
    default: return "";
  }
}

// Source: PRM SKL vol 2a, MI_MATH "ALU operands".
std::string AluOperandName(uint32_t operand) {
  constexpr uint32_t kGprCount = 16;
  if (operand < kGprCount) return Text("R%u", operand);
  switch (operand) {
    case 0x20: return "SRCA";
    case 0x21: return "SRCB";
    case 0x31: return "ACCU";
    case 0x32: return "ZF";
    case 0x33: return "CF";
    default: return Text("operand-0x%x", operand);
  }
}

void WriteMath(FieldWriter& fields) {
  for (uint32_t i = 1; i < fields.count(); ++i) {
    const uint32_t word = fields.Dword(i);
    const uint32_t opcode = Bits(word, 31, 20);
    std::string text(AluOpcodeName(opcode));
    if (text.empty()) text = Text("alu-0x%x", opcode);
    const bool no_operands = opcode == 0 || (opcode >= 0x100 && opcode <= 0x104);
    if (!no_operands) {
      text += ' ' + AluOperandName(Bits(word, 19, 10));
      if ((opcode & 0x7f) == 0) text += ", " + AluOperandName(Bits(word, 9, 0));
    }
    if (!fields.Add(std::move(text))) return;
  }
}

void WriteImmediates(FieldWriter& fields) {
  for (uint32_t i = 1; i + 1 < fields.count(); i += 2) {
    if (!fields.Add(fields.Register(i) + Text(" = 0x%08x", fields.Dword(i + 1)))) return;
  }
}

}  // namespace

bool WriteRegisterFields(FieldWriter& fields) {
  switch (fields.row().effect) {
    case hw::Effect::kLoadRegisterImm: WriteImmediates(fields); return true;
    case hw::Effect::kLoadRegisterMem:
    case hw::Effect::kStoreRegisterMem:
      fields.Add(fields.Register(1));
      fields.AddAddresses();
      return true;
    case hw::Effect::kLoadRegisterReg:
      fields.Add(fields.Register(2) + " = " + fields.Register(1));
      return true;
    case hw::Effect::kMath: WriteMath(fields); return true;
    default: return false;
  }
}

}  // namespace gvt::scanner::disasm
