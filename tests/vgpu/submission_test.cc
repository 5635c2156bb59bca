// From ELSP to an engine and back: the device with a real execlist and an engine that does nothing.
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "sched/virtual_execlist.h"
#include "test_device.h"

namespace gvt::vgpu {
namespace {

class NoMemory final : public gpu::MemoryPort {
 public:
  bool Read(hw::AddressSpace, Gma, std::span<std::byte>) override { return true; }
  bool Write(hw::AddressSpace, Gma, std::span<const std::byte>) override { return true; }
  bool Load32(hw::AddressSpace, Gma, uint32_t*) override { return true; }
  bool Load64(hw::AddressSpace, Gma, uint64_t*) override { return true; }
  bool Store32(hw::AddressSpace, Gma, uint32_t) override { return true; }
  bool Store64(hw::AddressSpace, Gma, uint64_t) override { return true; }
  bool CompareExchange32(hw::AddressSpace, Gma, uint32_t*, uint32_t) override { return true; }
  bool CompareExchange64(hw::AddressSpace, Gma, uint64_t*, uint64_t) override { return true; }
  void BindPageTables(bool, const std::array<uint64_t, 4>&) override {}
  void InvalidateTlb() override {}
};

// Runs forever, or is done at once.
class IdleBackend final : public gpu::EngineBackend {
 public:
  gpu::BackendCapabilities capabilities() const override { return {}; }
  bool Load(uint64_t /*descriptor*/) override { return true; }
  void ResampleTail() override {}
  gpu::RunEnd Run(const gpu::RunBudget& /*budget*/) override {
    return endless ? gpu::RunEnd::kSlice : gpu::RunEnd::kDrained;
  }
  void Save() override {}
  void Reset() override { ++resets; }
  std::atomic<bool> endless{false};
  std::atomic<uint32_t> resets{0};
};

class Submission : public testing::Test {
 protected:
  static constexpr uint32_t kBase = 0x22000;
  static constexpr uint32_t kContextId = 0x60;

  Submission()
      : execlist_({hw::Engine::kBcs, &backend_, &memory_,
                   &guest_.device().registers(hw::Engine::kBcs),
                   &guest_.device().interrupts(hw::Engine::kBcs)}) {
    guest_.device().BindEngine(&execlist_);
    guest_.ReadPvinfo();
    guest_.EnableMsi();
    guest_.SetReg(kBase + 0x29c, 0x80008000);
    guest_.SetReg(kBase + 0x3a0, 0xffff0505);
    guest_.SetReg(0x44304, 0);
    guest_.SetReg(0x4430c, ~0u);
    guest_.SetReg(0x44200, 0x80000000);
  }
  void Submit() {
    for (const uint32_t value : {0u, 0u, kContextId, 0x10119u}) {
      guest_.SetReg(kBase + 0x230, value);
    }
  }

  TestDevice guest_;
  NoMemory memory_;
  IdleBackend backend_;
  sched::VirtualExeclist execlist_;
};

TEST_F(Submission, WakesTheEngineAtTheFourthWrite) {
  for (uint32_t i = 0; i < 3; ++i) guest_.SetReg(kBase + 0x230, 0);
  EXPECT_EQ(guest_.host().wakes, 0u);
  guest_.SetReg(kBase + 0x230, 0x10119);
  EXPECT_EQ(guest_.host().wakes, 1u);
}

TEST_F(Submission, EndsInTheStatusBufferAndAnInterrupt) {
  Submit();
  while (execlist_.RunSlice(1000)) {
  }
  EXPECT_EQ(guest_.Reg(kBase + 0x370), 0x01u);
  EXPECT_EQ(guest_.Reg(kBase + 0x378), 0x18u);
  EXPECT_EQ(guest_.Reg(kBase + 0x37c), kContextId);
  EXPECT_EQ(guest_.Reg(kBase + 0x3a0) & 7, 1u);
  EXPECT_EQ(guest_.Reg(0x44308), 1u << 24);
  EXPECT_EQ(guest_.host().messages, 1u);
}

TEST_F(Submission, ShowsWhatRunsAndWhetherTheEngineIsIdle) {
  backend_.endless = true;
  EXPECT_EQ(guest_.Reg(kBase + 0x9c), 0x200u);
  Submit();
  EXPECT_TRUE(execlist_.RunSlice(1000));
  EXPECT_EQ(guest_.Reg(kBase + 0x9c), 0u);
  EXPECT_EQ(guest_.Reg(kBase + 0x238), kContextId);
  guest_.SetReg(kBase + 0x9c, 0x01000100);
  EXPECT_EQ(guest_.Reg(kBase + 0x9c), 0x300u);
}

TEST_F(Submission, IsDroppedByAResetOfItsEngine) {
  backend_.endless = true;
  std::atomic<bool> stop{false};
  Submit();
  std::thread engine([&] {
    while (!stop) (void)execlist_.RunSlice(1000);
  });
  guest_.SetReg(0x941c, 1u << 3);
  stop = true;
  engine.join();
  EXPECT_EQ(backend_.resets, 1u);
  EXPECT_EQ(guest_.Reg(kBase + 0x238), 0u);
  EXPECT_TRUE(execlist_.IsIdle());
}

TEST_F(Submission, IsDroppedByAFunctionLevelReset) {
  backend_.endless = true;
  Submit();
  (void)execlist_.RunSlice(1000);
  guest_.device().Reset();
  EXPECT_TRUE(execlist_.IsIdle());
}

TEST_F(Submission, GoesNowhereInFailsafe) {
  guest_.SetReg(0x78808, 1);
  Submit();
  EXPECT_EQ(guest_.host().wakes, 0u);
  EXPECT_TRUE(execlist_.IsIdle());
}

}  // namespace
}  // namespace gvt::vgpu
