// Registers of an engine's block that do more than store.
//
// Stop and reset. A driver stops the ring (MI_MODE), waits for idle, requests a reset (RESET_CTL),
// waits for ready, and resets by GDRST. Here an engine is always ready, and a stopped one is idle
// at once: its work can be cut between any two commands, and is dropped by the reset itself.
//
// Submission. Four writes to ELSP make one; the execlist says when, and the engine's thread is
// woken. Nothing executes here.
//
// Offsets count from the engine's base. Source: PRM SKL vol 2c, linux v6.1
// gt/intel_engine_regs.h; gvt/handlers.c ring_mode_mmio_write, ring_reset_ctl_write.
#include "base/bits.h"
#include "hw/register_table.h"
#include "vgpu/register_behaviour.h"

namespace gvt::vgpu {
namespace {

constexpr uint32_t kInBlock = 0xfff;
constexpr uint32_t kEsrFromEir = 0xb8 - 0xb0;

constexpr uint32_t kStopRing = 1u << 8;
constexpr uint32_t kModeIdle = 1u << 9;
constexpr uint32_t kResetRequest = 1u << 0;
constexpr uint32_t kResetReady = 1u << 1;
constexpr uint32_t kRunListEnable = 1u << 15;
constexpr uint32_t kPpgttEnable = 1u << 9;

// Handlers of this file are only ever registered in engine blocks.
hw::Engine EngineAt(uint32_t offset) {
  return hw::EngineOfRegister(offset).value_or(hw::Engine::kRcs);
}

uint32_t ReadMiMode(MmioContext& context, uint32_t offset) {
  const sched::VirtualExeclist* execlist = context.ExeclistOf(EngineAt(offset));
  const uint32_t stored = context.file.Load(offset) & ~kModeIdle;
  const bool idle = (stored & kStopRing) != 0 || execlist == nullptr || execlist->IsIdle();
  return idle ? stored | kModeIdle : stored;
}

void WriteResetControl(MmioContext& context, uint32_t offset, uint32_t value) {
  const uint32_t request = ApplyMasked(context.file.Load(offset), value) & kResetRequest;
  context.file.Store(offset, request != 0 ? kResetRequest | kResetReady : 0);
}

void WriteGfxMode(MmioContext& context, uint32_t offset, uint32_t value) {
  const bool enables = (value & value >> 16 & (kRunListEnable | kPpgttEnable)) != 0;
  if (enables && !context.guest.pv_seen.load(std::memory_order_relaxed)) {
    context.EnterFailsafe("enabled submission or page tables without knowing what it runs on");
  }
  context.file.StoreMasked(offset, value);
}

void ClearErrors(MmioContext& context, uint32_t offset, uint32_t value) {
  context.file.ClearBits(offset, value);
  context.file.ClearBits(offset + kEsrFromEir, value);
}

void WriteElsp(MmioContext& context, uint32_t offset, uint32_t value) {
  const hw::Engine engine = EngineAt(offset);
  sched::VirtualExeclist* execlist = context.ExeclistOf(engine);
  if (execlist != nullptr && execlist->WriteElsp(value)) context.host.WakeEngine(engine);
}

uint32_t ReadNothing(MmioContext& /*context*/, uint32_t /*offset*/) {
  return 0;
}
void WriteNothing(MmioContext& /*context*/, uint32_t /*offset*/, uint32_t /*value*/) {}

uint32_t ReadExeclistStatus(MmioContext& context, uint32_t offset) {
  constexpr uint32_t kLow = 0x234;
  const sched::VirtualExeclist* execlist = context.ExeclistOf(EngineAt(offset));
  if (execlist == nullptr) return 0;
  const uint64_t status = execlist->Status();
  return (offset & kInBlock) == kLow ? Low32(status) : High32(status);
}

uint32_t ReadTimestamp(MmioContext& context, uint32_t offset) {
  constexpr uint32_t kLow = 0x358;
  const uint64_t now = gpu::TimestampAt(context.clock.NowNs());
  return (offset & kInBlock) == kLow ? Low32(now) : High32(now);
}

constexpr DynamicRow kRows[] = {
    {0x09c, 1, 4, ReadMiMode, nullptr},
    {0x0b0, 1, 4, nullptr, ClearErrors},   // EIR
    {0x0b8, 1, 4, nullptr, WriteNothing},  // ESR
    {0x0d0, 1, 4, nullptr, WriteResetControl},
    {0x230, 1, 4, ReadNothing, WriteElsp},
    {0x234, 2, 4, ReadExeclistStatus, WriteNothing},
    {0x29c, 1, 4, nullptr, WriteGfxMode},
    {0x358, 2, 4, ReadTimestamp, WriteNothing},
};

}  // namespace

std::span<const DynamicRow> EngineRegisterRows() {
  return kRows;
}

}  // namespace gvt::vgpu
