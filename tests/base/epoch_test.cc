#include "base/epoch.h"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

namespace gvt {
namespace {

TEST(Epoch, NothingIsHeldByReadersThatAreNotPinned) {
  EpochDomain domain;
  const EpochReader reader(domain);
  const uint64_t tag = domain.Retire();
  EXPECT_FALSE(reader.is_pinned());
  EXPECT_LT(tag, domain.Oldest());
}

TEST(Epoch, APinHoldsWhatIsRetiredAfterItUntilItIsRenewed) {
  EpochDomain domain;
  EpochReader reader(domain);
  const uint64_t before = domain.Retire();
  reader.Pin();
  EXPECT_TRUE(reader.is_pinned());
  EXPECT_LT(before, domain.Oldest());
  const uint64_t tag = domain.Retire();
  EXPECT_GE(tag, domain.Oldest());
  reader.Pin();
  EXPECT_LT(tag, domain.Oldest());
  const uint64_t next = domain.Retire();
  EXPECT_GE(next, domain.Oldest());
  reader.Unpin();
  EXPECT_LT(next, domain.Oldest());
}

TEST(Epoch, TheOldestPinCounts) {
  EpochDomain domain;
  EpochReader first(domain);
  EpochReader second(domain);
  first.Pin();
  const uint64_t tag = domain.Retire();
  second.Pin();
  EXPECT_GE(tag, domain.Oldest());
  first.Unpin();
  EXPECT_LT(tag, domain.Oldest());
}

TEST(Epoch, PlacesOfReadersAreUsedAgain) {
  EpochDomain domain;
  for (size_t i = 0; i < 3 * EpochDomain::kMaxReaders; ++i) {
    EpochReader reader(domain);
    reader.Pin();
  }
  EXPECT_LT(domain.Retire(), domain.Oldest());
}

// A box is filled with a number, published, replaced, and emptied when its tag has passed: no
// reader may ever find it empty.
TEST(Epoch, ReadersNeverSeeWhatWasReused) {
  struct Box {
    std::atomic<uint64_t> content{0};
  };
  constexpr int kRounds = 2000;
  EpochDomain domain;
  std::vector<std::unique_ptr<Box>> boxes;
  for (int i = 0; i < 8; ++i) boxes.push_back(std::make_unique<Box>());
  boxes[0]->content.store(1);
  std::atomic<Box*> published{boxes[0].get()};
  std::atomic<bool> stop{false};
  std::atomic<uint64_t> empty{0};
  std::vector<std::thread> readers;
  for (int i = 0; i < 2; ++i) {
    readers.emplace_back([&] {
      EpochReader reader(domain);
      while (!stop.load(std::memory_order_relaxed)) {
        reader.Pin();
        const Box* box = published.load(std::memory_order_seq_cst);
        if (box->content.load(std::memory_order_relaxed) == 0) empty.fetch_add(1);
        reader.Unpin();
      }
    });
  }
  std::vector<std::pair<uint64_t, Box*>> limbo;
  std::vector<Box*> free;
  for (size_t i = 1; i < boxes.size(); ++i) free.push_back(boxes[i].get());
  for (int round = 0; round < kRounds; ++round) {
    if (free.empty()) {
      const uint64_t oldest = domain.Oldest();
      std::erase_if(limbo, [&](const auto& item) {
        if (item.first >= oldest) return false;
        item.second->content.store(0, std::memory_order_relaxed);
        free.push_back(item.second);
        return true;
      });
      std::this_thread::yield();
      continue;
    }
    Box* next = free.back();
    free.pop_back();
    next->content.store(1, std::memory_order_relaxed);
    Box* former = published.exchange(next, std::memory_order_seq_cst);
    limbo.emplace_back(domain.Retire(), former);
  }
  stop.store(true);
  for (std::thread& thread : readers) thread.join();
  EXPECT_EQ(empty.load(), 0u);
}

}  // namespace
}  // namespace gvt
