#include "base/optional_mutex.h"

#include <gtest/gtest.h>

#include <mutex>
#include <thread>
#include <vector>

namespace gvt {
namespace {

TEST(OptionalMutex, KeepsManyThreadsApart) {
  OptionalMutex mutex(Threads::kMany);
  uint64_t count = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([&] {
      for (int step = 0; step < 10000; ++step) {
        const std::lock_guard lock(mutex);
        ++count;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(count, 30000u);
}

TEST(OptionalMutex, IsLockedAgainAndAgainByTheOnlyThread) {
  OptionalMutex mutex(Threads::kOne);
  for (int step = 0; step < 3; ++step) const std::lock_guard lock(mutex);
  SUCCEED();
}

TEST(OptionalMutexDeathTest, IsNotLockedInsideItself) {
  OptionalMutex mutex(Threads::kOne);
  mutex.lock();
  EXPECT_DEATH(mutex.lock(), "no callback of a host's calls the core");
  mutex.unlock();
}

}  // namespace
}  // namespace gvt
