// Power and clocks as a guest sees them: what it asks for is there at once.
//
// All of it is the host's in truth, so a request changes nothing but its own acknowledgement.
//
// Source: linux v6.1 i915_reg.h, gt/intel_gt_regs.h, intel_pcode.c, intel_uncore.c;
// gvt/handlers.c mailbox_write, mul_force_wake_write, skl_power_well_ctl_write.
#include "base/bits.h"
#include "vgpu/register_behaviour.h"

namespace gvt::vgpu {
namespace {

constexpr uint32_t kEnable = 1u << 31;
constexpr uint32_t kState = 1u << 30;

// ---- forcewake: the acknowledgement shows the request ----

constexpr uint32_t AcknowledgeOf(uint32_t request) {
  switch (request) {
    case 0xa270: return 0x0d88;  // media
    case 0xa278: return 0x0d84;  // render
    default: return 0x130044;    // GT (0xa188)
  }
}

void WriteForcewake(MmioContext& context, uint32_t offset, uint32_t value) {
  context.file.StoreMasked(offset, value);
  context.file.Store(AcknowledgeOf(offset), context.file.Load(offset));
}

// ---- the mailbox of the power controller ----

constexpr uint32_t kMailboxData = 0x138128;
constexpr uint32_t kMailboxReady = 1u << 31;
constexpr uint32_t kReadRc6Voltages = 0x05;
constexpr uint32_t kReadMemoryLatency = 0x06;
constexpr uint32_t kCdclkControl = 0x07;
constexpr uint32_t kSagvControl = 0x21;

uint32_t MailboxAnswer(uint32_t command, uint32_t data) {
  // Latencies of memory levels 0..3 and 4..7, in microseconds, as a desktop part reports them.
  constexpr uint32_t kLatencyLow = 0x1e1a1100;
  constexpr uint32_t kLatencyHigh = 0x61514b3d;
  switch (command) {
    case kReadRc6Voltages: return data | 1;
    case kReadMemoryLatency: return data == 0 ? kLatencyLow : kLatencyHigh;
    case kCdclkControl:           // ready for the change
    case kSagvControl: return 1;  // is disabled
    default: return data;
  }
}

void WriteMailbox(MmioContext& context, uint32_t offset, uint32_t value) {
  if ((value & kMailboxReady) == 0) {
    context.file.Store(offset, value);
    return;
  }
  const uint32_t answer = MailboxAnswer(value & 0xff, context.file.Load(kMailboxData));
  context.file.Store(kMailboxData, answer);
  context.file.Store(offset, value & ~(kMailboxReady | 0xff));  // done; error code 0
}

// ---- power wells: odd bits request, the even bit below each is the state; four DDIs, one for
// miscellaneous I/O, and power groups 1 and 2 ----

void WritePowerWells(MmioContext& context, uint32_t offset, uint32_t value) {
  constexpr uint32_t kRequests = 0xa00002aa;
  const uint32_t requests = value & kRequests;
  context.file.Store(offset, requests | requests >> 1);
}

// ---- switches and PLLs: bit 31 asks, bit 30 follows ----

void WriteSwitch(MmioContext& context, uint32_t offset, uint32_t value) {
  context.file.Store(offset, (value & kEnable) != 0 ? value | kState : value & ~kState);
}

// DPLL_STATUS collects the lock bits of four PLLs.
uint32_t ReadPllStatus(MmioContext& context, uint32_t /*offset*/) {
  constexpr uint32_t kPlls[] = {0x46010, 0x46014, 0x46040, 0x46060};
  uint32_t status = 0;
  for (unsigned i = 0; i < 4; ++i) {
    if ((context.file.Load(kPlls[i]) & kEnable) != 0) status |= 1u << (8 * i);
  }
  return status;
}

constexpr DynamicRow kRows[] = {
    {0xa188, 1, 4, nullptr, WriteForcewake},   {0xa270, 1, 4, nullptr, WriteForcewake},
    {0xa278, 1, 4, nullptr, WriteForcewake},   {0x138124, 1, 4, nullptr, WriteMailbox},
    {0x45400, 4, 4, nullptr, WritePowerWells}, {0x45008, 1, 4, nullptr, WriteSwitch},  // DBUF_CTL
    {0x46010, 2, 4, nullptr, WriteSwitch},     // LCPLL1_CTL, LCPLL2_CTL
    {0x46040, 2, 0x20, nullptr, WriteSwitch},  // WRPLL_CTL1, WRPLL_CTL2
    {0x6c060, 1, 4, ReadPllStatus, nullptr},
};

}  // namespace

std::span<const DynamicRow> PowerRegisterRows() {
  return kRows;
}

}  // namespace gvt::vgpu
