#include "hw/register_policy.h"

#include <gtest/gtest.h>

#include "hw/register_table.h"
#include "tests/hw/register_request.h"

namespace gvt::hw {
namespace {

constexpr uint32_t kGfxMode = 0x29c;
constexpr uint32_t kCsfeChicken = 0xd4;
constexpr uint32_t kMiMode = 0x9c;
constexpr uint32_t kBbOffset = 0x158;
constexpr uint32_t kPdp0 = 0x270;

constexpr RegisterVerdict kAllow{};
constexpr RegisterVerdict kAllowRoot{RegisterOutcome::kAllow, RegisterReason::kNone,
                                     RegisterEffect::kPageTableRoot};
constexpr RegisterVerdict kAllowSlot{RegisterOutcome::kAllow, RegisterReason::kNone,
                                     RegisterEffect::kNonPrivilegeSlot};

// A masked write that sets (or clears) one bit.
constexpr uint32_t Set(unsigned bit) {
  return 0x10001u << bit;
}
constexpr uint32_t Clear(unsigned bit) {
  return 0x10000u << bit;
}

TEST(RegisterPolicy, RefusesWhatIsNoRegister) {
  for (const By by : {By::kKernel, By::kUser}) {
    const Stream stream{.by = by};
    EXPECT_EQ(stream.Lri(0x2601), Refused(RegisterReason::kReservedBits));
    EXPECT_EQ(stream.Lri(0x2602), Refused(RegisterReason::kReservedBits));
    for (unsigned bit = 23; bit < 32; ++bit) {
      EXPECT_EQ(stream.Lri(0x2600 | 1u << bit), Refused(RegisterReason::kReservedBits)) << bit;
    }
    EXPECT_EQ(stream.Lri(kMmioBytes), Refused(RegisterReason::kOutOfRange));
    EXPECT_EQ(stream.Srm(0x7ffffc), Refused(RegisterReason::kOutOfRange));
  }
}

TEST(RegisterPolicy, LetsAnyBatchUseItsGeneralPurposeRegisters) {
  for (const Platform platform : kPlatforms) {
    for (const Engine engine : kEngines) {
      const Stream stream{.platform = platform, .engine = engine};
      for (uint32_t gpr = 0x600; gpr < 0x680; gpr += 4) {
        const uint32_t offset = EngineMmioBase(engine) + gpr;
        for (const RegisterPath path : {RegisterPath::kLri, RegisterPath::kLrm, RegisterPath::kSrm,
                                        RegisterPath::kLrrSource, RegisterPath::kLrrDestination}) {
          EXPECT_EQ(stream.Judge(path, offset, 0x12345678), kAllow) << offset;
        }
      }
    }
  }
}

TEST(RegisterPolicy, KeepsStreamsOutOfOtherEngines) {
  for (const Engine engine : kEngines) {
    for (const Engine other : kEngines) {
      if (engine == other) continue;
      const uint32_t gpr = EngineMmioBase(other) + 0x600;
      const Stream kernel{.engine = engine, .by = By::kKernel};
      const Stream user{.engine = engine};
      EXPECT_EQ(kernel.Lri(gpr), Refused(RegisterReason::kEngineForeign));
      EXPECT_EQ(kernel.Srm(gpr), Refused(RegisterReason::kEngineForeign));
      EXPECT_EQ(user.Lri(gpr), SteppedOver(RegisterReason::kNoPrivilege));
      EXPECT_EQ(user.Srm(gpr), Refused(RegisterReason::kEngineForeign));
      EXPECT_EQ(user.Srm(EngineMmioBase(other) + 0x358), kAllow) << "a clock anyone may read";
    }
  }
}

TEST(RegisterPolicy, GivesGfxModeToStreamsBitByBit) {
  for (const Platform platform : kPlatforms) {
    for (const Engine engine : kEngines) {
      const Stream kernel{.platform = platform, .engine = engine, .by = By::kKernel};
      const uint32_t offset = EngineMmioBase(engine) + kGfxMode;
      for (unsigned bit = 0; bit < 16; ++bit) {
        const bool may_set = bit == 11 || bit == 13 || bit == 15;
        const bool may_clear = bit != 15;
        EXPECT_EQ(kernel.Lri(offset, Set(bit)).allowed(), may_set) << bit;
        EXPECT_EQ(kernel.Lri(offset, Clear(bit)).allowed(), may_clear) << bit;
        EXPECT_EQ(kernel.Judge(RegisterPath::kPipeControl, offset, Set(bit)).allowed(), may_set);
        EXPECT_TRUE(kernel.Lri(offset, 1u << bit).allowed())
            << "without its mask it changes nothing";
      }
      EXPECT_EQ(kernel.Lrm(offset), Refused(RegisterReason::kValueUnknown));
    }
  }
}

TEST(RegisterPolicy, LetsTheCpuSwitchExecutionListsOnButNotPrivilegeChecksOff) {
  for (const Platform platform : kPlatforms) {
    const Stream cpu{.platform = platform};
    for (const Engine engine : kEngines) {
      const uint32_t offset = EngineMmioBase(engine) + kGfxMode;
      EXPECT_EQ(cpu.Judge(RegisterPath::kMmioWrite, offset, 0x80008000), kAllow);
      EXPECT_EQ(cpu.Judge(RegisterPath::kMmioWrite, offset, Set(0)),
                Refused(RegisterReason::kValueRefused));
      EXPECT_EQ(cpu.Judge(RegisterPath::kMmioWrite, offset, Set(1)).allowed(),
                platform != Platform::kCfl);
      EXPECT_EQ(cpu.Judge(RegisterPath::kMmioWrite, offset),
                Refused(RegisterReason::kValueUnknown));
    }
  }
}

TEST(RegisterPolicy, KeepsTheBitsOfCsfeChickenThatOpenOtherEngines) {
  for (const Engine engine : kEngines) {
    const uint32_t offset = EngineMmioBase(engine) + kCsfeChicken;
    const Stream kernel{.engine = engine, .by = By::kKernel};
    for (unsigned bit = 0; bit < 16; ++bit) {
      const bool may_set = bit != 3 && bit != 4;
      EXPECT_EQ(kernel.Lri(offset, Set(bit)).allowed(), may_set) << bit;
      EXPECT_TRUE(kernel.Lri(offset, Clear(bit)).allowed()) << bit;
      EXPECT_EQ(kernel.Judge(RegisterPath::kMmioWrite, offset, Set(bit)).allowed(), may_set) << bit;
    }
  }
}

TEST(RegisterPolicy, LetsOnlyTheCpuStopARing) {
  for (const Engine engine : kEngines) {
    const uint32_t offset = EngineMmioBase(engine) + kMiMode;
    const Stream kernel{.engine = engine, .by = By::kKernel};
    for (unsigned bit = 0; bit < 16; ++bit) {
      EXPECT_EQ(kernel.Lri(offset, Set(bit)).allowed(), bit != 8) << bit;
      EXPECT_TRUE(kernel.Lri(offset, Clear(bit)).allowed()) << bit;
      EXPECT_EQ(kernel.Judge(RegisterPath::kMmioWrite, offset, Set(bit)), kAllow) << bit;
    }
    EXPECT_EQ(kernel.Lrm(offset), Refused(RegisterReason::kValueUnknown));
  }
}

TEST(RegisterPolicy, LoadsPageTableRootsOnlyByLriInARingOrContextImage) {
  for (const Platform platform : kPlatforms) {
    for (const Engine engine : kEngines) {
      const Stream kernel{.platform = platform, .engine = engine, .by = By::kKernel};
      const Stream user{.platform = platform, .engine = engine};
      for (uint32_t i = 0; i < 8; ++i) {
        const uint32_t offset = EngineMmioBase(engine) + kPdp0 + 4 * i;
        EXPECT_EQ(kernel.Lri(offset, 0x1000), kAllowRoot);
        EXPECT_EQ(kernel.Judge(RegisterPath::kContextImage, offset, 0x1000), kAllowRoot);
        for (const RegisterPath path :
             {RegisterPath::kLrm, RegisterPath::kLrrDestination, RegisterPath::kPipeControl}) {
          EXPECT_EQ(kernel.Judge(path, offset, 0x1000), Refused(RegisterReason::kPageTableRoot));
          EXPECT_EQ(user.Judge(path, offset, 0x1000), SteppedOver(RegisterReason::kNoPrivilege));
        }
        EXPECT_EQ(user.Lri(offset, 0x1000), SteppedOver(RegisterReason::kNoPrivilege));
        EXPECT_EQ(user.Srm(offset), Refused(RegisterReason::kNotReadable));
        EXPECT_EQ(kernel.Srm(offset), kAllow);
      }
    }
  }
}

TEST(RegisterPolicy, RefusesBbOffsetToEveryCommand) {
  for (const Engine engine : kEngines) {
    const uint32_t offset = EngineMmioBase(engine) + kBbOffset;
    for (const By by : {By::kKernel, By::kUser}) {
      const Stream stream{.engine = engine, .by = by};
      for (const RegisterPath path : {RegisterPath::kLri, RegisterPath::kLrm,
                                      RegisterPath::kLrrDestination, RegisterPath::kPipeControl}) {
        EXPECT_EQ(stream.Judge(path, offset, 0), Refused(RegisterReason::kBatchOffset));
      }
      EXPECT_EQ(stream.Judge(RegisterPath::kContextImage, offset, 0), kAllow);
    }
  }
}

TEST(RegisterPolicy, TakesOnlyWhitelistedRegistersIntoNonPrivilegeSlots) {
  for (const Platform platform : kPlatforms) {
    const Stream kernel{.platform = platform, .by = By::kKernel};
    for (uint32_t slot = 0x24d0; slot <= 0x24fc; slot += 4) {
      EXPECT_EQ(kernel.Lri(slot, 0x2094), kAllowSlot);
      EXPECT_EQ(kernel.Lri(slot, 0x2580), kAllowSlot);
      EXPECT_EQ(kernel.Judge(RegisterPath::kMmioWrite, slot, 0x2580), kAllowSlot);
      for (const uint32_t wanted :
           {0x2030u, 0x229cu, 0x2270u, 0x24d0u, 0xa188u, 0x22094u, 0x100000u, 0x3fffffcu}) {
        EXPECT_EQ(kernel.Lri(slot, wanted), Refused(RegisterReason::kValueRefused)) << wanted;
        EXPECT_EQ(kernel.Judge(RegisterPath::kMmioWrite, slot, wanted),
                  Refused(RegisterReason::kValueRefused));
      }
      EXPECT_EQ(kernel.Lrm(slot), Refused(RegisterReason::kValueUnknown));
      EXPECT_EQ(Stream{.platform = platform}.Lri(slot, 0x2580),
                SteppedOver(RegisterReason::kNoPrivilege));
    }
  }
}

TEST(RegisterPolicy, AcceptsWhatStockI915PutsIntoEverySlot) {
  for (const Platform platform : kPlatforms) {
    for (const Engine engine : kEngines) {
      const Stream cpu{.platform = platform, .engine = engine};
      const NonPrivilegeSlots& slots = StockNonPrivilegeSlots(platform, engine);
      for (uint32_t i = 0; i < kNonPrivilegeSlotCount; ++i) {
        const uint32_t offset = EngineMmioBase(engine) + 0x4d0 + 4 * i;
        EXPECT_EQ(cpu.Judge(RegisterPath::kMmioWrite, offset, slots[i]), kAllowSlot) << slots[i];
      }
    }
  }
}

TEST(RegisterPolicy, OpensARegisterThatASlotNames) {
  NonPrivilegeSlots slots = StockNonPrivilegeSlots(Platform::kSkl, Engine::kRcs);
  const Stream user{.slots = &slots};
  EXPECT_EQ(user.Lri(0x20ec), SteppedOver(RegisterReason::kDroppedByHardware));
  slots[11] = 0x20ec;
  EXPECT_EQ(user.Lri(0x20ec), kAllow);
  EXPECT_EQ(user.Lrm(0x20ec), kAllow);
  slots[11] = 0x200020ec;  // bits above 25 are not part of the address
  EXPECT_EQ(user.Lri(0x20ec), kAllow);
  slots.fill(0x2094);
  EXPECT_EQ(user.Lri(0x2580), SteppedOver(RegisterReason::kNoPrivilege));
}

TEST(RegisterPolicy, ObeysAccessKindAndRangeOfCoffeeLakeSlots) {
  NonPrivilegeSlots slots;
  slots.fill(0x2094);
  const Stream user{.platform = Platform::kCfl, .slots = &slots};
  slots[0] = 0x7300 | 1;  // four dwords, read and write
  EXPECT_EQ(user.Lri(0x7300), kAllow);
  EXPECT_EQ(user.Lri(0x7304), kAllow);
  slots[0] = 0x7300 | 1u << 28;  // one dword, read only
  EXPECT_EQ(user.Lri(0x7300), SteppedOver(RegisterReason::kNoPrivilege));
  EXPECT_EQ(user.Lri(0x7304), SteppedOver(RegisterReason::kNoPrivilege));
  slots[0] = 0xe18c | 1u << 28;
  EXPECT_EQ(user.Srm(0xe18c), kAllow);
  slots[0] = 0xe18c | 2u << 28;  // write only
  EXPECT_EQ(user.Srm(0xe18c), Refused(RegisterReason::kNotReadable));
  EXPECT_EQ(user.Lri(0xe18c), kAllow);
  slots[0] = 0xe18c | 3u << 28;  // no access
  EXPECT_EQ(user.Lri(0xe18c), SteppedOver(RegisterReason::kNoPrivilege));
}

TEST(RegisterPolicy, StepsOverWhatTheHostOwns) {
  const Stream kernel{.by = By::kKernel};
  for (const uint32_t offset : {0xa188u, 0x44050u, 0x9888u, 0x2740u}) {
    EXPECT_EQ(kernel.Lri(offset, 0xffffffff), SteppedOver(RegisterReason::kHostOwned)) << offset;
  }
  EXPECT_EQ(Stream{}.Lri(0xa188), SteppedOver(RegisterReason::kNoPrivilege));
}

TEST(RegisterPolicy, SwitchesNoTiledResourcesOn) {
  const Stream kernel{.by = By::kKernel};
  EXPECT_EQ(kernel.Lri(0x4df4, 0), kAllow);
  EXPECT_EQ(kernel.Lri(0x4df4, 1), Refused(RegisterReason::kValueRefused));
  EXPECT_EQ(kernel.Lrm(0x4df4), Refused(RegisterReason::kValueUnknown));
  EXPECT_EQ(kernel.Judge(RegisterPath::kMmioWrite, 0x4df4, 1),
            Refused(RegisterReason::kValueRefused));
}

TEST(RegisterPolicy, LetsAContextImageLoadWhatNoCommandMay) {
  for (const Engine engine : kEngines) {
    const Stream kernel{.engine = engine, .by = By::kKernel};
    for (const uint32_t offset : {0x30u, 0x34u, 0x38u, 0x3cu, 0x140u, 0x168u, 0x110u}) {
      const uint32_t reg = EngineMmioBase(engine) + offset;
      EXPECT_EQ(kernel.Judge(RegisterPath::kContextImage, reg, 0x1000), kAllow) << reg;
      EXPECT_EQ(kernel.Lri(reg, 0x1000), Refused(RegisterReason::kPathRefused)) << reg;
    }
    EXPECT_EQ(kernel.Judge(RegisterPath::kContextImage, EngineMmioBase(engine) + 0x230, 0),
              Refused(RegisterReason::kNotCommandAccessible));
  }
}

TEST(RegisterPolicy, LetsAnImageOfOneVideoEngineNameTheOther) {
  const Stream vcs{.engine = Engine::kVcs, .by = By::kKernel};
  EXPECT_EQ(vcs.Judge(RegisterPath::kContextImage, 0x1c034, 0), kAllow);
  EXPECT_EQ(vcs.Lri(0x1c034, 0), Refused(RegisterReason::kEngineForeign));
  EXPECT_EQ(vcs.Judge(RegisterPath::kContextImage, 0x22034, 0),
            Refused(RegisterReason::kEngineForeign));
}

TEST(RegisterPolicy, AllowsTheCpuEveryRegisterItCanReach) {
  const Stream cpu;
  EXPECT_EQ(cpu.Judge(RegisterPath::kMmioWrite, 0x2230, 0x12345001), kAllow) << "ELSP";
  EXPECT_EQ(cpu.Judge(RegisterPath::kMmioRead, 0x1ffffc), kAllow);
  EXPECT_EQ(cpu.Judge(RegisterPath::kMmioRead, 0x2031), Refused(RegisterReason::kReservedBits));
  EXPECT_EQ(cpu.Judge(RegisterPath::kMmioRead, kMmioBytes), Refused(RegisterReason::kOutOfRange));
}

TEST(RegisterPolicy, HasAWordForEveryPathAndReason) {
  for (unsigned path = 0; path < kRegisterPathCount; ++path) {
    EXPECT_NE(RegisterPathName(static_cast<RegisterPath>(path)), "unknown path");
  }
  for (unsigned reason = 0; reason < kRegisterReasonCount; ++reason) {
    EXPECT_NE(RegisterReasonName(static_cast<RegisterReason>(reason)), "unknown reason");
  }
  EXPECT_EQ(RegisterPathName(static_cast<RegisterPath>(200)), "unknown path");
  EXPECT_EQ(RegisterReasonName(static_cast<RegisterReason>(200)), "unknown reason");
}

}  // namespace
}  // namespace gvt::hw
