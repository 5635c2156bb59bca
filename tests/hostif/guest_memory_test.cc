#include "hostif/guest_memory.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>
#include <map>
#include <random>
#include <thread>
#include <vector>

namespace gvt::hostif {
namespace {

constexpr uint64_t kPages = 64;

// Private pages of this process, protected when the test "unmaps" them.
class Pages {
 public:
  Pages() {
    void* at = mmap(nullptr, kPages * kPageSize, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    EXPECT_NE(at, MAP_FAILED);
    bytes_ = static_cast<std::byte*>(at);
  }
  ~Pages() { munmap(bytes_, kPages * kPageSize); }
  Pages(const Pages&) = delete;
  Pages& operator=(const Pages&) = delete;
  std::byte* Page(uint64_t index) { return bytes_ + index * kPageSize; }

 private:
  std::byte* bytes_ = nullptr;
};

TEST(GuestMemory, RefusesWhatIsNotWholePages) {
  GuestMemory memory;
  Pages pages;
  EXPECT_EQ(memory.Add(Gpa(1), kPageSize, pages.Page(0), false).error().code,
            ErrorCode::kInvalidArgument);
  EXPECT_EQ(memory.Add(Gpa(0), 100, pages.Page(0), false).error().code,
            ErrorCode::kInvalidArgument);
  EXPECT_EQ(memory.Add(Gpa(0), 0, pages.Page(0), false).error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(memory.Add(Gpa(0), kPageSize, pages.Page(0) + 8, false).error().code,
            ErrorCode::kInvalidArgument);
  EXPECT_EQ(memory.Add(Gpa(~kPageOffsetMask), 2 * kPageSize, pages.Page(0), false).error().code,
            ErrorCode::kInvalidArgument);
  EXPECT_EQ(memory.Remove(Gpa(0), 1).error().code, ErrorCode::kInvalidArgument);
}

TEST(GuestMemory, RefusesOverlaps) {
  GuestMemory memory;
  Pages pages;
  ASSERT_TRUE(memory.Add(Gpa(0x4000), 4 * kPageSize, pages.Page(0), false));
  for (const uint64_t start : {0x3000u, 0x4000u, 0x5000u, 0x7000u}) {
    EXPECT_EQ(memory.Add(Gpa(start), 2 * kPageSize, pages.Page(8), false).error().code,
              ErrorCode::kBusy);
  }
  EXPECT_TRUE(memory.Add(Gpa(0x2000), 2 * kPageSize, pages.Page(8), false));
  EXPECT_TRUE(memory.Add(Gpa(0x8000), 2 * kPageSize, pages.Page(10), false));
}

TEST(GuestMemory, CopiesAcrossSlots) {
  GuestMemory memory;
  Pages pages;
  ASSERT_TRUE(memory.Add(Gpa(0), kPageSize, pages.Page(5), false));
  ASSERT_TRUE(memory.Add(Gpa(kPageSize), kPageSize, pages.Page(2), false));
  const uint64_t value = 0x0123456789abcdef;
  EXPECT_TRUE(memory.Write(Gpa(kPageSize - 4), std::as_bytes(std::span(&value, 1))));
  uint64_t back = 0;
  EXPECT_TRUE(memory.Read(Gpa(kPageSize - 4), std::as_writable_bytes(std::span(&back, 1))));
  EXPECT_EQ(back, value);
  uint32_t high = 0;
  std::memcpy(&high, pages.Page(2), sizeof high);
  EXPECT_EQ(high, 0x01234567u);
  EXPECT_FALSE(memory.Write(Gpa(2 * kPageSize - 4), std::as_bytes(std::span(&value, 1))));
}

TEST(GuestMemory, WritesPiecesOfAPage) {
  GuestMemory memory;
  Pages pages;
  ASSERT_TRUE(memory.Add(Gpa(0x4000), kPageSize, pages.Page(3), false));
  ASSERT_TRUE(memory.Add(Gpa(0x5000), kPageSize, pages.Page(4), true));
  const std::array<uint32_t, 5> data{1, 2, 3, 4, 5};
  const auto bytes = std::as_bytes(std::span(data));
  const std::array<PagePiece, 3> pieces{
      {{0x40, bytes.first(8)}, {0x7c, bytes.subspan(8, 4)}, {0xfec, bytes}}};
  EXPECT_TRUE(memory.WriteInPage(Gpa(0x4000), pieces));
  std::array<uint32_t, kPageSize / 4> wanted{};
  wanted[0x40 / 4] = 1;
  wanted[0x44 / 4] = 2;
  wanted[0x7c / 4] = 3;
  std::copy(data.begin(), data.end(), wanted.end() - 5);
  EXPECT_EQ(std::memcmp(pages.Page(3), wanted.data(), kPageSize), 0);
  EXPECT_FALSE(memory.WriteInPage(Gpa(0x5000), pieces));
  EXPECT_FALSE(memory.WriteInPage(Gpa(0x6000), pieces));
}

TEST(GuestMemory, SingleAccessesWantTheirNaturalAlignment) {
  GuestMemory memory;
  Pages pages;
  ASSERT_TRUE(memory.Add(Gpa(0), kPageSize, pages.Page(0), false));
  uint32_t value32 = 0;
  uint64_t value64 = 0;
  EXPECT_TRUE(memory.Store64(Gpa(8), 0x1122334455667788));
  EXPECT_TRUE(memory.Load32(Gpa(12), &value32));
  EXPECT_EQ(value32, 0x11223344u);
  EXPECT_FALSE(memory.Load32(Gpa(2), &value32));
  EXPECT_FALSE(memory.Load64(Gpa(4), &value64));
  EXPECT_FALSE(memory.Store32(Gpa(kPageSize), 1));
  EXPECT_TRUE(memory.CompareExchange32(Gpa(12), &value32, 5));
  EXPECT_TRUE(memory.Load64(Gpa(8), &value64));
  EXPECT_EQ(value64, 0x0000000555667788u);
}

TEST(GuestMemory, ReadOnlySlotsAreReadAndNotWritten) {
  GuestMemory memory;
  Pages pages;
  ASSERT_TRUE(memory.Add(Gpa(0), kPageSize, pages.Page(0), true));
  uint32_t value = 1;
  EXPECT_TRUE(memory.Load32(Gpa(0), &value));
  EXPECT_EQ(value, 0u);
  EXPECT_FALSE(memory.Store32(Gpa(0), 1));
  EXPECT_FALSE(memory.Write(Gpa(0), std::as_bytes(std::span(&value, 1))));
  EXPECT_FALSE(memory.CompareExchange32(Gpa(0), &value, 1));
}

TEST(GuestMemory, RemoveCutsHolesAndAdvancesTheGeneration) {
  GuestMemory memory;
  Pages pages;
  ASSERT_TRUE(memory.Add(Gpa(0), 8 * kPageSize, pages.Page(0), false));
  const uint64_t before = memory.generation();
  ASSERT_TRUE(memory.Remove(Gpa(2 * kPageSize), 3 * kPageSize));
  EXPECT_GT(memory.generation(), before);
  for (uint64_t page = 0; page < 10; ++page) {
    EXPECT_EQ(memory.Contains(Gfn(page)), page < 8 && (page < 2 || page >= 5)) << page;
  }
  std::memset(pages.Page(5), 0x5a, kPageSize);
  uint32_t value = 0;
  EXPECT_TRUE(memory.Load32(Gpa(5 * kPageSize), &value));
  EXPECT_EQ(value, 0x5a5a5a5au);
  EXPECT_TRUE(memory.Remove(Gpa(0), uint64_t{1} << 40));
  EXPECT_FALSE(memory.Contains(Gfn(0)));
}

TEST(GuestMemory, MovesWhatIsThereAndNothingElse) {
  GuestMemory memory;
  Pages pages;
  ASSERT_TRUE(memory.Add(Gpa(0), 4 * kPageSize, pages.Page(0), false));
  ASSERT_TRUE(memory.Add(Gpa(4 * kPageSize), kPageSize, pages.Page(8), true));
  for (const uint64_t page : {uint64_t{16}, uint64_t{17}, uint64_t{18}})
    *pages.Page(page) = static_cast<std::byte>(page);
  const uint64_t generation = memory.generation();
  ASSERT_TRUE(memory.Move(Gpa(2 * kPageSize), 3 * kPageSize, pages.Page(16)));
  EXPECT_NE(memory.generation(), generation);
  std::byte seen{};
  for (const auto& [at, wanted] : {std::pair<uint64_t, int>{1, 0}, {2, 16}, {3, 17}, {4, 18}}) {
    ASSERT_TRUE(memory.Read(Gpa(at * kPageSize), {&seen, 1}));
    EXPECT_EQ(seen, static_cast<std::byte>(wanted)) << at;
  }
  EXPECT_TRUE(memory.Write(Gpa(3 * kPageSize), {&seen, 1}));
  EXPECT_FALSE(memory.Write(Gpa(4 * kPageSize), {&seen, 1}));  // as read-only as it was
  EXPECT_EQ(memory.Move(Gpa(4 * kPageSize), 2 * kPageSize, pages.Page(0)).error().code,
            ErrorCode::kNotFound);
  EXPECT_EQ(memory.Move(Gpa(0), 0, pages.Page(0)).error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(memory.Move(Gpa(0), kPageSize, pages.Page(0) + 1).error().code,
            ErrorCode::kInvalidArgument);
}

TEST(GuestMemory, HoldsAtMostItsNumberOfSlots) {
  GuestMemory memory;
  Pages pages;
  for (uint64_t i = 0; i < kMaxSlots; ++i) {
    ASSERT_TRUE(memory.Add(Gpa(2 * i * kPageSize), kPageSize, pages.Page(0), false)) << i;
  }
  EXPECT_EQ(memory.Add(Gpa(0x100000000), kPageSize, pages.Page(0), false).error().code,
            ErrorCode::kNoSpace);
}

TEST(GuestMemory, PiecesThatFitTogetherTakeOneSlot) {
  GuestMemory memory;
  Pages pages;
  for (uint64_t round = 0; round < kMaxSlots; ++round) {
    for (uint64_t page = 0; page < kPages; ++page) {
      ASSERT_TRUE(memory.Add(Gpa(page << 12), kPageSize, pages.Page(page), false));
      if (round != 0) break;
    }
    ASSERT_TRUE(memory.Remove(Gpa(0), kPageSize));
  }
}

// Against a map of single pages that is too simple to be wrong.
TEST(GuestMemory, AgreesWithAMapOfPagesOnRandomChanges) {
  GuestMemory memory;
  Pages pages;
  std::map<uint64_t, std::byte*> naive;
  std::mt19937 random(7);
  for (int step = 0; step < 3000; ++step) {
    const uint64_t first = random() % kPages;
    const uint64_t count = 1 + random() % (kPages - first);
    if (random() % 2 == 0) {
      const uint64_t shift = random() % 3 == 0 ? 0 : first;
      const uint64_t length = std::min(count, uint64_t{6});
      const bool free = naive.lower_bound(first) == naive.lower_bound(first + length);
      std::byte* host = pages.Page(shift);
      ASSERT_EQ(memory.Add(Gpa(first << 12), length << 12, host, false).has_value(), free);
      for (uint64_t i = 0; free && i < length; ++i) naive[first + i] = host + (i << 12);
    } else {
      ASSERT_TRUE(memory.Remove(Gpa(first << 12), count << 12));
      naive.erase(naive.lower_bound(first), naive.lower_bound(first + count));
    }
    const uint64_t probe = random() % kPages;
    ASSERT_EQ(memory.Contains(Gfn(probe)), naive.contains(probe));
    if (!naive.contains(probe)) continue;
    const auto value = static_cast<uint32_t>(random());
    ASSERT_TRUE(memory.Store32(Gpa(probe << 12), value));
    uint32_t held = 0;
    std::memcpy(&held, naive[probe], sizeof held);
    ASSERT_EQ(held, value);
  }
}

// Pages are removed, unmapped for good and given back while four threads use them. A thread that
// still used a page after Remove() returned would fault on it, which the copies answer with false
// for a page that the map says is there.
TEST(GuestMemory, RemoveReturnsWhenNoReaderIsLeft) {
  GuestMemory memory;
  Pages pages;
  ASSERT_TRUE(memory.Add(Gpa(0), kPages * kPageSize, pages.Page(0), false));
  std::atomic<bool> stop{false};
  std::vector<std::thread> readers;
  for (unsigned id = 0; id < 4; ++id) {
    readers.emplace_back([&, id] {
      std::mt19937 random(id);
      std::vector<std::byte> buffer(3 * kPageSize);
      while (!stop.load()) {
        const uint64_t at = random() % (kPages * kPageSize) & ~uint64_t{7};
        memory.Read(Gpa(at), buffer);
        memory.Store64(Gpa(at), at);
        memory.Write(Gpa(at), std::span(buffer).first(64));
      }
    });
  }
  std::mt19937 random(99);
  for (int round = 0; round < 300; ++round) {
    const uint64_t page = random() % kPages;
    ASSERT_TRUE(memory.Remove(Gpa(page << 12), kPageSize));
    // Nobody writes here now: what we put stays.
    std::memset(pages.Page(page), 0x77, kPageSize);
    for (size_t i = 0; i < kPageSize; i += 512) ASSERT_EQ(pages.Page(page)[i], std::byte{0x77});
    ASSERT_TRUE(memory.Add(Gpa(page << 12), kPageSize, pages.Page(page), false));
  }
  stop.store(true);
  for (std::thread& reader : readers) reader.join();
}

// A client may cut the file behind a slot off and make it long again, at any moment.
TEST(GuestMemory, TheFileOfASlotMayShrinkWhileItIsUsed) {
  const int file = memfd_create("guest", 0);
  ASSERT_GE(file, 0);
  constexpr size_t kBytes = 4 * kPageSize;
  ASSERT_EQ(ftruncate(file, kBytes), 0);
  void* mapped = mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  ASSERT_NE(mapped, MAP_FAILED);
  GuestMemory memory;
  ASSERT_TRUE(memory.Add(Gpa(0), kBytes, mapped, false));
  std::atomic<bool> stop{false};
  std::vector<std::thread> users;
  for (unsigned id = 0; id < 2; ++id) {
    users.emplace_back([&] {
      std::vector<std::byte> buffer(kBytes);
      while (!stop.load()) {
        uint64_t value = 0;
        memory.Read(Gpa(0), buffer);
        memory.Write(Gpa(kPageSize), std::span(buffer).first(2 * kPageSize));
        memory.CompareExchange64(Gpa(3 * kPageSize), &value, 1);
        EXPECT_TRUE(memory.Load64(Gpa(0), &value));
      }
    });
  }
  for (int round = 0; round < 500; ++round) {
    ASSERT_EQ(ftruncate(file, kPageSize), 0);
    ASSERT_EQ(ftruncate(file, kBytes), 0);
  }
  stop.store(true);
  for (std::thread& user : users) user.join();
  munmap(mapped, kBytes);
  close(file);
}

}  // namespace
}  // namespace gvt::hostif
