// Leases against a naive count of who holds what, and a host that knows what it lends.
#include "shadow/page_leases.h"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <map>
#include <random>
#include <thread>
#include <vector>

#include "tests/oracle/test_scale.h"

namespace gvt::shadow {
namespace {

constexpr Range kFrames{1000, 1064};

// Lends the frames with some arithmetic, and counts.
class FakeMapper final : public PageMapper {
 public:
  Result<uint64_t> Map(Gfn frame) override {
    if (refused != 0 && frame.value == refused) return Error{ErrorCode::kIo};
    if (lent[frame.value]++ != 0) ++wrong;
    ++calls;
    return DeviceFrame(frame.value);
  }
  void Unmap(Gfn frame, uint64_t device_frame) override {
    if (--lent[frame.value] != 0 || device_frame != DeviceFrame(frame.value)) ++wrong;
  }
  static uint64_t DeviceFrame(uint64_t frame) { return frame * 31 + 7; }

  std::map<uint64_t, int> lent;
  uint64_t refused = 0;
  int wrong = 0;
  int calls = 0;
};

class PageLeasesTest : public testing::Test {
 protected:
  int Lent() const {
    int count = 0;
    for (const auto& [frame, times] : mapper_.lent) count += times;
    return count;
  }

  FakeMapper mapper_;
  EpochDomain epochs_;
  LeaseBudget budget_{16};
};

TEST_F(PageLeasesTest, TheHostIsAskedOnceHoweverManyHold) {
  PageLeases leases(kFrames, mapper_, epochs_, budget_);
  EXPECT_TRUE(leases.Has(Gfn(1063)));
  EXPECT_FALSE(leases.Has(Gfn(1064)));
  EXPECT_FALSE(leases.Has(Gfn(999)));
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(leases.Acquire(Gfn(1001)), FakeMapper::DeviceFrame(1001));
  }
  EXPECT_EQ(mapper_.calls, 1);
  for (int i = 0; i < 2; ++i) leases.Release(Gfn(1001));
  EXPECT_EQ(leases.Trim(64), 0u);
  leases.Release(Gfn(1001));
  EXPECT_EQ(leases.Trim(64), 1u);
  EXPECT_EQ(Lent(), 0);
}

TEST_F(PageLeasesTest, EnginesThatMayUseAPageKeepItLent) {
  PageLeases leases(kFrames, mapper_, epochs_, budget_);
  EpochReader engine(epochs_);
  engine.Pin();
  leases.Acquire(Gfn(1001));
  leases.Release(Gfn(1001));
  EXPECT_EQ(leases.Trim(64), 0u);
  EXPECT_EQ(Lent(), 1);
  engine.Pin();  // a consistency point
  EXPECT_EQ(leases.Trim(64), 1u);
  EXPECT_EQ(Lent(), 0);
}

TEST_F(PageLeasesTest, WhatWaitsForEnginesIsLentAgainWithoutTheHost) {
  PageLeases leases(kFrames, mapper_, epochs_, budget_);
  EpochReader engine(epochs_);
  engine.Pin();
  leases.Acquire(Gfn(1001));
  leases.Release(Gfn(1001));
  leases.Trim(64);
  EXPECT_EQ(leases.Acquire(Gfn(1001)), FakeMapper::DeviceFrame(1001));
  EXPECT_EQ(mapper_.calls, 1);
  engine.Unpin();
  EXPECT_EQ(leases.Trim(64), 0u);
  leases.Release(Gfn(1001));
}

TEST_F(PageLeasesTest, TheBudgetAndTheHostMayRefuse) {
  PageLeases leases(kFrames, mapper_, epochs_, budget_);
  mapper_.refused = 1040;
  EXPECT_EQ(leases.Acquire(Gfn(1040)), PageLeases::kNotLent);
  EXPECT_EQ(budget_.left(), 16u);
  std::vector<uint64_t> frames;
  for (uint64_t i = 0; i < 20; ++i) frames.push_back(1000 + i);
  std::vector<uint64_t> device_frames(frames.size());
  EXPECT_EQ(leases.AcquireAll(frames, device_frames), 16u);
  EXPECT_EQ(device_frames[15], FakeMapper::DeviceFrame(1015));
  EXPECT_EQ(device_frames[16], PageLeases::kNotLent);
  leases.Release(Gfn(1003));
  leases.Trim(64);
  EXPECT_EQ(leases.Acquire(Gfn(1016)), FakeMapper::DeviceFrame(1016));
}

TEST_F(PageLeasesTest, EverythingIsGivenBackInTheEnd) {
  {
    PageLeases leases(kFrames, mapper_, epochs_, budget_);
    for (uint64_t i = 0; i < 8; ++i) leases.Acquire(Gfn(1000 + i));
    leases.Release(Gfn(1000));
    leases.Trim(1);
  }
  EXPECT_EQ(Lent(), 0);
  EXPECT_EQ(mapper_.wrong, 0);
  EXPECT_EQ(budget_.left(), 16u);
}

TEST_F(PageLeasesTest, AgreesWithANaiveCount) {
  std::mt19937 random(5);
  PageLeases leases(kFrames, mapper_, epochs_, budget_);
  EpochReader engine(epochs_);
  std::map<uint64_t, int> held;
  for (unsigned step = 0; step < 50000 * oracle::TestScale(); ++step) {
    const uint64_t frame = kFrames.begin + random() % kFrames.size();
    switch (random() % 8) {
      case 0: leases.Trim(random() % 100); break;
      case 1: engine.Pin(); break;
      case 2: engine.Unpin(); break;
      case 3:
      case 4:
        if (leases.Acquire(Gfn(frame)) != PageLeases::kNotLent) ++held[frame];
        break;
      default:
        if (held[frame] == 0) break;
        leases.Release(Gfn(frame));
        --held[frame];
    }
    for (const auto& [each, count] : held) ASSERT_TRUE(count == 0 || mapper_.lent[each] == 1);
    ASSERT_EQ(static_cast<uint64_t>(Lent()), 16 - budget_.left());
  }
  EXPECT_EQ(mapper_.wrong, 0);
}

// Pages are acquired, used and released while another thread takes back whatever nobody holds: a
// page that is held is never given back.
TEST_F(PageLeasesTest, HoldersAndTheTrimmerDoNotDisturbEachOther) {
  struct CountingMapper final : PageMapper {
    Result<uint64_t> Map(Gfn frame) override {
      lent[frame.value - kFrames.begin].store(1);
      return frame.value;
    }
    void Unmap(Gfn frame, uint64_t) override { lent[frame.value - kFrames.begin].store(0); }
    std::array<std::atomic<int>, kFrames.size()> lent{};
  };
  CountingMapper mapper;
  PageLeases leases(kFrames, mapper, epochs_, budget_);
  std::atomic<int> done{0};
  std::atomic<int> wrong{0};
  std::vector<std::thread> users;
  for (unsigned id = 0; id < 3; ++id) {
    users.emplace_back([&, id] {
      std::mt19937 random(id);
      for (unsigned round = 0; round < 20000 * oracle::TestScale(); ++round) {
        const uint64_t frame = kFrames.begin + random() % kFrames.size();
        if (leases.Acquire(Gfn(frame)) == PageLeases::kNotLent) continue;
        if (mapper.lent[frame - kFrames.begin].load() != 1) wrong.fetch_add(1);
        leases.Release(Gfn(frame));
      }
      done.fetch_add(1);
    });
  }
  while (done.load() != 3) leases.Trim(16);
  for (std::thread& user : users) user.join();
  EXPECT_EQ(wrong.load(), 0);
}

}  // namespace
}  // namespace gvt::shadow
