// Every dword of the 2 MiB of registers, on every platform: laws that hold between verdicts, and
// how many registers each way opens.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <random>

#include "hw/batch_registers.h"
#include "hw/register_policy.h"
#include "hw/register_table.h"
#include "tests/hw/register_request.h"

namespace gvt::hw {
namespace {

struct Verdicts {
  std::array<RegisterVerdict, kRegisterPathCount> by_path;
  const RegisterVerdict& operator[](RegisterPath path) const {
    return by_path[static_cast<size_t>(path)];
  }
};

Verdicts JudgeEveryPath(const Stream& stream, uint32_t offset) {
  Verdicts verdicts;
  for (unsigned path = 0; path < kRegisterPathCount; ++path) {
    verdicts.by_path[path] = stream.Judge(static_cast<RegisterPath>(path), offset, 0);
  }
  return verdicts;
}

// What no process of a guest may ever write, said without the tables of the policy.
bool IsDangerous(uint32_t offset) {
  for (const Engine engine : kEngines) {
    const uint32_t in_block = offset - EngineMmioBase(engine);
    if (in_block >= 0x1000) continue;
    const bool ring = in_block >= 0x30 && in_block <= 0x3c;
    const bool status_page = in_block == 0x80 || in_block == 0x98;
    const bool interrupt_mask = in_block == 0xa8 || (in_block >= 0xb0 && in_block <= 0xb8);
    const bool mode = in_block == 0x9c || in_block == 0x29c || in_block == 0xd0 || in_block == 0xd4;
    const bool batch = in_block >= 0x110 && in_block <= 0x168;
    const bool context = in_block >= 0x1c0 && in_block <= 0x1c8;
    const bool execution_list = in_block >= 0x230 && in_block <= 0x244;
    const bool roots = in_block >= 0x270 && in_block < 0x290;
    const bool context_status = in_block >= 0x370 && in_block <= 0x3a0;
    const bool slots = in_block >= 0x4d0 && in_block < 0x500;
    if (ring || status_page || interrupt_mask || mode || batch || context || execution_list)
      return true;
    if (roots || context_status || slots) return true;
  }
  const bool power = offset >= 0xa000 && offset < 0xb000;
  const bool display_and_fences = offset >= 0x40000;
  return power || display_and_fences;
}

void ExpectLawsOfUser(const Verdicts& user, const Verdicts& kernel, uint32_t offset) {
  const RegisterVerdict& lri = user[RegisterPath::kLri];
  for (const RegisterPath path :
       {RegisterPath::kLrm, RegisterPath::kLrrDestination, RegisterPath::kPipeControl}) {
    ASSERT_EQ(user[path], lri) << "a process's write does not depend on its path";
  }
  ASSERT_EQ(user[RegisterPath::kSrm], user[RegisterPath::kLrrSource]);
  if (lri.allowed()) {
    ASSERT_FALSE(IsDangerous(offset)) << offset;
    ASSERT_TRUE(kernel[RegisterPath::kLri].allowed()) << "the kernel may what a process may";
    ASSERT_TRUE(user[RegisterPath::kSrm].allowed()) << "what may be written may be read";
    ASSERT_EQ(lri.effect, RegisterEffect::kNone);
  } else {
    const bool step_over = lri == SteppedOver(RegisterReason::kNoPrivilege) ||
                           lri == SteppedOver(RegisterReason::kDroppedByHardware);
    ASSERT_TRUE(step_over || lri == Refused(RegisterReason::kBatchOffset));
  }
  ASSERT_GE(kernel[RegisterPath::kSrm].allowed(), user[RegisterPath::kSrm].allowed());
}

void ExpectLawsOfKernel(const Verdicts& kernel) {
  const RegisterVerdict& lri = kernel[RegisterPath::kLri];
  const RegisterVerdict& lrm = kernel[RegisterPath::kLrm];
  ASSERT_EQ(kernel[RegisterPath::kSrm], kernel[RegisterPath::kLrrSource]);
  ASSERT_EQ(lrm, kernel[RegisterPath::kLrrDestination]);
  if (lrm != lri) {
    ASSERT_FALSE(lrm.allowed()) << "an unknown value is never better than a known one";
    ASSERT_TRUE(lri.allowed() || lri.reason == RegisterReason::kValueRefused);
    ASSERT_TRUE(lrm.reason == RegisterReason::kValueUnknown ||
                lrm.reason == RegisterReason::kPageTableRoot);
  }
  if (kernel[RegisterPath::kPipeControl] != lri) {
    ASSERT_EQ(lri.effect, RegisterEffect::kPageTableRoot);
    ASSERT_EQ(kernel[RegisterPath::kPipeControl], Refused(RegisterReason::kPageTableRoot));
  }
  if (lri.allowed()) {
    ASSERT_EQ(kernel[RegisterPath::kContextImage], lri) << "an image may what LRI may";
  }
}

// The short answer is one that the policy gives without any slot's help.
void ExpectShortAnswerIsRight(Platform platform, Engine engine, uint32_t offset) {
  constexpr NonPrivilegeSlots kNoSlots{};
  const Stream user{.platform = platform, .engine = engine, .slots = &kNoSlots};
  for (const RegisterPath path : {RegisterPath::kLri, RegisterPath::kSrm}) {
    if (!EveryBatchMayAccess(platform, engine, path, offset)) continue;
    ASSERT_EQ(user.Judge(path, offset), RegisterVerdict{});
    ASSERT_EQ(user.Judge(path, offset, ~0u), RegisterVerdict{});
    ASSERT_FALSE(EveryBatchMayAccess(platform, engine, path, offset | 1));
    ASSERT_FALSE(EveryBatchMayAccess(platform, engine, path, offset | 1u << 31));
  }
}

class RegisterPolicySweep : public testing::TestWithParam<Platform> {};

TEST_P(RegisterPolicySweep, ObeysItsLawsAtEveryDword) {
  for (const Engine engine : kEngines) {
    const Stream user{.platform = GetParam(), .engine = engine, .by = By::kUser};
    const Stream kernel{.platform = GetParam(), .engine = engine, .by = By::kKernel};
    for (uint32_t offset = 0; offset < kMmioBytes; offset += 4) {
      const Verdicts by_user = JudgeEveryPath(user, offset);
      const Verdicts by_kernel = JudgeEveryPath(kernel, offset);
      ASSERT_NO_FATAL_FAILURE(ExpectLawsOfUser(by_user, by_kernel, offset)) << std::hex << offset;
      ASSERT_NO_FATAL_FAILURE(ExpectLawsOfKernel(by_kernel)) << std::hex << offset;
      ASSERT_NO_FATAL_FAILURE(ExpectShortAnswerIsRight(GetParam(), engine, offset));
      ASSERT_EQ(by_user[RegisterPath::kMmioWrite], by_kernel[RegisterPath::kMmioWrite]);
      ASSERT_TRUE(by_user[RegisterPath::kMmioRead].allowed());
    }
  }
}

TEST_P(RegisterPolicySweep, OpensNothingDangerousWhateverTheSlotsHold) {
  std::mt19937 random(8);
  for (int round = 0; round < 200; ++round) {
    NonPrivilegeSlots slots;
    for (uint32_t& slot : slots) {
      slot = static_cast<uint32_t>(random()) & (round % 2 != 0 ? 0x2ffffu : ~0u);
    }
    for (const Engine engine : kEngines) {
      const Stream user{.platform = GetParam(), .engine = engine, .slots = &slots};
      for (const uint32_t slot : slots) {
        for (uint32_t i = 0; i < 64; ++i) {
          const uint32_t offset = (slot & 0x1ffffc) + 4 * i;
          if (offset >= kMmioBytes || !IsDangerous(offset)) continue;
          ASSERT_FALSE(user.Lri(offset).allowed()) << std::hex << offset;
        }
      }
    }
  }
}

TEST_P(RegisterPolicySweep, OpensNothingDangerousThatEverySlotNames) {
  for (uint32_t offset = 0; offset < kMmioBytes; offset += 4) {
    if (!IsDangerous(offset)) continue;
    NonPrivilegeSlots slots;
    slots.fill(offset);
    const Stream user{.platform = GetParam(), .slots = &slots};
    ASSERT_FALSE(user.Lri(offset).allowed()) << std::hex << offset;
  }
}

INSTANTIATE_TEST_SUITE_P(EveryPlatform, RegisterPolicySweep, testing::ValuesIn(kPlatforms),
                         [](const auto& platform) {
                           return std::string(PlatformName(platform.param));
                         });

// How many dwords each way opens on the render engine. A change here is a change of what guests may
// do: review it as such.
struct Golden {
  Platform platform;
  By by;
  std::array<unsigned, kRegisterPathCount> allowed;  // in the order of RegisterPath
};

constexpr Golden kGolden[] = {
    {Platform::kBdw, By::kUser, {524288, 524228, 112, 112, 207, 207, 112, 112, 215}},
    {Platform::kBdw, By::kKernel, {524288, 524228, 196, 186, 240, 240, 186, 188, 215}},
    {Platform::kSkl, By::kUser, {524288, 524228, 118, 118, 760, 760, 118, 118, 769}},
    {Platform::kSkl, By::kKernel, {524288, 524228, 749, 737, 794, 794, 737, 741, 769}},
    {Platform::kKbl, By::kUser, {524288, 524228, 118, 118, 761, 761, 118, 118, 770}},
    {Platform::kKbl, By::kKernel, {524288, 524228, 750, 738, 795, 795, 738, 742, 770}},
    {Platform::kCfl, By::kUser, {524288, 524228, 117, 117, 761, 761, 117, 117, 770}},
    {Platform::kCfl, By::kKernel, {524288, 524228, 750, 738, 795, 795, 738, 742, 770}},
    {Platform::kBxt, By::kUser, {524288, 524228, 117, 117, 761, 761, 117, 117, 770}},
    {Platform::kBxt, By::kKernel, {524288, 524228, 750, 738, 795, 795, 738, 742, 770}},
};

TEST(RegisterPolicyGolden, OpensThisManyRegistersToTheRenderEngine) {
  for (const Golden& golden : kGolden) {
    const Stream stream{.platform = golden.platform, .by = golden.by};
    std::array<unsigned, kRegisterPathCount> allowed{};
    for (uint32_t offset = 0; offset < kMmioBytes; offset += 4) {
      const Verdicts verdicts = JudgeEveryPath(stream, offset);
      for (size_t path = 0; path < allowed.size(); ++path) {
        if (verdicts.by_path[path].allowed()) ++allowed[path];
      }
    }
    EXPECT_EQ(allowed, golden.allowed)
        << PlatformName(golden.platform) << (golden.by == By::kUser ? " process" : " kernel");
  }
}

}  // namespace
}  // namespace gvt::hw
