// Engines shared by real processes: by weight, whoever is killed, stopped, or comes late.
#include "sched/shared_lease.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "sched/run_queue.h"

namespace gvt::sched {
namespace {

using namespace std::chrono_literals;

constexpr auto kEngine = hw::Engine::kRcs;
constexpr uint64_t kMs = 1'000'000;

uint64_t NowNs() {
  timespec now = {};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(now.tv_nsec);
}

// What children tell the test.
struct Board {
  std::atomic<uint64_t> used_ns[4] = {};
  std::atomic<uint64_t> turns[4] = {};
  std::atomic<uint32_t> holding{0};
};

class SharedLeaseTest : public testing::Test {
 protected:
  SharedLeaseTest()
      : path_(testing::TempDir() + "/lease." + std::to_string(getpid())),
        board_(new (mmap(nullptr, sizeof(Board), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
                         -1, 0)) Board) {
    std::remove(path_.c_str());
  }
  ~SharedLeaseTest() override {
    for (const pid_t child : children_) End(child);
    munmap(board_, sizeof(Board));
    std::remove(path_.c_str());
  }
  std::unique_ptr<SharedLease> Join() {
    auto lease = SharedLease::Join(path_);
    EXPECT_TRUE(lease);
    return lease ? std::move(lease).value() : nullptr;
  }
  // A process that does `work`, for ever if it likes.
  pid_t Start(const std::function<void(SharedLease&)>& work) {
    const pid_t child = fork();
    if (child != 0) {
      children_.push_back(child);
      return child;
    }
    auto lease = SharedLease::Join(path_);
    if (lease) work(**lease);
    _exit(0);
  }
  // Wants the engine all the time; its slices take 1 ms.
  pid_t StartBusy(size_t index, uint32_t weight) {
    return Start([this, index, weight](SharedLease& lease) {
      for (;;) {
        if (!lease.Acquire(kEngine, {.weight = weight}, 10 * kMs)) continue;
        const uint64_t begin = NowNs();
        std::this_thread::sleep_for(1ms);
        const uint64_t used = NowNs() - begin;
        lease.Release(kEngine, used, true);
        board_->used_ns[index] += used;
        ++board_->turns[index];
      }
    });
  }
  void End(pid_t child) {
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
    std::erase(children_, child);
  }
  // Until each of the first `count` had so many turns more. False: that took too long.
  bool WaitForTurns(size_t count, uint64_t turns) const {
    std::vector<uint64_t> before;
    for (size_t i = 0; i < count; ++i) before.push_back(board_->turns[i]);
    for (int i = 0; i < 20'000; ++i) {
      bool all = true;
      for (size_t k = 0; k < count; ++k) all = all && board_->turns[k] >= before[k] + turns;
      if (all) return true;
      std::this_thread::sleep_for(1ms);
    }
    return false;
  }

