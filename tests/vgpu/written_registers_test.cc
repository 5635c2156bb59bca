// Whichever way a register of a context is written, its engine is told.
#include "vgpu/written_registers.h"

#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <thread>

#include "tests/vgpu/test_device.h"
#include "vgpu/snapshot.h"

namespace gvt::vgpu {
namespace {

constexpr hw::Engine kEngines[] = {hw::Engine::kRcs, hw::Engine::kBcs, hw::Engine::kVcs,
                                   hw::Engine::kVcs2, hw::Engine::kVecs};

// The devices' platform is Skylake.
const std::vector<gpu::SavedRegister>& SavedBy(hw::Engine engine) {
  return gpu::SavedRegistersOf(hw::Platform::kSkl, engine).all;
}

// Whether the only register that the engine is told of, beside those that it always is, is
// `number`.
bool IsToldOnly(TestDevice& guest, hw::Engine engine, size_t number) {
  gpu::SavedRegisterSet told = guest.device().registers(engine).TakeWritten();
  const bool is_told = told.Has(number);
  SavedPlaces::Of(hw::Platform::kSkl).SharedOf(engine).ForEach([&](size_t n) { told.Remove(n); });
  told.Remove(number);
  bool others = false;
  told.ForEach([&](size_t) { others = true; });
  return is_told && !others;
}

TEST(WrittenRegisters, AreToldOnceWhoeverWritesThem) {
  TestDevice guest;
  guest.ReadPvinfo();
  for (const hw::Engine engine : kEngines) {
    gpu::RegisterPort& port = guest.device().registers(engine);
    (void)port.TakeWritten();
    for (size_t number = 0; number < SavedBy(engine).size(); ++number) {
      const uint32_t offset = SavedBy(engine)[number].offset;
      SCOPED_TRACE(offset);
      port.Write(offset, 0);
      EXPECT_TRUE(IsToldOnly(guest, engine, number));
      guest.SetReg(offset, 0);
      EXPECT_TRUE(IsToldOnly(guest, engine, number));
      guest.Write<uint8_t>(Region::kBar0, offset + 1, 0);
      EXPECT_TRUE(IsToldOnly(guest, engine, number));
      guest.Write<uint64_t>(Region::kBar0, (offset - 2) & ~1u, 0);
      EXPECT_TRUE(port.TakeWritten().Has(number));
      if (SavedPlaces::Of(hw::Platform::kSkl).At(offset).is_one()) {
        port.Restore(offset, 0);
        EXPECT_FALSE(port.TakeWritten().Has(number));
        EXPECT_EQ(port.PlaceOf(offset), nullptr);  // a store there would not be told of
      }
    }
  }
}

TEST(WrittenRegisters, AreAllToldBehindAResetAndARestore) {
  TestDevice guest;
  const DeviceSnapshot snapshot = guest.device().Save();
  const auto expect_all = [&] {
    for (const hw::Engine engine : kEngines) {
      const auto told = guest.device().registers(engine).TakeWritten();
      for (size_t number = 0; number < SavedBy(engine).size(); ++number) {
        EXPECT_TRUE(told.Has(number));
      }
    }
  };
  guest.device().Reset();
  expect_all();
  guest.device().Restore(snapshot);
  expect_all();
  guest.SetReg(0x941c, 1);  // GDRST, all
  expect_all();
  guest.SetReg(0x941c, 2);  // RCS
  expect_all();
}

// A mirror that reads what it is told of ends as the registers do, whenever they are written.
TEST(WrittenRegisters, AreToldOfWhileTheProcessorWritesThem) {
  constexpr uint32_t kRounds = 300;
  constexpr uint32_t kGprs = 0x2600;  // of RCS: 32 dwords
  constexpr uint32_t kCount = 32;
  TestDevice guest;
  gpu::RegisterPort& port = guest.device().registers(hw::Engine::kRcs);
  std::map<size_t, uint32_t> mirror;
  const auto look = [&] {
    port.TakeWritten().ForEach([&](size_t number) {
      if (number >= SavedBy(hw::Engine::kRcs).size()) return;
      mirror[number] = port.Read(SavedBy(hw::Engine::kRcs)[number].offset);
    });
  };
  std::atomic<unsigned> writing{2};
  const auto write = [&](uint32_t first) {
    for (uint32_t round = 1; round <= kRounds; ++round) {
      for (uint32_t i = first; i < kCount; i += 2) guest.SetReg(kGprs + 4 * i, round * kCount + i);
    }
    --writing;
  };
  {
    const std::jthread even(write, 0);
    const std::jthread odd(write, 1);
    while (writing != 0) look();
  }
  look();
  for (const auto& [number, value] : mirror) {
    EXPECT_EQ(value, port.Read(SavedBy(hw::Engine::kRcs)[number].offset)) << number;
  }
  EXPECT_EQ(guest.Reg(kGprs + 4), kRounds * kCount + 1);
}

TEST(WrittenRegisters, AreRestoredAsTheyAreWritten) {
  TestDevice guest;
  gpu::RegisterPort& port = guest.device().registers(hw::Engine::kRcs);
  port.Restore(0x7014, 0x00030001);  // masked
  EXPECT_EQ(guest.Reg(0x7014), 1u);
  port.Restore(0x2600, 7);
  EXPECT_EQ(guest.Reg(0x2600), 7u);
}

}  // namespace
}  // namespace gvt::vgpu
