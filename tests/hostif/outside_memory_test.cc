// Guest memory that the host moves, beside memory that is mapped.
#include "hostif/outside_memory.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <vector>

#include "hostif/guest_memory.h"

namespace gvt::hostif {
namespace {

alignas(kPageSize) std::array<std::byte, kPageSize> mapped_page{};

// Four pages of memory elsewhere.
class Elsewhere final : public OutsideMemory {
 public:
  bool Read(Gpa from, std::span<std::byte> out) override {
    ++calls;
    if (!Inside(from, out.size())) return false;
    std::copy_n(bytes.begin() + static_cast<ptrdiff_t>(from.value), out.size(), out.begin());
    return true;
  }
  bool Write(Gpa to, std::span<const std::byte> data) override {
    ++calls;
    if (!Inside(to, data.size())) return false;
    std::copy(data.begin(), data.end(), bytes.begin() + static_cast<ptrdiff_t>(to.value));
    return true;
  }

  std::vector<std::byte> bytes = std::vector<std::byte>(4 * kPageSize);
  int calls = 0;

 private:
  bool Inside(Gpa at, size_t size_bytes) const {
    return at.value < bytes.size() && size_bytes <= bytes.size() - at.value;
  }
};

class Outside : public testing::Test {
 protected:
  Outside() {
    mapped_page.fill(std::byte{0x11});
    EXPECT_TRUE(memory_.Add(Gpa(kPageSize), kPageSize, mapped_page.data(), false));
  }

  Elsewhere elsewhere_;
  GuestMemory memory_{nullptr, &elsewhere_};
};

TEST_F(Outside, CopiesGoAcrossTheBorder) {
  std::vector<std::byte> wanted(3 * kPageSize - 8);
  for (size_t i = 0; i < wanted.size(); ++i) wanted[i] = static_cast<std::byte>(i * 5);
  ASSERT_TRUE(memory_.Write(Gpa(4), wanted));
  std::vector<std::byte> seen(wanted.size());
  ASSERT_TRUE(memory_.Read(Gpa(4), seen));
  EXPECT_EQ(seen, wanted);
  EXPECT_EQ(mapped_page[0], wanted[kPageSize - 4]);
  EXPECT_EQ(elsewhere_.bytes[kPageSize], std::byte{0});  // the mapped page hides it
  EXPECT_EQ(elsewhere_.calls, 4);
}

TEST_F(Outside, WordsAreOneCall) {
  ASSERT_TRUE(memory_.Store32(Gpa(8), 0x1234));
  uint64_t value = 0;
  ASSERT_TRUE(memory_.Load64(Gpa(8), &value));
  EXPECT_EQ(value, 0x1234u);
  EXPECT_EQ(elsewhere_.calls, 2);
  uint64_t expected = 1;
  ASSERT_TRUE(memory_.CompareExchange64(Gpa(8), &expected, 2));
  EXPECT_EQ(expected, 0x1234u);
  ASSERT_TRUE(memory_.CompareExchange64(Gpa(8), &expected, 2));
  ASSERT_TRUE(memory_.Load64(Gpa(8), &value));
  EXPECT_EQ(value, 2u);
  EXPECT_FALSE(memory_.Load64(Gpa(12), &value));  // not aligned
}

TEST_F(Outside, PiecesAreACallEach) {
  const std::array<uint64_t, 2> data{7, 8};
  const auto bytes = std::as_bytes(std::span(data));
  const std::array<PagePiece, 2> pieces{{{16, bytes.first(8)}, {64, bytes.subspan(8)}}};
  ASSERT_TRUE(memory_.WriteInPage(Gpa(0), pieces));
  EXPECT_EQ(elsewhere_.calls, 2);
  ASSERT_TRUE(memory_.WriteInPage(Gpa(kPageSize), pieces));  // mapped
  EXPECT_EQ(elsewhere_.calls, 2);
  EXPECT_EQ(elsewhere_.bytes[16], std::byte{7});
  EXPECT_EQ(elsewhere_.bytes[64], std::byte{8});
  EXPECT_EQ(mapped_page[64], std::byte{8});
  EXPECT_FALSE(memory_.WriteInPage(Gpa(4 * kPageSize), pieces));
}

TEST_F(Outside, WhatIsNowhereFails) {
  uint32_t value = 0;
  EXPECT_FALSE(memory_.Load32(Gpa(4 * kPageSize), &value));
  EXPECT_FALSE(memory_.Store32(Gpa(~uint64_t{3}), 1));
  EXPECT_FALSE(memory_.CompareExchange32(Gpa(4 * kPageSize), &value, 1));
  std::vector<std::byte> buffer(2 * kPageSize);
  EXPECT_FALSE(memory_.Read(Gpa(3 * kPageSize), buffer));
  EXPECT_TRUE(memory_.Contains(Gfn(1)));
  EXPECT_TRUE(memory_.Contains(Gfn(2)));
  EXPECT_FALSE(memory_.Contains(Gfn(4)));
  EXPECT_FALSE(memory_.Contains(Gfn(~uint64_t{0})));
}

TEST_F(Outside, EveryFrameMayBeThere) {
  const std::vector<Range> frames = memory_.Frames();
  ASSERT_EQ(frames.size(), 1u);
  EXPECT_EQ(frames[0].begin, 0u);
  EXPECT_EQ(frames[0].end, kMaxFrames);
}

TEST_F(Outside, ReadOnlySlotsAreNotWrittenAround) {
  ASSERT_TRUE(memory_.Remove(Gpa(kPageSize), kPageSize));
  ASSERT_TRUE(memory_.Add(Gpa(kPageSize), kPageSize, mapped_page.data(), true));
  uint32_t value = 0;
  EXPECT_FALSE(memory_.Store32(Gpa(kPageSize), 1));
  EXPECT_FALSE(memory_.CompareExchange32(Gpa(kPageSize), &value, 1));
  const std::vector<std::byte> data(16);
  EXPECT_FALSE(memory_.Write(Gpa(kPageSize - 8), data));
  ASSERT_TRUE(memory_.Load32(Gpa(kPageSize), &value));
  EXPECT_EQ(value, 0x11111111u);
  EXPECT_EQ(elsewhere_.bytes[kPageSize], std::byte{0});
}

}  // namespace
}  // namespace gvt::hostif