  const std::string path_;
  Board* const board_;
  std::vector<pid_t> children_;
};

TEST_F(SharedLeaseTest, ProcessesShareByWeight) {
  StartBusy(0, 8);
  StartBusy(1, 4);
  ASSERT_TRUE(WaitForTurns(2, 10));
  const uint64_t before[] = {board_->used_ns[0], board_->used_ns[1]};
  ASSERT_TRUE(WaitForTurns(2, 100));
  const auto heavy = static_cast<double>(board_->used_ns[0] - before[0]);
  const auto light = static_cast<double>(board_->used_ns[1] - before[1]);
  EXPECT_NEAR(heavy / (heavy + light), 2.0 / 3, 0.05);
}

TEST_F(SharedLeaseTest, AKilledHolderIsNoLoss) {
  const pid_t holder = Start([this](SharedLease& lease) {
    if (lease.Acquire(kEngine, {}, 1000 * kMs)) board_->holding.store(1);
    pause();
  });
  while (board_->holding.load() == 0) std::this_thread::sleep_for(1ms);
  StartBusy(0, 8);
  End(holder);
  EXPECT_TRUE(WaitForTurns(1, 5));
}

TEST_F(SharedLeaseTest, AStoppedProcessHoldsNobodyUp) {
  const pid_t sleeper = StartBusy(0, 1000);
  StartBusy(1, 1);
  ASSERT_TRUE(WaitForTurns(2, 1));
  kill(sleeper, SIGSTOP);
  const uint64_t begin = NowNs();
  const uint64_t before = board_->turns[1];
  while (board_->turns[1] < before + 20) std::this_thread::sleep_for(1ms);
  EXPECT_LT(NowNs() - begin, 5'000 * kMs);
  kill(sleeper, SIGCONT);
  EXPECT_TRUE(WaitForTurns(1, 5));
}

TEST_F(SharedLeaseTest, ManyAreKilledAtAnyTime) {
  for (int round = 0; round < 10; ++round) {
    const pid_t first = StartBusy(0, 8);
    StartBusy(1, 8);
    ASSERT_TRUE(WaitForTurns(2, 2));
    std::this_thread::sleep_for(std::chrono::microseconds(137 * round));
    End(first);
    ASSERT_TRUE(WaitForTurns(1, 0) && WaitForTurns(2, 0));
    const uint64_t before = board_->turns[1];
    for (int i = 0; i < 20'000 && board_->turns[1] < before + 3; ++i) {
      std::this_thread::sleep_for(1ms);
    }
    ASSERT_GE(board_->turns[1], before + 3);
    End(children_.back());
  }
}

TEST_F(SharedLeaseTest, PlacesOfTheDeadAreFreeAgain) {
  std::vector<std::unique_ptr<SharedLease>> all;
  for (uint32_t i = 0; i < kLeasePlaces; ++i) all.push_back(Join());
  const auto refused = SharedLease::Join(path_);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kNoSpace);
  all.pop_back();
  const pid_t child = Start([this](SharedLease&) {
    board_->holding.store(1);
    pause();
  });
  while (board_->holding.load() == 0) std::this_thread::sleep_for(1ms);
  EXPECT_FALSE(SharedLease::Join(path_));
  End(child);
  EXPECT_TRUE(SharedLease::Join(path_));
}

TEST_F(SharedLeaseTest, WhatWasHeldByAFormerOwnerOfAPlaceIsFree) {
  Join()->Acquire(kEngine, {}, 0);  // gone without a release
  const auto lease = Join();
  EXPECT_TRUE(lease->Acquire(kEngine, {}, 0));
}

TEST_F(SharedLeaseTest, HeldIsHeldUntilTheLimit) {
  const auto one = Join();
  const auto two = Join();
  uint64_t begin = NowNs();
  ASSERT_TRUE(one->Acquire(kEngine, {}, 0));
  const bool early = two->Acquire(kEngine, {}, kMs / 10).has_value();
  EXPECT_TRUE(!early || NowNs() - begin >= SharedLease::kHoldLimitNs);
  EXPECT_TRUE(two->Acquire(hw::Engine::kBcs, {}, 0)) << "another engine";
  const bool late = early || two->Acquire(kEngine, {}, 100 * SharedLease::kHoldLimitNs);
  EXPECT_TRUE(late);
  begin = NowNs();
  one->Release(kEngine, 1, false);  // too late: it is no longer its own
  const bool again = one->Acquire(kEngine, {}, 0).has_value();
  EXPECT_TRUE(!again || NowNs() - begin >= SharedLease::kHoldLimitNs / 2);
  two->Release(kEngine, 1, false);
}

TEST_F(SharedLeaseTest, ATargetShortensTheSlicesOfOthers) {
  const auto eager = Join();
  const auto other = Join();
  EXPECT_EQ(other->Acquire(kEngine, {}, 0), kSliceNs);
  other->Release(kEngine, 1, false);
  ASSERT_TRUE(eager->Acquire(kEngine, {.latency_ns = kMs}, 0));
  eager->Release(kEngine, 1, false);
  EXPECT_EQ(other->Acquire(kEngine, {}, 10 * SharedLease::kGraceNs), kMs / 2);
  other->Release(kEngine, 1, false);
}

TEST_F(SharedLeaseTest, ATurnIsNotGivenAwayBetweenTwoSlices) {
  const auto heavy = Join();
  const auto light = Join();
  ASSERT_TRUE(light->Acquire(kEngine, {.weight = 1}, 0));
  light->Release(kEngine, 50 * kMs, false);
  ASSERT_TRUE(heavy->Acquire(kEngine, {.weight = 8}, 10 * SharedLease::kGraceNs));
  const uint64_t begin = NowNs();
  heavy->Release(kEngine, kMs, true);
  const bool is_given = light->Acquire(kEngine, {.weight = 1}, 0).has_value();
  EXPECT_TRUE(!is_given || NowNs() - begin >= SharedLease::kGraceNs);
}

TEST_F(SharedLeaseTest, AlienFilesAreRefused) {
  std::ofstream(path_) << "something else";
  const auto small = SharedLease::Join(path_);
  ASSERT_FALSE(small);
  EXPECT_EQ(small.error().code, ErrorCode::kInvalidArgument);
  std::ofstream(path_) << std::string(sizeof(LeaseTable), 'x');
  const auto same_size = SharedLease::Join(path_);
  ASSERT_FALSE(same_size);
  EXPECT_EQ(same_size.error().code, ErrorCode::kInvalidArgument);
  const auto nowhere = SharedLease::Join(path_ + "/none");
  ASSERT_FALSE(nowhere);
  EXPECT_EQ(nowhere.error().code, ErrorCode::kNotFound);
}

}  // namespace
}  // namespace gvt::sched
