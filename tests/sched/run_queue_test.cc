// The policy in time that is counted: shares, caps, latencies, over seconds of it.
#include "sched/run_queue.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <memory>
#include <numeric>
#include <random>
#include <vector>

#include "tests/sched/counted_unit.h"

namespace gvt::sched {
namespace {

using gpu::RunEnd;
using sched_test::CountedUnit;

constexpr uint64_t kMs = 1'000'000;
constexpr uint64_t kSecond = 1'000 * kMs;

constexpr uint64_t kSeeds = 50;

using Random = std::mt19937_64;
uint32_t Below(Random& random, uint32_t limit) {
  return static_cast<uint32_t>(random() % limit);
}

// An engine that does nothing but pass time.
class Engine {
 public:
  CountedUnit& Add(const Share& share) {
    units_.push_back(std::make_unique<CountedUnit>());
    queue.Add(&units_.back()->execlist, share);
    return *units_.back();
  }
  // One decision; so much of the slice is used. False: nobody can run.
  bool Step(uint32_t percent = 100) {
    const auto turn = queue.Next(now);
    if (!turn) return false;
    const uint64_t used = std::max<uint64_t>(turn->slice_ns * percent / 100, 1);
    now += used;
    used_ns[turn->execlist] += used;
    queue.Ran(turn->execlist, now, used, true);
    return true;
  }
  // Time passes as on an engine's thread.
  void RunUntil(uint64_t end) {
    while (now < end) {
      if (!Step()) now = std::min(end, std::max(now + 1, queue.NextLook().value_or(end)));
    }
  }
  uint64_t UsedBy(const CountedUnit& unit) { return used_ns[&unit.execlist]; }
  double ShareOf(const CountedUnit& unit) {
    return static_cast<double>(UsedBy(unit)) / static_cast<double>(now);
  }

  RunQueue queue;
  uint64_t now = 1;
  std::map<const VirtualExeclist*, uint64_t> used_ns;

