// The software streamer against the slow model: the same random programs leave the same memory,
// registers and interrupts, run in one piece or saved and loaded again between any two commands.
#include <gtest/gtest.h>

#include "tests/model/comparison.h"
#include "tests/model/program_generator.h"

namespace gvt::model {
namespace {

using gpu::RunEnd;
using soft_test::BenchGuest;

// A guest with a random program, and the model of it.
struct RandomProgram {
  RandomProgram(hw::Engine engine, uint64_t seed) : guest(Filled(engine, seed)) {}

  static std::unique_ptr<BenchGuest> Filled(hw::Engine engine, uint64_t seed) {
    auto guest = std::make_unique<BenchGuest>(engine);
    guest->clock.now_ns = 123'456'789;
    ProgramGenerator(seed, *guest).Fill();
    return guest;
  }

  const std::unique_ptr<BenchGuest> guest;
  Comparison comparison{*guest};
};

class StreamerAgainstModel : public testing::TestWithParam<hw::Engine> {};

constexpr uint64_t kPrograms = 2000;

TEST_P(StreamerAgainstModel, AgreesOnRandomPrograms) {
  uint64_t ends[4] = {};
  uint64_t commands = 0;
  for (uint64_t seed = 1; seed <= kPrograms && !HasFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    RandomProgram program(GetParam(), seed);
    const ModelEnd end = program.comparison.RunModel();
    ++ends[static_cast<size_t>(end)];
    commands += program.comparison.model().commands;
    if (end == ModelEnd::kTooLong) continue;
    EXPECT_EQ(program.comparison.Difference(program.guest->Run()), "");
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
    RandomProgram program(GetParam(), seed);
    if (program.comparison.RunModel() == ModelEnd::kTooLong) continue;
    gpu::SoftStreamer& streamer = *program.guest->streamer;
    // A first load that is not inhibited finds what the registers hold.
    ASSERT_TRUE(streamer.Load(BenchGuest::DescriptorOf(0)));
    RunEnd end = RunEnd::kSlice;
    for (uint64_t i = 0; end == RunEnd::kSlice && i < 2 * Comparison::kMaxCommands; ++i) {
      end = streamer.Run({.yield = &yield});
      if (end != RunEnd::kSlice) break;
      streamer.Save();
      ASSERT_TRUE(streamer.Load(BenchGuest::DescriptorOf(0)));
    }
    EXPECT_EQ(program.comparison.Difference(end), "");
  }
}

INSTANTIATE_TEST_SUITE_P(Engines, StreamerAgainstModel,
                         testing::Values(hw::Engine::kRcs, hw::Engine::kBcs, hw::Engine::kVcs,
                                         hw::Engine::kVecs));

}  // namespace
}  // namespace gvt::model
