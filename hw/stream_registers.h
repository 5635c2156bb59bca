// Registers that command streams touch beyond what registers.inc says: the non-privileged list,
// what stock user drivers write and read, and what a guest kernel writes that is not the guest's to
// change.
//
// A non-privileged batch may write a register only if hardware lets it. That list is part of the
// GPU, the same for each guest; the guest's kernel can add twelve more by FORCE_TO_NONPRIV.
// Everything here is saved with the context, or is a counter, or is a status of the engine that
// runs the batch: what one process writes, another cannot see.
//
// The compiler checks (hw/register_policy.cc) that no value-checked register, no PDP register and
// no BB_OFFSET gets a write here.
#pragma once

#include <cstdint>
#include <string_view>

#include "hw/register_rows.h"

namespace gvt::hw::internal {

enum class StreamAccess : uint8_t {
  kUser,         // any batch reads and writes
  kUserRead,     // any batch reads
  kUserDropped,  // stock drivers write it from their batches, and hardware drops the write
  kKernel,       // rings and privileged batches write
  kHostIgnores   // a guest kernel's write is stepped over: the host owns what it would change
};

struct StreamRegister {
  std::string_view name;
  uint32_t offset;
  uint16_t dwords;
  uint8_t engines;  // EngineBit: whose streams
  uint8_t platforms;
  StreamAccess access;
};

inline constexpr uint8_t kRcs = EngineBit(Engine::kRcs);
inline constexpr uint8_t kBcs = EngineBit(Engine::kBcs);
inline constexpr uint8_t kVcs = EngineBit(Engine::kVcs);
inline constexpr uint8_t kVcs2 = EngineBit(Engine::kVcs2);
inline constexpr uint8_t kVecs = EngineBit(Engine::kVecs);
inline constexpr uint8_t kVideo = kVcs | kVcs2;
inline constexpr uint8_t kEvery = kRcs | kBcs | kVideo | kVecs;

inline constexpr StreamRegister kStreamRegisters[] = {
    // Non-privileged by hardware. Source: PRM SKL vol 7 "Non-Privileged Registers"; each is written
    // by non-privileged batches in the isolation test of igt-gpu-tools (gem_ctx_isolation.c), which
    // passes on the machines it names.
    {"NOPID[rcs]", 0x2094, 1, kRcs, kAll, StreamAccess::kUser},
    {"INSTPM", 0x20c0, 1, kRcs, kAll, StreamAccess::kUser},
    {"CS_DEBUG_MODE2", 0x20d8, 1, kRcs, kGen9,
     StreamAccess::kUser},  // Mesa relies on it (constant buffers)
    {"GPGPU_THREADS_DISPATCHED", 0x2290, 2, kRcs, kAll, StreamAccess::kUser},
    {"PS_INVOCATION_COUNT_0", 0x22c8, 2, kRcs, kAll, StreamAccess::kUser},
    {"PS_DEPTH_COUNT_0", 0x22d8, 2, kRcs, kAll, StreamAccess::kUser},
    {"PS_INVOCATION_COUNT_1", 0x22f0, 2, kRcs, kAll, StreamAccess::kUser},
    {"PS_DEPTH_COUNT_1", 0x22f8, 2, kRcs, kAll, StreamAccess::kUser},
    {"HS_INVOCATION_COUNT", 0x2300, 2, kRcs, kAll, StreamAccess::kUser},
    {"DS_INVOCATION_COUNT", 0x2308, 2, kRcs, kAll, StreamAccess::kUser},
    {"IA_VERTICES_COUNT", 0x2310, 2, kRcs, kAll, StreamAccess::kUser},
    {"IA_PRIMITIVES_COUNT", 0x2318, 2, kRcs, kAll, StreamAccess::kUser},
    {"VS_INVOCATION_COUNT", 0x2320, 2, kRcs, kAll, StreamAccess::kUser},
    {"GS_INVOCATION_COUNT", 0x2328, 2, kRcs, kAll, StreamAccess::kUser},
    {"GS_PRIMITIVES_COUNT", 0x2330, 2, kRcs, kAll, StreamAccess::kUser},
    {"CL_INVOCATION_COUNT", 0x2338, 2, kRcs, kAll, StreamAccess::kUser},
    {"CL_PRIMITIVES_COUNT", 0x2340, 2, kRcs, kAll, StreamAccess::kUser},
    {"OA_CTX_CONTROL", 0x2360, 1, kRcs, kAll, StreamAccess::kUser},
    {"OACTXID", 0x2364, 1, kRcs, kAll, StreamAccess::kUser},
    {"MI_PREDICATE_RESULT_2", 0x23bc, 1, kRcs, kAll, StreamAccess::kUser},
    {"MI_PREDICATE_SRC0", 0x2400, 2, kRcs, kAll, StreamAccess::kUser},
    {"MI_PREDICATE_SRC1", 0x2408, 2, kRcs, kAll, StreamAccess::kUser},
    {"MI_PREDICATE_DATA", 0x2410, 2, kRcs, kAll, StreamAccess::kUser},
    {"MI_PREDICATE_RESULT", 0x2418, 1, kRcs, kAll, StreamAccess::kUser},
    {"MI_PREDICATE_RESULT_1", 0x241c, 1, kRcs, kAll, StreamAccess::kUser},
    {"3DPRIM_END_OFFSET", 0x2420, 1, kRcs, kAll, StreamAccess::kUser},
    {"3DPRIM_START_VERTEX", 0x2430, 1, kRcs, kAll, StreamAccess::kUser},
    {"3DPRIM_VERTEX_COUNT", 0x2434, 1, kRcs, kAll, StreamAccess::kUser},
    {"3DPRIM_INSTANCE_COUNT", 0x2438, 1, kRcs, kAll, StreamAccess::kUser},
    {"3DPRIM_START_INSTANCE", 0x243c, 1, kRcs, kAll, StreamAccess::kUser},
    {"3DPRIM_BASE_VERTEX", 0x2440, 1, kRcs, kAll, StreamAccess::kUser},
    {"PS_INVOCATION_COUNT_2", 0x2448, 2, kRcs, kAll, StreamAccess::kUser},
    {"PS_DEPTH_COUNT_2", 0x2450, 2, kRcs, kAll, StreamAccess::kUser},
    {"GPGPU_DISPATCHDIMX", 0x2500, 1, kRcs, kAll, StreamAccess::kUser},
    {"GPGPU_DISPATCHDIMY", 0x2504, 1, kRcs, kAll, StreamAccess::kUser},
    {"GPGPU_DISPATCHDIMZ", 0x2508, 1, kRcs, kAll, StreamAccess::kUser},
    {"RING_CS_GPR[rcs]", 0x2600, 32, kRcs, kAll, StreamAccess::kUser},
    {"SO_NUM_PRIMS_WRITTEN", 0x5200, 8, kRcs, kAll, StreamAccess::kUser},
    {"SO_PRIM_STORAGE_NEEDED", 0x5240, 8, kRcs, kAll, StreamAccess::kUser},
    {"SO_WRITE_OFFSET", 0x5280, 4, kRcs, kAll, StreamAccess::kUser},
    {"CACHE_MODE_0", 0x7000, 1, kRcs, kAll, StreamAccess::kUser},
    {"CACHE_MODE_1", 0x7004, 1, kRcs, kAll, StreamAccess::kUser},
    {"GT_MODE", 0x7008, 1, kRcs, kAll, StreamAccess::kUser},
    {"L3CNTLREG", 0x7034, 1, kRcs, kAll, StreamAccess::kUser},
    {"TD_CTL", 0xe400, 2, kRcs, kAll, StreamAccess::kUser},
    {"NOPID[bcs]", 0x22094, 1, kBcs, kAll, StreamAccess::kUser},
    {"BCS_SWCTRL", 0x22200, 1, kBcs, kAll, StreamAccess::kUser},
    {"RING_CS_GPR[bcs]", 0x22600, 32, kBcs, kAll, StreamAccess::kUser},
    {"NOPID[vcs]", 0x12094, 1, kVcs, kAll, StreamAccess::kUser},
    {"RING_CS_GPR[vcs]", 0x12600, 32, kVcs, kAll, StreamAccess::kUser},
    {"MFC_STATUS[vcs]", 0x12800, 64, kVcs, kAll, StreamAccess::kUser},
    {"NOPID[vcs2]", 0x1c094, 1, kVcs2, kAll, StreamAccess::kUser},
    {"RING_CS_GPR[vcs2]", 0x1c600, 32, kVcs2, kAll, StreamAccess::kUser},
    {"MFC_STATUS[vcs2]", 0x1c800, 64, kVcs2, kAll, StreamAccess::kUser},
    {"NOPID[vecs]", 0x1a094, 1, kVecs, kAll, StreamAccess::kUser},
    {"RING_CS_GPR[vecs]", 0x1a600, 32, kVecs, kAll, StreamAccess::kUser},

    // Written by the media driver in non-privileged batches; encoder state of the engine itself,
    // without addresses.
    // Source: intel media-driver mhw_mmio_g9.h, codechal_vdenc_avc.cpp,
    // codechal_vdenc_vp9_base.cpp, codechal_encode_hevc.cpp.
    {"MFX_LRA", 0x4a50, 3, kVideo, kGen9, StreamAccess::kUser},
    {"HCP_ENC_IMAGE_STATUS_CTRL", 0x1e9bc, 1, kVideo, kGen9, StreamAccess::kUser},
    {"HCP_VP9_ENC_IMAGE_STATUS_CTRL", 0x1e9f4, 1, kVideo, kGen9, StreamAccess::kUser},

    // Counters, clocks and status that user drivers store to memory. A timestamp may be another
    // engine's. The media driver stores register 0 where a generation lacks the one it wants.
    // Source: Mesa 22 intel_perf and genX_query.c; linux v6.1 i915_cmd_parser.c (Gen9 blitter
    // table: render timestamp).
    {"INVALID_MMIO_REG", 0x0, 1, kVideo, kAll, StreamAccess::kUserRead},
    {"BB_OFFSET[rcs]", 0x2158, 1, kRcs, kAll, StreamAccess::kUserRead},
    {"PS_INVOCATION_COUNT", 0x2348, 2, kRcs, kAll, StreamAccess::kUserRead},
    {"PS_DEPTH_COUNT", 0x2350, 2, kRcs, kAll, StreamAccess::kUserRead},
    {"RING_TIMESTAMP[rcs]", 0x2358, 2, kEvery, kAll, StreamAccess::kUserRead},
    {"RING_TIMESTAMP[bcs]", 0x22358, 2, kEvery, kAll, StreamAccess::kUserRead},
    {"RING_TIMESTAMP[vcs]", 0x12358, 2, kEvery, kAll, StreamAccess::kUserRead},
    {"RING_TIMESTAMP[vcs2]", 0x1c358, 2, kEvery, kAll, StreamAccess::kUserRead},
    {"RING_TIMESTAMP[vecs]", 0x1a358, 2, kEvery, kAll, StreamAccess::kUserRead},
    {"RING_CTX_TIMESTAMP[rcs]", 0x23a8, 1, kRcs, kAll, StreamAccess::kUserRead},
    {"RING_CTX_TIMESTAMP[bcs]", 0x223a8, 1, kBcs, kAll, StreamAccess::kUserRead},
    {"RING_CTX_TIMESTAMP[vcs]", 0x123a8, 1, kVcs, kAll, StreamAccess::kUserRead},
    {"RING_CTX_TIMESTAMP[vcs2]", 0x1c3a8, 1, kVcs2, kAll, StreamAccess::kUserRead},
    {"RING_CTX_TIMESTAMP[vecs]", 0x1a3a8, 1, kVecs, kAll, StreamAccess::kUserRead},
    {"PERFCNT", 0x91b8, 4, kRcs, kAll, StreamAccess::kUserRead},
    {"RPSTAT1", 0xa01c, 1, kRcs, kAll, StreamAccess::kUserRead},
    {"HUC_STATUS", 0xd000, 1, kVideo, kGen9, StreamAccess::kUserRead},
    {"HUC_UKERNEL_HDR_INFO", 0xd014, 1, kVideo, kGen9, StreamAccess::kUserRead},
    {"HUC_STATUS2", 0xd3b0, 1, kVideo, kGen9, StreamAccess::kUserRead},
    // Drivers for one video engine name the first one's registers also on the second (intel
    // vaapi-driver gen9_vdenc.c).
    {"MFX_STATUS[vcs]", 0x12800, 512, kVideo, kAll, StreamAccess::kUserRead},
    {"MFX_STATUS[vcs2]", 0x1c800, 512, kVideo, kAll, StreamAccess::kUserRead},
    {"HCP_STATUS", 0x1e900, 64, kVideo, kGen9, StreamAccess::kUserRead},

    // Written in vain by user drivers: L3 set-up, power and preemption are privileged, and the
    // drivers' work does not depend on them.
    // Source: intel media-driver (mhw_render_g8_X.cpp, mhw_render_g9_X.cpp), compute-runtime
    // (preemption and L3 set-up of Gen8 and Gen9).
    {"R_PWR_CLK_STATE", 0x20c8, 1, kRcs, kAll, StreamAccess::kUserDropped},
    {"CS_DEBUG_MODE1", 0x20ec, 1, kRcs, kAll, StreamAccess::kUserDropped},
    {"LNCFCMOCS0", 0xb020, 2, kRcs, kAll, StreamAccess::kUserDropped},
    {"L3SQCREG1", 0xb100, 1, kRcs, kAll, StreamAccess::kUserDropped},
    {"L3SQCREG4", 0xb118, 1, kRcs, kBdw, StreamAccess::kUserDropped},

    // Written by a guest's kernel by LRI. Source: linux v6.1 i915_perf.c (gen8_modify_self, flex EU
    // registers).
    {"R_PWR_CLK_STATE", 0x20c8, 1, kRcs, kAll, StreamAccess::kKernel},
    {"EU_PERF_CNTL0", 0xe458, 1, kRcs, kAll, StreamAccess::kKernel},
    {"EU_PERF_CNTL4", 0xe45c, 1, kRcs, kAll, StreamAccess::kKernel},
    {"EU_PERF_CNTL1", 0xe558, 1, kRcs, kAll, StreamAccess::kKernel},
    {"EU_PERF_CNTL5", 0xe55c, 1, kRcs, kAll, StreamAccess::kKernel},
    {"EU_PERF_CNTL2", 0xe658, 1, kRcs, kAll, StreamAccess::kKernel},
    {"EU_PERF_CNTL6", 0xe65c, 1, kRcs, kAll, StreamAccess::kKernel},
    {"EU_PERF_CNTL3", 0xe758, 1, kRcs, kAll, StreamAccess::kKernel},

    // The observation multiplexer, forcewake and the display's render mask belong to the host.
    // Source: linux v6.1 i915_perf.c (gen8_is_valid_mux_addr, gen7_is_valid_b_counter_addr),
    // gvt/cmd_parser.c (force_nonpriv and redirected registers).
    {"RPM_CONFIG_NOA_CONFIG", 0xd00, 12, kRcs, kAll, StreamAccess::kHostIgnores},
    {"WAIT_FOR_RC6_EXIT", 0x20cc, 1, kRcs, kAll, StreamAccess::kHostIgnores},
    {"OASTARTTRIG", 0x2710, 8, kRcs, kAll, StreamAccess::kHostIgnores},
    {"OAREPORTTRIG", 0x2740, 8, kRcs, kAll, StreamAccess::kHostIgnores},
    {"OACEC", 0x2770, 16, kRcs, kAll, StreamAccess::kHostIgnores},
    {"OA_PERFMATRIX", 0x91c8, 2, kRcs, kAll, StreamAccess::kHostIgnores},
    {"MICRO_BP_NOA_WRITE", 0x9800, 35, kRcs, kAll, StreamAccess::kHostIgnores},
    {"FORCEWAKE_MT", 0xa188, 1, kEvery, kAll, StreamAccess::kHostIgnores},
    {"DERRMR", 0x44050, 1, kEvery, kAll, StreamAccess::kHostIgnores},
};

}  // namespace gvt::hw::internal