 private:
  std::vector<std::unique_ptr<CountedUnit>> units_;
};

TEST(RunQueue, SharesByWeight) {
  Engine engine;
  CountedUnit& heavy = engine.Add({.weight = 8});
  CountedUnit& middle = engine.Add({.weight = 4});
  CountedUnit& light = engine.Add({.weight = 2});
  for (CountedUnit* unit : {&heavy, &middle, &light}) unit->Submit();
  engine.RunUntil(kSecond);
  EXPECT_NEAR(engine.ShareOf(heavy), 8.0 / 14, 0.005);
  EXPECT_NEAR(engine.ShareOf(middle), 4.0 / 14, 0.005);
  EXPECT_NEAR(engine.ShareOf(light), 2.0 / 14, 0.005);
}

TEST(RunQueue, NobodyIsTwoPercentOffAfterASecond) {
  for (uint64_t seed = 0; seed < kSeeds; ++seed) {
    Random random(seed);
    Engine engine;
    std::vector<uint32_t> weights(2 + Below(random, 7));
    for (uint32_t& weight : weights) weight = 1 + Below(random, 64);
    std::vector<CountedUnit*> units;
    for (const uint32_t weight : weights) units.push_back(&engine.Add({.weight = weight}));
    for (CountedUnit* unit : units) unit->Submit();
    while (engine.now < kSecond) engine.Step(5 + Below(random, 96));
    const auto sum = static_cast<double>(std::accumulate(weights.begin(), weights.end(), 0u));
    for (size_t i = 0; i < units.size(); ++i) {
      ASSERT_NEAR(engine.ShareOf(*units[i]), weights[i] / sum, 0.02) << "seed " << seed;
    }
  }
}

// Whoever comes and goes: an engine that somebody wants and may have is never left idle, and nobody
// is ahead of another who wanted it all the time by more than two slices.
TEST(RunQueue, IsWorkConservingAndFairWhoeverComesAndGoes) {
  for (uint64_t seed = 0; seed < kSeeds; ++seed) {
    Random random(seed);
    Engine engine;
    CountedUnit& one = engine.Add({.weight = 3});
    CountedUnit& two = engine.Add({.weight = 5});
    one.Submit();
    two.Submit();
    std::array<CountedUnit*, 4> guests{};
    for (CountedUnit*& guest : guests) guest = &engine.Add({});
    for (int step = 0; step < 500; ++step) {
      CountedUnit& guest = *guests[Below(random, 4)];
      if (Below(random, 8) == 0) {
        if (guest.execlist.IsIdle()) {
          guest.Submit();
        } else {
          guest.Finish();
        }
      }
      ASSERT_TRUE(engine.Step(10 + Below(random, 90))) << "seed " << seed;
      const double lead =
          static_cast<double>(engine.UsedBy(one)) / 3 - static_cast<double>(engine.UsedBy(two)) / 5;
      ASSERT_LE(std::abs(lead), static_cast<double>(kSliceNs) * 2 / 3) << "seed " << seed;
    }
  }
}

TEST(RunQueue, AnIdleNeighbourCostsNothing) {
  Engine engine;
  CountedUnit& busy = engine.Add({});
  engine.Add({.weight = 1000, .latency_ns = 0});
  busy.Submit();
  engine.RunUntil(kSecond);
  EXPECT_GT(engine.ShareOf(busy), 0.999);
}

TEST(RunQueue, IdleTimeIsNotSavedUp) {
  Engine engine;
  CountedUnit& busy = engine.Add({});
  CountedUnit& late = engine.Add({});
  busy.Submit();
  engine.RunUntil(kSecond);
  late.Submit();
  engine.RunUntil(kSecond + 100 * kMs);
  EXPECT_NEAR(static_cast<double>(engine.UsedBy(late)), 50 * kMs, 2 * kSliceNs);
}

TEST(RunQueue, WaitingTimeIsNotSavedUp) {
  Engine engine;
  CountedUnit& busy = engine.Add({});
  CountedUnit& waiter = engine.Add({});
  busy.Submit();
  waiter.Submit();
  while (engine.now < kSecond) {
    const auto turn = engine.queue.Next(engine.now);
    const bool waits = turn->execlist == &waiter.execlist;
    engine.now += waits ? 1000 : turn->slice_ns;
    engine.queue.Ran(turn->execlist, engine.now, waits ? 1000 : turn->slice_ns, !waits);
  }
  engine.used_ns.clear();
  engine.RunUntil(kSecond + 100 * kMs);  // what it waited for has come
  EXPECT_NEAR(static_cast<double>(engine.UsedBy(waiter)), 50 * kMs, 2 * kSliceNs);
}

TEST(RunQueue, ACapHoldsOnAnIdleEngine) {
  for (const uint32_t percent : {1u, 30u, 99u}) {
    Engine engine;
    CountedUnit& capped = engine.Add({.cap_percent = percent});
    capped.Submit();
    engine.RunUntil(kSecond);
    EXPECT_NEAR(engine.ShareOf(capped), percent / 100.0, 0.02) << percent;
  }
}

TEST(RunQueue, WhatACapLeavesIsForOthers) {
  Engine engine;
  CountedUnit& capped = engine.Add({.weight = 64, .cap_percent = 25});
  CountedUnit& other = engine.Add({.weight = 1});
  capped.Submit();
  other.Submit();
  engine.RunUntil(kSecond);
  EXPECT_NEAR(engine.ShareOf(capped), 0.25, 0.02);
  EXPECT_NEAR(engine.ShareOf(other), 0.75, 0.02);
}

TEST(RunQueue, ADebtIsPaidHoweverDeep) {
  Engine engine;
  CountedUnit& capped = engine.Add({.cap_percent = 50});
  capped.Submit();
  const auto turn = engine.queue.Next(engine.now);
  ASSERT_TRUE(turn);
  EXPECT_LE(turn->slice_ns, kSliceNs);
  engine.now += kSecond;  // a slice that did not end in time
  engine.queue.Ran(turn->execlist, engine.now, kSecond, true);
  EXPECT_FALSE(engine.queue.Next(engine.now));
  const uint64_t at = engine.queue.NextLook().value_or(0);
  EXPECT_NEAR(static_cast<double>(at - engine.now), kSecond, 50 * kMs);
  EXPECT_TRUE(engine.queue.Next(at));
}

// Comes at any time, needs little.
TEST(RunQueue, WorkWithATargetIsBegunInTime) {
  for (uint64_t seed = 0; seed < kSeeds; ++seed) {
    Random random(seed);
    Engine engine;
    const uint64_t target = kMs / 2 + Below(random, 10 * kMs);
    for (int i = 0; i < 6; ++i) engine.Add({.weight = 64}).Submit();
    CountedUnit& eager = engine.Add({.weight = 1, .latency_ns = target});
    for (int round = 0; round < 5; ++round) {
      engine.RunUntil(engine.now + kSecond);  // its share of that is enough for what comes
      const uint64_t begin = engine.now;
      const auto turn = engine.queue.Next(begin);  // somebody is in a slice already
      ASSERT_TRUE(turn);
      const uint64_t submitted = begin + Below(random, static_cast<uint32_t>(turn->slice_ns));
      engine.now = begin + turn->slice_ns;
      engine.queue.Ran(turn->execlist, engine.now, turn->slice_ns, true);
      eager.Submit();
      const auto next = engine.queue.Next(engine.now);
      ASSERT_TRUE(next && next->execlist == &eager.execlist) << "seed " << seed;
      ASSERT_LE(engine.now, submitted + target) << "seed " << seed;
      engine.Step(1);
      eager.Finish();
    }
  }
}

TEST(RunQueue, ATargetDoesNotBuyMoreThanTheShare) {
  Engine engine;
  CountedUnit& eager = engine.Add({.weight = 2, .latency_ns = kMs});
  CountedUnit& other = engine.Add({.weight = 6});
  eager.Submit();
  other.Submit();
  engine.RunUntil(kSecond);
  EXPECT_NEAR(engine.ShareOf(eager), 0.25, 0.02);
}

TEST(RunQueue, SlicesAreShorterIfManyWantThem) {
  Engine engine;
  const auto slice_of = [&](int guests) {
    for (int i = 0; i < guests; ++i) engine.Add({}).Submit();
    return engine.queue.Next(engine.now)->slice_ns;
  };
  EXPECT_EQ(slice_of(1), kSliceNs);
  EXPECT_EQ(slice_of(5), kSliceNs);       // 6
  EXPECT_EQ(slice_of(6), kSliceNs / 2);   // 12
  EXPECT_EQ(slice_of(52), kSliceNs / 4);  // 64
  engine.RunUntil(kSecond);
  for (const auto& [execlist, used_ns] : engine.used_ns) {
    EXPECT_NEAR(static_cast<double>(used_ns), kSecond / 64.0, kSliceNs / 4.0);
  }
}

TEST(RunQueue, SaysWhetherOthersWait) {
  Engine engine;
  CountedUnit& one = engine.Add({});
  CountedUnit& other = engine.Add({});
  one.Submit();
  EXPECT_FALSE(engine.queue.Next(engine.now)->is_contended);
  other.Submit();
  EXPECT_TRUE(engine.queue.Next(engine.now)->is_contended);
}

TEST(RunQueue, PausesDoubleUntilSomethingIsSubmitted) {
  RunQueue queue;
  CountedUnit unit;
  uint64_t now = 1;
  queue.Add(&unit.execlist, {});
  unit.Submit();
  ASSERT_TRUE(queue.Next(now));
  unit.backend.ends = {RunEnd::kWaiting};
  unit.execlist.RunSlice(1000);
  uint64_t last = 0;
  for (int look = 0; look < 8; ++look) {
    queue.Ran(&unit.execlist, now, 100, false);
    EXPECT_FALSE(queue.Next(now));
    const uint64_t pause = *queue.NextLook() - now;
    EXPECT_GE(pause, last);
    EXPECT_LE(pause, RunQueue::kLongestPauseNs);
    last = pause;
    now += pause;
    ASSERT_TRUE(queue.Next(now));
  }
  queue.Ran(&unit.execlist, now, 100, false);
  unit.Submit();  // a lite restore
  EXPECT_TRUE(queue.Next(now));
}

TEST(FairTime, IsExactInTheLongRunWhateverTheWeight) {
  for (const uint32_t weight : {1u, 3u, 7u, 1000u, kMaxWeight}) {
    FairTime time;
    for (int i = 0; i < 100'000; ++i) time.Charge(997, weight);
    EXPECT_EQ(time.at(), uint64_t{997} * 100'000 * FairTime::kUnitsPerNs / weight);
  }
}

}  // namespace
}  // namespace gvt::sched
