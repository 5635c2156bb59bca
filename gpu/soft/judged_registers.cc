// The verdict is hw::JudgeRegister's, asked here a second time: the audit of a segment and this are
// independent, so that a hole in one of them is not a hole in the wall.
//
// Timestamps are not in the register file: any engine's RING_TIMESTAMP is the clock, the own
// RING_CTX_TIMESTAMP is the clock less the time that the context did not run.
#include "gpu/soft/judged_registers.h"

#include "base/bits.h"
#include "hw/register_table.h"

namespace gvt::gpu::soft {
namespace {

// Offsets in an engine's block. Source: linux v6.1 gt/intel_engine_regs.h.
constexpr uint32_t kTimestamp = 0x358;
constexpr uint32_t kTimestampUdw = 0x35c;
constexpr uint32_t kContextTimestamp = 0x3a8;
constexpr uint32_t kForceToNonPriv0 = 0x4d0;
constexpr uint32_t kBlockMask = 0xfff;

}  // namespace

hw::RegisterRequest JudgedRegisters::RequestFor(hw::RegisterPath path, bool privileged,
                                                uint32_t offset) {
  if (!slots_known_) {
    for (uint32_t i = 0; i < slots_.size(); ++i) slots_[i] = Own(kForceToNonPriv0 + 4 * i);
    slots_known_ = true;
  }
  hw::RegisterRequest request;
  request.platform = platform_;
  request.engine = engine_;
  request.path = path;
  request.privileged = privileged;
  request.offset = offset;
  request.slots = &slots_;
  return request;
}

bool JudgedRegisters::IsTimestamp(uint32_t offset) const {
  const uint32_t in_block = offset & kBlockMask;
  if (in_block == kContextTimestamp) return offset == base_ + kContextTimestamp;
  return (in_block == kTimestamp || in_block == kTimestampUdw) &&
         hw::EngineOfRegister(offset).has_value();
}

hw::RegisterVerdict JudgedRegisters::Write(hw::RegisterPath path, bool privileged, uint32_t offset,
                                           uint32_t value) {
  hw::RegisterRequest request = RequestFor(path, privileged, offset);
  request.value = value;
  request.value_known = path != hw::RegisterPath::kLrm && path != hw::RegisterPath::kLrrDestination;
  const hw::RegisterVerdict verdict = hw::JudgeRegister(request);
  if (!verdict.allowed() || IsTimestamp(offset)) return verdict;
  port_.Write(offset, value);
  if (verdict.effect == hw::RegisterEffect::kNonPrivilegeSlot) ForgetSlots();
  return verdict;
}

bool JudgedRegisters::MayWrite(hw::RegisterPath path, bool privileged, uint32_t offset) {
  return hw::JudgeRegister(RequestFor(path, privileged, offset)).allowed();
}

std::optional<uint32_t> JudgedRegisters::Read(hw::RegisterPath path, bool privileged,
                                              uint32_t offset) {
  if (!hw::JudgeRegister(RequestFor(path, privileged, offset)).allowed()) return std::nullopt;
  if (!IsTimestamp(offset)) return port_.Read(offset);
  const uint32_t in_block = offset & kBlockMask;
  if (in_block == kContextTimestamp) return ContextTicks(clock_.NowNs());
  return in_block == kTimestamp ? Low32(Timestamp()) : High32(Timestamp());
}

uint64_t JudgedRegisters::Own64(uint32_t offset) const {
  return Join64(Own(offset), Own(offset + 4));
}

void JudgedRegisters::SetOwn64(uint32_t offset, uint64_t value) {
  SetOwn(offset, Low32(value));
  SetOwn(offset + 4, High32(value));
}

void JudgedRegisters::SetContextTime(uint32_t base_ticks, uint64_t since_ns) {
  context_base_ticks_ = base_ticks;
  context_since_ns_ = since_ns;
}

uint32_t JudgedRegisters::ContextTicks(uint64_t now_ns) const {
  const uint64_t run_ns = now_ns > context_since_ns_ ? now_ns - context_since_ns_ : 0;
  return context_base_ticks_ + static_cast<uint32_t>(TicksOf(run_ns));
}

}  // namespace gvt::gpu::soft
