// Commands that move registers. What the policy does not allow does not happen; the command's other
// registers are not affected by that.
//
// Source: PRM SKL vol 2a "MI_LOAD_REGISTER_IMM" and the following.
#include "base/bits.h"
#include "gpu/soft/executor.h"

namespace gvt::gpu::soft {
namespace {

constexpr unsigned kGgttBit = 22;
constexpr uint32_t kPdpOffset = 0x270;  // PDP0 lower, PDP0 upper, PDP1 lower, ...

}  // namespace

void Executor::WriteRegister(hw::RegisterPath path, const Command& command, uint32_t offset,
                             uint32_t value) {
  const hw::RegisterVerdict verdict = registers_.Write(path, command.privileged, offset, value);
  if (verdict.effect == hw::RegisterEffect::kPageTableRoot) LoadRoot(offset, value);
}

// One half of a root of the page tables.
void Executor::LoadRoot(uint32_t offset, uint32_t value) {
  const uint32_t dword = (offset - hw::EngineMmioBase(registers_.engine()) - kPdpOffset) / 4;
  if (dword >= 2 * pdp_.size()) return;
  uint64_t& root = pdp_[dword / 2];
  root = dword % 2 == 0 ? Join64(value, High32(root)) : Join64(Low32(root), value);
  memory_.port().BindPageTables(four_level_, pdp_);
}

void Executor::LoadRegisterImm(const Command& command) {
  for (uint32_t i = 1; i + 1 < command.length(); i += 2) {
    WriteRegister(hw::RegisterPath::kLri, command, command.dwords[i], command.dwords[i + 1]);
  }
}

void Executor::LoadRegisterMem(const Command& command) {
  DataAddress from;
  if (!AddressOf(command, 2, kGgttBit, &from)) return;
  const uint32_t offset = command.dwords[1];
  if (!registers_.MayWrite(hw::RegisterPath::kLrm, command.privileged, offset)) return;
  const uint32_t value = memory_.Load32(from);
  if (memory_.fault().pending) return;
  WriteRegister(hw::RegisterPath::kLrm, command, offset, value);
}

void Executor::StoreRegisterMem(const Command& command) {
  constexpr unsigned kPredicateBit = 21;
  DataAddress to;
  if (!AddressOf(command, 2, kGgttBit, &to)) return;
  if (Bit(command.header(), kPredicateBit) && !Bit(registers_.Own(kPredicateResult), 0)) return;
  const auto value = registers_.Read(hw::RegisterPath::kSrm, command.privileged, command.dwords[1]);
  if (value) memory_.Store32(to, *value);
}

void Executor::LoadRegisterReg(const Command& command) {
  const auto value =
      registers_.Read(hw::RegisterPath::kLrrSource, command.privileged, command.dwords[1]);
  if (!value) return;
  WriteRegister(hw::RegisterPath::kLrrDestination, command, command.dwords[2], *value);
}

}  // namespace gvt::gpu::soft
