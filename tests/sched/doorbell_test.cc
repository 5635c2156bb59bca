#include "sched/doorbell.h"

#include <gtest/gtest.h>

#include <chrono>
#include <thread>
#include <vector>

namespace gvt::sched {
namespace {

uint64_t NowNs() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return static_cast<uint64_t>(std::chrono::nanoseconds(now).count());
}

TEST(Doorbell, ThatRangBeforeIsNotSleptOn) {
  Doorbell bell;
  bell.Ring();
  bell.Ring();
  bell.Sleep(std::nullopt);
  bell.Sleep(std::nullopt);  // it still rings
}

TEST(Doorbell, LetsSleepUntilItsTimeOnceItWasAnswered) {
  constexpr uint64_t kNap = 5'000'000;
  Doorbell bell;
  bell.Ring();
  bell.Answer();
  const uint64_t begin = NowNs();
  bell.Sleep(begin + kNap);
  EXPECT_GE(NowNs() - begin, kNap);
  bell.Sleep(begin);  // long ago
}

// What is wanted is published first and rung for then; the sleeper has to see the last of it.
TEST(Doorbell, LosesNoRing) {
  constexpr uint32_t kEach = 800;
  constexpr uint32_t kRingers = 3;
  Doorbell bell;
  std::atomic<uint32_t> wanted{0};
  std::atomic<uint32_t> seen{0};
  std::jthread sleeper([&] {
    while (seen.load() < kRingers * kEach) {
      bell.Answer();
      const uint32_t now = wanted.load(std::memory_order_relaxed);
      if (now != seen.load()) {
        seen.store(now);
      } else if (now % 2 == 0) {
        bell.Sleep(std::nullopt);
      } else {
        bell.Sleep(NowNs() + 20'000);
      }
    }
  });
  std::vector<std::jthread> ringers;
  for (uint32_t i = 0; i < kRingers; ++i) {
    ringers.emplace_back([&] {
      for (uint32_t n = 0; n < kEach; ++n) {
        wanted.fetch_add(1, std::memory_order_relaxed);
        bell.Ring();
        if (n % 16 == 0) std::this_thread::yield();
      }
    });
  }
  sleeper.join();
  EXPECT_EQ(seen.load(), kRingers * kEach);
}

}  // namespace
}  // namespace gvt::sched
