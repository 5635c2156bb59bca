#include "capture/memory_image.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <vector>

namespace gvt::capture {
namespace {

std::vector<std::byte> Fill(size_t size, int value) {
  return std::vector<std::byte>(size, static_cast<std::byte>(value));
}

TEST(MemoryImage, ReadsZeroWhereNothingWasWritten) {
  const MemoryImage image(1 << 20);
  std::vector<std::byte> out = Fill(10'000, 0xaa);
  image.Read(123, out);
  EXPECT_EQ(out, Fill(10'000, 0));
  EXPECT_EQ(image.Find(0), nullptr);
  EXPECT_EQ(image.Load64(0x1000), 0u);
  EXPECT_EQ(image.live_bytes(), 0u);
}

TEST(MemoryImage, WritesAcrossPages) {
  MemoryImage image(1 << 20);
  ASSERT_TRUE(image.Write(0x1ff0, Fill(0x1020, 7)));
  EXPECT_EQ(image.live_bytes(), 3 * kPageSize);
  EXPECT_EQ(image.Load64(0x1fe8), 0u);
  EXPECT_EQ(image.Load64(0x1ff0), 0x0707070707070707u);
  EXPECT_EQ(image.Load64(0x3008), 0x0707070707070707u);
  EXPECT_EQ(image.Load64(0x3010), 0u);
}

TEST(MemoryImage, HoldsNoMorePagesThanItsLimit) {
  MemoryImage image(3 * kPageSize + 5);
  EXPECT_EQ(image.live_bytes_limit(), 3 * kPageSize);
  EXPECT_TRUE(image.Write(0x10000, Fill(1, 1)));
  EXPECT_TRUE(image.Write(0x20000, Fill(1, 2)));
  EXPECT_TRUE(image.Write(0x30000, Fill(1, 3)));
  EXPECT_FALSE(image.Write(0x40000, Fill(1, 4)));
  EXPECT_EQ(image.Ensure(0x50), nullptr);
  EXPECT_TRUE(image.Write(0x20008, Fill(8, 5))) << "pages that exist can still be written";
  EXPECT_EQ(image.Load64(0x20008), 0x0505050505050505u);
  EXPECT_EQ(image.live_bytes(), 3 * kPageSize);
}

TEST(MemoryImage, KeepsEveryAddressBitApart) {
  MemoryImage image(1 << 20);
  for (unsigned bit = kPageShift; bit < MemoryImage::kAddressBits; ++bit) {
    ASSERT_TRUE(image.Write(uint64_t{1} << bit, Fill(8, static_cast<int>(bit))));
  }
  for (unsigned bit = kPageShift; bit < MemoryImage::kAddressBits; ++bit) {
    EXPECT_EQ(image.Load64(uint64_t{1} << bit) & 0xff, bit);
  }
  EXPECT_EQ(image.Find(~uint64_t{0} >> 1), nullptr) << "a number out of range finds nothing";
}

TEST(MemoryImage, AgreesWithAMapOverManyRandomPages) {
  MemoryImage image(64 << 20);
  std::map<uint64_t, uint64_t> oracle;
  std::mt19937_64 random(1);
  for (int i = 0; i < 20'000; ++i) {
    const uint64_t address =
        (random() >> 16) & ~uint64_t{7} & (random() % 2 ? ~uint64_t{0} : 0xffffff);
    const uint64_t value = random();
    if (!image.Write(address, std::as_bytes(std::span(&value, 1)))) break;
    oracle[address] = value;
  }
  EXPECT_GT(oracle.size(), 15'000u);
  for (const auto& [address, value] : oracle) EXPECT_EQ(image.Load64(address), value);
}

TEST(MemoryImage, GivesPagesThatStay) {
  MemoryImage image(64 << 20);
  std::byte* first = image.Ensure(42);
  first[5] = std::byte{9};
  for (uint64_t page = 1000; page < 9000; ++page) ASSERT_NE(image.Ensure(page), nullptr);
  EXPECT_EQ(image.Ensure(42), first);
  EXPECT_EQ(image.Find(42), first);
  EXPECT_EQ(image.Find(42)[5], std::byte{9});
}

}  // namespace
}  // namespace gvt::capture
