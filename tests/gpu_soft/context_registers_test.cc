// Registers of contexts, restored and saved by what has changed.
//
// Oracle: the same guest beside it whose register port keeps no account, so that each restore
// writes all and each save reads all.
#include <gtest/gtest.h>

#include <random>

#include "tests/gpu_soft/bench_guest.h"

namespace gvt::soft_test {
namespace {

using gpu::RunEnd;

TEST(ContextRegisters, ThatNobodyWroteAreNeitherReadNorWritten) {
  BenchGuest guest;
  guest.Ring(Lri({guest.Gpr(3), 0x33}));
  ASSERT_EQ(guest.Run(), RunEnd::kDrained);
  guest.streamer->Save();
  ASSERT_EQ(guest.Run(), RunEnd::kDrained);
  guest.registers.reads = 0;
  guest.registers.restores = 0;
  guest.streamer->Save();
  ASSERT_EQ(guest.Run(), RunEnd::kDrained);
  guest.streamer->Save();
  EXPECT_EQ(guest.registers.restores, 0u);
  EXPECT_LT(guest.registers.reads, 40u);  // what the streamer itself looks at
  EXPECT_EQ(guest.State(0, 105 + 2 * 6), 0x33u);
}

TEST(ContextRegisters, AreSavedIfTheProcessorWroteThem) {
  BenchGuest guest;
  ASSERT_EQ(guest.Run(), RunEnd::kDrained);
  guest.streamer->Save();
  ASSERT_EQ(guest.Run(), RunEnd::kDrained);
  guest.registers.Write(guest.Gpr(0), 0x44);
  guest.streamer->Save();
  EXPECT_EQ(guest.State(0, 105), 0x44u);
  guest.registers.Write(guest.Gpr(0), 0x55);  // of no context
  ASSERT_EQ(guest.Run(), RunEnd::kDrained);
  EXPECT_EQ(guest.GprValue(0), 0x44u);
}

// Two guests that live through the same.
class Twins {
 public:
  explicit Twins(hw::Engine engine, hw::Platform platform)
      : ours_(engine, platform), naive_(engine, platform) {
    naive_.registers.keeps_account = false;
  }
  template <typename Step>
  void Do(Step step) {
    step(ours_);
    step(naive_);
  }
  BenchGuest& ours() { return ours_; }
  void ExpectSame() {
    for (unsigned id = 0; id < 2; ++id) {
      for (size_t dword = 0; dword < hw::kContextDwords; ++dword) {
        ASSERT_EQ(ours_.State(id, dword), naive_.State(id, dword)) << id << " " << dword;
      }
    }
    for (const auto& [offset, value] : naive_.registers.values()) {
      ASSERT_EQ(ours_.registers.Read(offset), value) << std::hex << offset;
    }
  }

 private:
  BenchGuest ours_;
  BenchGuest naive_;
};

class Life {
 public:
  Life(hw::Engine engine, hw::Platform platform, uint32_t seed)
      : twins_(engine, platform),
        saved_(gpu::SavedRegistersOf(platform, engine).all),
        random_(seed) {}

  void Step() {
    const auto value = static_cast<uint32_t>(random_());
    const unsigned id = value & 1;
    const uint32_t offset = saved_[random_() % saved_.size()].offset;
    switch (random_() % 8) {
      case 0: twins_.Do([&](BenchGuest& guest) { guest.registers.Write(offset, value); }); break;
      case 1: {  // the guest writes into an image: any dword of the registers
        const size_t dword = 82 + random_() % 330;
        twins_.Do([&](BenchGuest& guest) { guest.SetState(id, dword, Junk(value, offset)); });
        break;
      }
      case 2: {  // restore inhibited, from now on or no longer
        twins_.Do([&](BenchGuest& guest) { guest.SetState(id, hw::kContextControl, value & 1); });
        break;
      }
      case 3: {
        const uint32_t indirect = (value & 2) != 0 ? 0x900001 : 0;
        Dwords code = Lri({offset, value});
        code.resize(16, 0);  // one cache line
        twins_.Do([&](BenchGuest& guest) {
          guest.Batch(code, 0x900000, kGgtt);
          guest.SetState(id, hw::kContextIndirectCtx, indirect);
        });
        break;
      }
      case 4: twins_.Do([](BenchGuest& guest) { guest.streamer->Reset(); }); break;
      default: twins_.Do([&](BenchGuest& guest) { Run(guest, id, offset, value); });
    }
  }
  void ExpectSame() { twins_.ExpectSame(); }

 private:
  static uint32_t Junk(uint32_t value, uint32_t offset) {
    constexpr uint32_t kEmptyList = 0x11000001;
    if (value % 8 == 0) return kEmptyList;
    return value % 4 == 0 ? offset : value;
  }
  static void Run(BenchGuest& guest, unsigned id, uint32_t offset, uint32_t value) {
    guest.SetState(id, hw::kContextRingHead, 0);
    guest.SetState(id, hw::kContextRingTail, 0);
    if ((value & 4) != 0) guest.Ring(Lri({offset, value}), id);
    if (!guest.streamer->Load(BenchGuest::DescriptorOf(id))) return;
    if ((value & 8) != 0) guest.Finish();
    if ((value & 16) != 0) guest.registers.Write(offset, ~value);
    guest.streamer->Save();
  }

  Twins twins_;
  std::span<const gpu::SavedRegister> saved_;
  std::mt19937 random_;
};

TEST(ContextRegisters, AreInTheEndAsIfEachRestoreWroteAllAndEachSaveReadAll) {
  struct On {
    hw::Platform platform;
    hw::Engine engine;
  };
  for (const On on : {On{hw::Platform::kSkl, hw::Engine::kRcs},
                      {hw::Platform::kSkl, hw::Engine::kBcs},
                      {hw::Platform::kBdw, hw::Engine::kRcs},
                      {hw::Platform::kBxt, hw::Engine::kVcs}}) {
    for (uint32_t seed = 0; seed < 8; ++seed) {
      SCOPED_TRACE(seed);
      Life life(on.engine, on.platform, seed);
      for (int step = 0; step < 60; ++step) {
        life.Step();
        if (step % 6 == 5) life.ExpectSame();
        if (testing::Test::HasFatalFailure()) return;
      }
    }
  }
}

}  // namespace
}  // namespace gvt::soft_test
