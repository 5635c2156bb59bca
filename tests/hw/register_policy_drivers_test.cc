// What stock drivers are known to do must go through; what user drivers do that hardware drops must
// be stepped over, not refused.
//
// Sources: recorded streams (capture), intel media-driver mhw_mmio_g8.h and mhw_mmio_g9.h, intel
// vaapi-driver, intel compute-runtime, Mesa 22.3 (iris, anv, hasvk, crocus), igt-gpu-tools
// gem_ctx_isolation.c, linux v6.1 i915.
#include <gtest/gtest.h>

#include <cstdint>

#include "hw/register_policy.h"
#include "tests/hw/register_request.h"

namespace gvt::hw {
namespace {

constexpr RegisterVerdict kAllow{};

enum class Use { kRead, kWrite };

struct DriverUse {
  const char* source;
  Engine engine;
  Use use;
  uint32_t first;
  uint32_t last;
  bool on_gen8;
  bool on_gen9;
};

constexpr DriverUse kUserDrivers[] = {
    {"capture: iris INSTPM", Engine::kRcs, Use::kWrite, 0x20c0, 0x20c0, true, true},
    {"capture: iris, anv CS_DEBUG_MODE2", Engine::kRcs, Use::kWrite, 0x20d8, 0x20d8, false, true},
    {"capture: anv predicate sources", Engine::kRcs, Use::kWrite, 0x2400, 0x241c, true, true},
    {"capture: anv GPRs", Engine::kRcs, Use::kWrite, 0x2600, 0x267c, true, true},
    {"capture: iris CACHE_MODE_1, GT_MODE", Engine::kRcs, Use::kWrite, 0x7000, 0x7008, true, true},
    {"capture: iris L3CNTLREG", Engine::kRcs, Use::kWrite, 0x7034, 0x7034, true, true},
    {"capture: neo TD_CTL2", Engine::kRcs, Use::kWrite, 0xe400, 0xe404, true, true},
    {"capture: iris CS_CHICKEN1", Engine::kRcs, Use::kWrite, 0x2580, 0x2580, false, true},
    {"capture: ihd MFX status", Engine::kVcs, Use::kRead, 0x12800, 0x12868, true, true},
    {"mesa: indirect draw", Engine::kRcs, Use::kWrite, 0x2430, 0x2440, true, true},
    {"mesa: indirect dispatch", Engine::kRcs, Use::kWrite, 0x2500, 0x2508, true, true},
    {"mesa: stream output", Engine::kRcs, Use::kWrite, 0x5280, 0x528c, true, true},
    {"mesa: stream output counters", Engine::kRcs, Use::kRead, 0x5200, 0x521c, true, true},
    {"mesa: pipeline statistics", Engine::kRcs, Use::kRead, 0x2300, 0x235c, true, true},
    {"mesa: dispatched threads", Engine::kRcs, Use::kRead, 0x2290, 0x2294, true, true},
    {"mesa: push constants", Engine::kRcs, Use::kWrite, 0x7014, 0x7014, false, true},
    {"mesa perf: counters", Engine::kRcs, Use::kRead, 0x91b8, 0x91c4, true, true},
    {"mesa perf: frequency", Engine::kRcs, Use::kRead, 0xa01c, 0xa01c, true, true},
    {"mesa: timestamps", Engine::kBcs, Use::kRead, 0x22358, 0x2235c, true, true},
    {"mesa: copy engine tiling", Engine::kBcs, Use::kWrite, 0x22200, 0x22200, true, true},
    {"neo: context time", Engine::kRcs, Use::kRead, 0x23a8, 0x23a8, true, true},
    {"neo: L3SQCREG4", Engine::kRcs, Use::kRead, 0xb118, 0xb118, true, true},
    {"ihd: GPRs", Engine::kVcs, Use::kWrite, 0x12600, 0x12664, true, true},
    {"ihd: GPRs", Engine::kVcs2, Use::kWrite, 0x1c600, 0x1c664, true, true},
    {"ihd: GPRs", Engine::kVecs, Use::kWrite, 0x1a600, 0x1a664, true, true},
    {"ihd: MFX, VP8 status", Engine::kVcs, Use::kRead, 0x12800, 0x12954, true, true},
    {"ihd: MFX, VP8 status", Engine::kVcs2, Use::kRead, 0x1c800, 0x1c954, true, true},
    {"ihd: HCP status", Engine::kVcs, Use::kRead, 0x1e900, 0x1e9f4, false, true},
    {"ihd: HEVC rate control", Engine::kVcs, Use::kWrite, 0x1e9bc, 0x1e9bc, false, true},
    {"ihd: VP9 rate control", Engine::kVcs, Use::kWrite, 0x1e9f4, 0x1e9f4, false, true},
    {"ihd: VDEnc cache", Engine::kVcs, Use::kWrite, 0x4a50, 0x4a58, false, true},
    {"ihd: HuC status", Engine::kVcs, Use::kRead, 0xd000, 0xd000, false, true},
    {"ihd: HuC status", Engine::kVcs, Use::kRead, 0xd014, 0xd014, false, true},
    {"ihd: HuC status", Engine::kVcs, Use::kRead, 0xd3b0, 0xd3b0, false, true},
    {"ihd: register without a number", Engine::kVcs, Use::kRead, 0x0, 0x0, true, true},
    {"i965-va: first engine's status", Engine::kVcs2, Use::kRead, 0x128a0, 0x128d0, true, true},
    {"igt: PS counters", Engine::kRcs, Use::kWrite, 0x22c8, 0x22cc, true, true},
    {"igt: PS counters", Engine::kRcs, Use::kWrite, 0x22f0, 0x22fc, true, true},
    {"igt: PS counters", Engine::kRcs, Use::kWrite, 0x2448, 0x2454, true, true},
    {"igt: OA context", Engine::kRcs, Use::kWrite, 0x2360, 0x2364, true, true},
    {"igt: NOPID", Engine::kRcs, Use::kWrite, 0x2094, 0x2094, true, true},
    {"igt: HDC_CHICKEN1", Engine::kRcs, Use::kWrite, 0x7304, 0x7304, false, true},
    {"igt: BB_OFFSET", Engine::kRcs, Use::kRead, 0x2158, 0x2158, true, true},
};

bool Applies(const DriverUse& use, Platform platform) {
  return GenerationOf(platform) == Generation::kGen8 ? use.on_gen8 : use.on_gen9;
}

TEST(RegisterPolicyDrivers, LetsStockUserDriversDoWhatTheyDo) {
  for (const DriverUse& use : kUserDrivers) {
    for (const Platform platform : kPlatforms) {
      if (!Applies(use, platform)) continue;
      const Stream user{.platform = platform, .engine = use.engine};
      for (uint32_t offset = use.first; offset <= use.last; offset += 4) {
        if (use.use == Use::kWrite) {
          EXPECT_EQ(user.Lri(offset, 0xffffffff), kAllow) << use.source << std::hex << offset;
          EXPECT_EQ(user.Lrm(offset), kAllow) << use.source << std::hex << offset;
        }
        EXPECT_EQ(user.Srm(offset), kAllow) << use.source << std::hex << offset;
      }
    }
  }
}

// Written by media and OpenCL drivers in their batches although hardware has them privileged: L3
// set-up, power, preemption.
TEST(RegisterPolicyDrivers, StepsOverWhatHardwareDrops) {
  constexpr uint32_t kDropped[] = {0x20c8, 0x20ec, 0xb020, 0xb024, 0xb100};
  for (const Platform platform : kPlatforms) {
    for (const uint32_t offset : kDropped) {
      EXPECT_EQ(Stream{.platform = platform}.Lri(offset, 1),
                SteppedOver(RegisterReason::kDroppedByHardware));
    }
  }
  // OpenCL's L3SQCREG4 workaround on Broadwell, where no slot names the register.
  EXPECT_EQ(Stream{.platform = Platform::kBdw}.Lrm(0xb118),
            SteppedOver(RegisterReason::kDroppedByHardware));
  EXPECT_EQ(Stream{.platform = Platform::kSkl}.Lrm(0xb118), kAllow);
}

// linux v6.1: context workarounds, MOCS tables, indirect context batch, i915_perf, and a NEO ring's
// first dwords.
TEST(RegisterPolicyDrivers, LetsAGuestKernelInitialiseItsContexts) {
  const Stream skl{.platform = Platform::kSkl, .by = By::kKernel};
  for (uint32_t offset = 0xc800; offset < 0xcff8; offset += 4) EXPECT_EQ(skl.Lri(offset), kAllow);
  for (uint32_t offset = 0xb020; offset < 0xb0a0; offset += 4) EXPECT_EQ(skl.Lri(offset), kAllow);
  for (const uint32_t offset :
       {0xb118u, 0x20d4u, 0x2580u, 0x7004u, 0x7014u, 0x7300u, 0xe180u, 0xe184u, 0xe188u, 0xe194u,
        0xe4f0u, 0x20c8u, 0xe458u, 0xe45cu, 0xe758u, 0x2360u}) {
    EXPECT_EQ(skl.Lri(offset), kAllow) << std::hex << offset;
  }
  EXPECT_EQ(skl.Lrm(0xb118), kAllow);
  EXPECT_EQ(skl.Srm(0xb118), kAllow);
  EXPECT_EQ(skl.Lri(0x2244, 0x00010000), kAllow);
  const Stream bdw{.platform = Platform::kBdw, .by = By::kKernel};
  EXPECT_EQ(bdw.Lri(0x209c, 0x40004000), kAllow) << "MI_MODE, asynchronous flip";
  EXPECT_EQ(bdw.Lri(0x20c0, 0x00800080), kAllow);
  EXPECT_EQ(bdw.Lrm(0xb118), kAllow);
}

// Pairs of context images as Mesa and compute-runtime write them into captures.
TEST(RegisterPolicyDrivers, LoadsTheContextImagesOfCaptures) {
  const Stream rcs{.platform = Platform::kSkl, .by = By::kKernel};
  struct Pair {
    uint32_t offset;
    uint32_t value;
  };
  constexpr Pair kPairs[] = {{0x2244, 0x90009},  {0x2244, 0x10001},    {0x2034, 0}, {0x2030, 0x10},
                             {0x2038, 0x1000},   {0x203c, 0x3001},     {0x2168, 0}, {0x2140, 0},
                             {0x2110, 0},        {0x211c, 0},          {0x2114, 0}, {0x2118, 0},
                             {0x21c0, 0},        {0x21c4, 0},          {0x21c8, 0}, {0x23a8, 0},
                             {0x20d8, 0x200020}, {0x20c8, 0x7fffffff}, {0x2094, 0}};
  for (const Pair& pair : kPairs) {
    EXPECT_EQ(rcs.Judge(RegisterPath::kContextImage, pair.offset, pair.value), kAllow)
        << std::hex << pair.offset;
  }
}

}  // namespace
}  // namespace gvt::hw
