// A display engine to which nothing is connected: state bits follow requests, and every question to
// a monitor goes unanswered at once instead of after a time-out.
//
// A guest that believes the fuses (SKL_DFSM) never comes here; one with drivers that do not look
// finds no monitor.
//
// Source: PRM SKL vol 2c, linux v6.1 i915_reg.h; display/intel_dp_aux.c, intel_gmbus.c.
#include "base/bits.h"
#include "vgpu/register_behaviour.h"

namespace gvt::vgpu {
namespace {

constexpr uint32_t kEnable = 1u << 31;

void WritePipeConf(MmioContext& context, uint32_t offset, uint32_t value) {
  constexpr uint32_t kState = 1u << 30;
  context.file.Store(offset, (value & kEnable) != 0 ? value | kState : value & ~kState);
}

void WriteDdiBuffer(MmioContext& context, uint32_t offset, uint32_t value) {
  constexpr uint32_t kIdle = 1u << 7;
  context.file.Store(offset, (value & kEnable) != 0 ? value & ~kIdle : value | kIdle);
}

void WriteAuxControl(MmioContext& context, uint32_t offset, uint32_t value) {
  constexpr uint32_t kSend = 1u << 31;
  constexpr uint32_t kDone = 1u << 30;
  constexpr uint32_t kTimeOut = 1u << 28;
  constexpr uint32_t kReceiveError = 1u << 25;
  constexpr uint32_t kEvents = kDone | kTimeOut | kReceiveError;  // cleared by writing ones
  if ((value & kSend) != 0) {
    context.file.Store(offset, (value & ~(kSend | kEvents)) | kDone | kTimeOut);
  } else {
    const uint32_t events = context.file.Load(offset) & ~value & kEvents;
    context.file.Store(offset, (value & ~kEvents) | events);
  }
}

// The bus controller: a cycle ends at once, ready and not acknowledged.
constexpr uint32_t kGmbusStatus = 0xc5108;

uint32_t ReadGmbusStatus(MmioContext& /*context*/, uint32_t /*offset*/) {
  constexpr uint32_t kReady = 1u << 11;
  constexpr uint32_t kNotAcknowledged = 1u << 10;
  return kReady | kNotAcknowledged;
}

// Nobody pulls a wire down: clock and data read high.
uint32_t ReadGpio(MmioContext& context, uint32_t offset) {
  constexpr uint32_t kClockIn = 1u << 4;
  constexpr uint32_t kDataIn = 1u << 12;
  return context.file.Load(offset) | kClockIn | kDataIn;
}

constexpr DynamicRow kRows[] = {
    {0x70008, 3, 0x1000, nullptr, WritePipeConf},   {0x7f008, 1, 4, nullptr, WritePipeConf},
    {0x64000, 5, 0x100, nullptr, WriteDdiBuffer},   {0x64010, 4, 0x100, nullptr, WriteAuxControl},
    {kGmbusStatus, 1, 4, ReadGmbusStatus, nullptr}, {0xc5010, 9, 4, ReadGpio, nullptr},
};

}  // namespace

std::span<const DynamicRow> DisplayRegisterRows() {
  return kRows;
}

}  // namespace gvt::vgpu
