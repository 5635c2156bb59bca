// An engine's reset clears what execution left behind; what the driver set up (modes, masks, status
// page) stays, since a driver sets it up again or relies on it.
//
// Source: linux v6.1 gt/intel_reset.c, gvt/vgpu.c intel_gvt_reset_vgpu_locked, gvt/mmio.c
// intel_vgpu_reset_mmio (how far a reset of the GT reaches).
#include "vgpu/engine_reset.h"

#include "vgpu/pvinfo.h"

namespace gvt::vgpu {
namespace {

constexpr uint32_t kGtEnd = 0x44200;

// Offsets from the engine's base: ring, ACTHD, IPEHR, batch address and state, errors, page-table
// roots, execution-list buffers.
struct Run {
  uint32_t offset;
  uint32_t bytes;
};
constexpr Run kExecutionState[] = {
    {0x030, 16}, {0x05c, 4}, {0x064, 16}, {0x074, 4}, {0x0b0, 4},  {0x0b8, 4},
    {0x110, 4},  {0x140, 4}, {0x168, 4},  {0x234, 8}, {0x270, 32}, {0x370, 52},
};

void DropWork(MmioContext& context, hw::Engine engine) {
  if (sched::VirtualExeclist* execlist = context.ExeclistOf(engine)) execlist->Reset();
}

}  // namespace

void ResetEngine(MmioContext& context, hw::Engine engine) {
  DropWork(context, engine);
  const uint32_t base = hw::EngineMmioBase(engine);
  for (const Run& run : kExecutionState) {
    context.file.ResetRange(base + run.offset, base + run.offset + run.bytes);
  }
  context.written.AddAll();
  Log(context.host.log(), {EventKind::kEngineReset, static_cast<uint32_t>(engine)}, LogLevel::kInfo,
      "%s: reset by the guest", hw::EngineName(engine).data());
  context.guest.engine_resets.fetch_add(1, std::memory_order_relaxed);
}

void ResetGt(MmioContext& context) {
  for (unsigned e = 0; e < hw::kEngineCount; ++e) {
    DropWork(context, static_cast<hw::Engine>(e));
  }
  context.file.ResetRange(0, kGtEnd);
  FillPvinfo(context.config, context.file);
  context.written.AddAll();
  context.guest.engine_resets.fetch_add(1, std::memory_order_relaxed);
}

}  // namespace gvt::vgpu
