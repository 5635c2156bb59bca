// Seeds: GVT_SIM_SEED=N runs one of them, GVT_TEST_SCALE more of them.
#include <gtest/gtest.h>

#include <array>
#include <cstdlib>
#include <memory>
#include <string>

#include "tests/core/bench.h"
#include "tests/oracle/test_scale.h"
#include "tests/sim/sim_clock.h"
#include "tests/sim/sim_world.h"

namespace gvt::sim {
namespace {

constexpr uint64_t kSeeds = 2000;

TEST(Sim, SeedsHold) {
  if (const char* seed = std::getenv("GVT_SIM_SEED")) {
    EXPECT_EQ(RunSeed(std::strtoull(seed, nullptr, 10)).failure, "");
    return;
  }
  uint64_t requests = 0;
  for (uint64_t seed = 1; seed <= kSeeds * oracle::TestScale(); ++seed) {
    const SimResult result = RunSeed(seed);
    requests += result.requests;
    ASSERT_EQ(result.failure, "") << "again: GVT_SIM_SEED=" << seed;
  }
  EXPECT_GT(requests, 20 * kSeeds);
}

TEST(Sim, TheSameSeedDoesTheSameAgain) {
  uint64_t other = 0;
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    const uint64_t digest = RunSeed(seed).digest;
    EXPECT_EQ(RunSeed(seed).digest, digest) << seed;
    EXPECT_NE(digest, other);
    other = digest;
  }
}

// Guests on one engine for some virtual time.
class Shares : public testing::Test {
 protected:
  static constexpr uint64_t kSecond = 1'000'000'000;

  Shares() : clock_(50'000) {
    gvtcore_config_t config = {};
    config.flags = GVTCORE_STEPPED;
    config.now_ns = &SimClock::Look;
    config.clock = &clock_;
    host_ = std::move(hostif::embedded::Host::Create(plan_, config)).value();
  }
  std::unique_ptr<core_test::Bench> Boot(uint32_t weight, uint32_t cap_percent = 0) {
    hostif::embedded::MachineOptions options;
    options.memory_bytes = uint64_t{4} << 20;
    options.vgpu.weight = weight;
    options.vgpu.cap_percent = cap_percent;
    return std::make_unique<core_test::Bench>(*host_, options);
  }
  // A batch that stores for ever.
  static void Spin(core_test::Bench& bench) {
    core_test::Job job = bench.MakeJob(hw::Engine::kBcs);
    bench.Batch(job, core_test::Program({core_test::StoreDword(core_test::kData, 1),
                                         core_test::BatchStart(core_test::kBatch)}));
    bench.Request(job, 1);
    ASSERT_TRUE(bench.driver->Submit(job.context));
  }
  // Busy time of each over a second.
  template <typename... Benches>
  std::array<double, sizeof...(Benches)> Run(const Benches&... benches) {
    const uint64_t end = clock_.now_ns() + kSecond;
    while (clock_.now_ns() < end) {
      gvtcore_step(host_->core(), static_cast<uint32_t>(hw::Engine::kBcs));
    }
    return {BusyOf(*benches)...};
  }
  static double BusyOf(const core_test::Bench& bench) {
    gvtcore_vgpu_statistics_t statistics = {};
    statistics.size = sizeof statistics;
    gvtcore_vgpu_statistics(bench.machine->vgpu(), &statistics);
    return static_cast<double>(statistics.engine_busy_ns[1]);
  }

  SimClock clock_;
  hostif::embedded::FaultPlan plan_;
  std::unique_ptr<hostif::embedded::Host> host_;
};

TEST_F(Shares, FollowWeightsWithinTwoPercent) {
  const auto heavy = Boot(8);
  const auto middle = Boot(4);
  const auto light = Boot(2);
  for (const auto* bench : {&heavy, &middle, &light}) Spin(**bench);
  const auto [a, b, c] = Run(heavy, middle, light);
  const double sum = a + b + c;
  EXPECT_NEAR(a / sum, 8.0 / 14, 0.02);
  EXPECT_NEAR(b / sum, 4.0 / 14, 0.02);
  EXPECT_NEAR(c / sum, 2.0 / 14, 0.02);
}

TEST_F(Shares, AnIdleNeighbourCostsLessThanOnePercent) {
  const auto alone = Boot(8);
  Spin(*alone);
  const auto [before] = Run(alone);
  const auto neighbour = Boot(64);
  const auto [after] = Run(alone);
  EXPECT_GT((after - before) / before, 0.99);
}

TEST_F(Shares, ACapLeavesTheRestIdle) {
  const auto capped = Boot(8, 30);
  Spin(*capped);
  const auto [busy] = Run(capped);
  EXPECT_NEAR(busy / kSecond, 0.30, 0.03);
}

}  // namespace
}  // namespace gvt::sim
