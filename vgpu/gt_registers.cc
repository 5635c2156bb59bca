// Registers of the GT that belong to no engine: resets, translation-cache flushes, fences, errors.
//
// Source: linux v6.1 gt/intel_gt_regs.h, gt/intel_reset.c (GDRST domains), gt/intel_gt.c
// (mmio_invalidate_full); gvt/handlers.c gdrst_mmio_write, gvt_reg_tlb_control_handler,
// fence_mmio_write, fpga_dbg_mmio_write.
#include "base/bits.h"
#include "vgpu/engine_reset.h"
#include "vgpu/fence.h"
#include "vgpu/register_behaviour.h"

namespace gvt::vgpu {
namespace {

constexpr uint32_t kGucStatus = 0xc000;
constexpr uint32_t kResetAll = 1u << 0;
constexpr uint32_t kResetGuc = 1u << 5;

struct ResetDomain {
  uint32_t bit;
  hw::Engine engine;
};
constexpr ResetDomain kDomains[] = {
    {1u << 1, hw::Engine::kRcs},  {1u << 2, hw::Engine::kVcs},  {1u << 3, hw::Engine::kBcs},
    {1u << 4, hw::Engine::kVecs}, {1u << 7, hw::Engine::kVcs2},
};

// The reset is over when the write returns, so the register reads zero.
void WriteReset(MmioContext& context, uint32_t /*offset*/, uint32_t value) {
  if ((value & kResetAll) != 0) {
    ResetGt(context);
    return;
  }
  for (const ResetDomain& domain : kDomains) {
    if ((value & domain.bit) != 0) ResetEngine(context, domain.engine);
  }
  if ((value & kResetGuc) != 0) context.file.SetBits(kGucStatus, 1);
}

// RTCR, M1TCR, M2TCR, BTCR, VTCR: done when the write returns.
void FlushEngineTlb(MmioContext& context, uint32_t offset, uint32_t value) {
  constexpr uint32_t kFirst = 0x4260;
  constexpr hw::Engine kEngines[] = {hw::Engine::kRcs, hw::Engine::kVcs, hw::Engine::kVcs2,
                                     hw::Engine::kBcs, hw::Engine::kVecs};
  if ((value & 1) != 0) context.host.InvalidateTlb(kEngines[(offset - kFirst) / 4]);
}

// GFX_FLSH_CNTL: the guest changed GGTT entries.
void FlushAllTlbs(MmioContext& context, uint32_t /*offset*/, uint32_t value) {
  if ((value & 1) == 0) return;
  for (unsigned e = 0; e < hw::kEngineCount; ++e) {
    context.host.InvalidateTlb(static_cast<hw::Engine>(e));
  }
}

// FPGA_DBG: no access is ever unclaimed here.
void ClearWritten(MmioContext& context, uint32_t offset, uint32_t value) {
  context.file.ClearBits(offset, value);
}

void WriteFence(MmioContext& context, uint32_t offset, uint32_t value) {
  if ((offset - kFenceRegisters) / 8 < context.config.fence_count) {
    context.file.Store(offset, value);
  }
}

void WriteNothing(MmioContext& /*context*/, uint32_t /*offset*/, uint32_t /*value*/) {}

constexpr DynamicRow kRows[] = {
    {0x941c, 1, 4, nullptr, WriteReset},
    {0x4260, 5, 4, nullptr, FlushEngineTlb},
    {0x101008, 1, 4, nullptr, FlushAllTlbs},
    {0x42300, 1, 4, nullptr, ClearWritten},
    {0xc000, 1, 4, nullptr, WriteNothing},
    {kFenceRegisters, 2 * kMaxFences, 4, nullptr, WriteFence},
};

}  // namespace

std::span<const DynamicRow> GtRegisterRows() {
  return kRows;
}

}  // namespace gvt::vgpu
