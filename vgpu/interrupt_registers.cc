// Which registers the interrupt unit answers for. Reads show what is stored: the unit keeps the
// summary up to date.
//
// Source: linux v6.1 i915_reg.h, gvt/handlers.c edp_psr_imr_iir_write, update_fdi_rx_iir_status.
#include "vgpu/register_behaviour.h"

namespace gvt::vgpu {
namespace {

void WriteInterrupt(MmioContext& context, uint32_t offset, uint32_t value) {
  context.interrupts.Write(offset, value);
}

// Event registers outside the groups: nothing here raises them.
void ClearWritten(MmioContext& context, uint32_t offset, uint32_t value) {
  context.file.ClearBits(offset, value);
}

constexpr DynamicRow kRows[] = {
    {kMasterInterrupt, 1, 4, nullptr, WriteInterrupt},
    {0x44300, 16, 4, nullptr, WriteInterrupt},    // GT 0..3
    {0x44400, 12, 4, nullptr, WriteInterrupt},    // pipes A..C
    {0x44440, 4, 4, nullptr, WriteInterrupt},     // port
    {0x44460, 4, 4, nullptr, WriteInterrupt},     // misc
    {0x444e0, 4, 4, nullptr, WriteInterrupt},     // PCU
    {0xc4000, 4, 4, nullptr, WriteInterrupt},     // PCH
    {0x64838, 1, 4, nullptr, ClearWritten},       // EDP_PSR_IIR
    {0xf0014, 3, 0x1000, nullptr, ClearWritten},  // FDI_RX_IIR of three pipes
};

}  // namespace

std::span<const DynamicRow> InterruptRegisterRows() {
  return kRows;
}

}  // namespace gvt::vgpu
