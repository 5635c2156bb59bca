// The software streamer against the slow model: the same random programs leave the same memory,
// registers and interrupts, run in one piece or saved and loaded again between any two commands.
#include <gtest/gtest.h>

#include <set>

#include "tests/model/program_generator.h"
#include "tools/model/slow_model.h"

namespace gvt::model {
namespace {

using gpu::RunEnd;
using soft_test::BenchGuest;

constexpr uint64_t kMaxCommands = 5000;

RunEnd EndOf(ModelEnd end) {
  switch (end) {
    case ModelEnd::kDrained: return RunEnd::kDrained;
    case ModelEnd::kWaiting: return RunEnd::kWaiting;
    default: return RunEnd::kFault;
  }
}

// What the streamer keeps up to date by itself.
bool IsLive(const BenchGuest& guest, uint32_t offset) {
  static const std::set<uint32_t> kLive = {0x30, 0x34, 0x38, 0x3c,  0x5c,  0x68,  0x6c,
                                           0x74, 0xb0, 0xb8, 0x110, 0x140, 0x168, 0x3a8};
  if (offset == 0x4094 || offset == 0x4b10 || offset == 0x4b14) return true;
  return offset >> 12 == guest.base() >> 12 && kLive.contains(offset - guest.base());
}

class Comparison {
 public:
  Comparison(hw::Engine engine, uint64_t seed) : guest(engine), model_(guest.platform, engine) {
    guest.clock.now_ns = 123'456'789;
    ProgramGenerator(seed, guest).Fill();
    for (const auto& [key, pages] : guest.memory.pages()) {
      if (key == 0) model_.pages[0] = pages;
      if (key == (BenchGuest::RootOf(0) | 1)) model_.pages[1] = pages;
    }
    model_.timestamp = gpu::TimestampAt(guest.clock.now_ns);
    // The roots are where a stream may read them.
    model_.registers = guest.registers.values();
    model_.registers[guest.base() + 0x270] = guest.State(0, hw::kContextPdp0Ldw);
  }

  ModelEnd RunModel() {
    const ModelRing ring{BenchGuest::RingOf(0), soft_test::kRingBytes,
                         guest.State(0, hw::kContextRingHead),
                         guest.State(0, hw::kContextRingTail)};
    end_ = model_.Run(ring, BenchGuest::LrcaOf(0), kMaxCommands);
    return end_;
  }

  void Compare(RunEnd end) {
    EXPECT_EQ(end, EndOf(end_));
    if (end == RunEnd::kFault && !guest.interrupts.raised.empty()) {
      guest.interrupts.raised.pop_back();
    }
    std::vector<uint32_t> raised;
    for (const auto interrupt : guest.interrupts.raised) {
      raised.push_back(static_cast<uint32_t>(interrupt));
    }
    EXPECT_EQ(raised, model_.interrupts);
    for (const auto& [offset, value] : model_.registers) {
      if (IsLive(guest, offset)) continue;
      EXPECT_EQ(guest.registers.Read(offset), value) << std::hex << offset;
    }
    ComparePages(0, 0);
    ComparePages(1, BenchGuest::RootOf(0) | 1);
  }

  BenchGuest guest;
  uint64_t commands() const { return model_.commands; }

 private:
  void ComparePages(size_t space, uint64_t key) {
    const auto& mine = guest.memory.pages().at(key);
    for (const auto& [page, dwords] : model_.pages[space]) {
      if (space == 0 && page == BenchGuest::StateOf(0) >> 12) continue;
      EXPECT_EQ(mine.at(page), dwords) << "space " << space << " page " << std::hex << page;
    }
  }

  SlowModel model_;
  ModelEnd end_ = ModelEnd::kDrained;
};

class StreamerAgainstModel : public testing::TestWithParam<hw::Engine> {};

constexpr uint64_t kPrograms = 2000;

TEST_P(StreamerAgainstModel, AgreesOnRandomPrograms) {
  uint64_t ends[4] = {};
  uint64_t commands = 0;
  for (uint64_t seed = 1; seed <= kPrograms && !HasFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Comparison comparison(GetParam(), seed);
    const ModelEnd end = comparison.RunModel();
    ++ends[static_cast<size_t>(end)];
    commands += comparison.commands();
    if (end == ModelEnd::kTooLong) continue;
    comparison.Compare(comparison.guest.Run());
  }
  // The programs are worth the name: most run to their end, each end occurs.
  EXPECT_GT(ends[0], kPrograms / 4);
  EXPECT_GT(ends[1], 0u);
  EXPECT_GT(ends[2], 0u);
  EXPECT_GT(commands, kPrograms * 10);
}

TEST_P(StreamerAgainstModel, AgreesWhenPreemptedAtEachCommand) {
  const std::atomic<bool> yield = true;
  for (uint64_t seed = 1; seed <= kPrograms / 4 && !HasFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Comparison comparison(GetParam(), seed);
    if (comparison.RunModel() == ModelEnd::kTooLong) continue;
    BenchGuest& guest = comparison.guest;
    // A first load that is not inhibited finds what the registers hold.
    ASSERT_TRUE(guest.streamer->Load(BenchGuest::DescriptorOf(0)));
    RunEnd end = RunEnd::kSlice;
    for (uint64_t i = 0; end == RunEnd::kSlice && i < 2 * kMaxCommands; ++i) {
      end = guest.streamer->Run({.yield = &yield});
      if (end != RunEnd::kSlice) break;
      guest.streamer->Save();
      ASSERT_TRUE(guest.streamer->Load(BenchGuest::DescriptorOf(0)));
    }
    comparison.Compare(end);
  }
}

INSTANTIATE_TEST_SUITE_P(Engines, StreamerAgainstModel,
                         testing::Values(hw::Engine::kRcs, hw::Engine::kBcs, hw::Engine::kVcs,
                                         hw::Engine::kVecs));

}  // namespace
}  // namespace gvt::model
