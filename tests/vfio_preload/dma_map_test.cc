#include "hostif/vfio_preload/dma_map.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <map>
#include <random>

namespace gvt::hostif::vfio_preload {
namespace {

constexpr uint64_t kPage = kDmaPageBytes;
constexpr uint64_t kVaddr = uint64_t{1} << 32;

DmaMapping Pages(uint64_t first, uint64_t count) {
  return {first * kPage, count * kPage, kVaddr + first * kPage, true};
}

TEST(DmaMap, KeepsWhatWasMapped) {
  DmaMap map;
  ASSERT_EQ(map.Map(Pages(4, 2)), 0);
  ASSERT_EQ(map.mappings().size(), 1u);
  EXPECT_EQ(map.mappings().at(4 * kPage).vaddr, kVaddr + 4 * kPage);
}

TEST(DmaMap, RefusesWhatIsNotWholePages) {
  DmaMap map;
  EXPECT_EQ(map.Map({0, 0, kVaddr, true}), -EINVAL);
  EXPECT_EQ(map.Map({1, kPage, kVaddr, true}), -EINVAL);
  EXPECT_EQ(map.Map({0, kPage + 1, kVaddr, true}), -EINVAL);
  EXPECT_EQ(map.Map({0, kPage, kVaddr + 8, true}), -EINVAL);
  uint64_t removed = 1;
  EXPECT_EQ(map.Unmap(0, 0, &removed), -EINVAL);
  EXPECT_EQ(map.Unmap(0, 12, &removed), -EINVAL);
  EXPECT_EQ(removed, 0u);
}

TEST(DmaMap, RefusesWhatRunsOverTheEndOfAnAddressSpace) {
  DmaMap map;
  EXPECT_EQ(map.Map({~uint64_t{0} << 12, kPage, kVaddr, true}), -EINVAL);
  EXPECT_EQ(map.Map({~uint64_t{0} << 13, 4 * kPage, kVaddr, true}), -EINVAL);
  EXPECT_EQ(map.Map({0, 2 * kPage, ~uint64_t{0} << 12, true}), -EINVAL);
  EXPECT_EQ(map.Map({0, ~uint64_t{0} << 12, kVaddr, true}), -EINVAL);
}

TEST(DmaMap, RefusesEveryKindOfOverlap) {
  DmaMap map;
  ASSERT_EQ(map.Map(Pages(10, 10)), 0);
  EXPECT_EQ(map.Map(Pages(10, 10)), -EEXIST);
  EXPECT_EQ(map.Map(Pages(5, 6)), -EEXIST);
  EXPECT_EQ(map.Map(Pages(19, 1)), -EEXIST);
  EXPECT_EQ(map.Map(Pages(12, 2)), -EEXIST);
  EXPECT_EQ(map.Map(Pages(0, 100)), -EEXIST);
  EXPECT_EQ(map.Map(Pages(9, 1)), 0);
  EXPECT_EQ(map.Map(Pages(20, 1)), 0);
}

TEST(DmaMap, UnmapsAcrossMappingsAndHoles) {
  DmaMap map;
  ASSERT_EQ(map.Map(Pages(1, 1)), 0);
  ASSERT_EQ(map.Map(Pages(5, 2)), 0);
  ASSERT_EQ(map.Map(Pages(9, 1)), 0);
  uint64_t removed = 0;
  EXPECT_EQ(map.Unmap(0, 9 * kPage, &removed), 0);
  EXPECT_EQ(removed, 3 * kPage);
  EXPECT_EQ(map.mappings().size(), 1u);
  EXPECT_EQ(map.Unmap(0, 9 * kPage, &removed), 0);
  EXPECT_EQ(removed, 0u);
}

TEST(DmaMap, CutsNoMappingInTwo) {
  DmaMap map;
  ASSERT_EQ(map.Map(Pages(4, 4)), 0);
  uint64_t removed = 0;
  EXPECT_EQ(map.Unmap(4 * kPage, kPage, &removed), -EINVAL);
  EXPECT_EQ(map.Unmap(5 * kPage, 10 * kPage, &removed), -EINVAL);
  EXPECT_EQ(map.Unmap(0, 5 * kPage, &removed), -EINVAL);
  EXPECT_EQ(map.mappings().size(), 1u);
}

TEST(DmaMap, UnmapsBothHalvesOfTheAddressSpace) {
  DmaMap map;
  const uint64_t half = uint64_t{1} << 63;
  ASSERT_EQ(map.Map(Pages(4, 4)), 0);
  ASSERT_EQ(map.Map({half, kPage, kVaddr, false}), 0);
  uint64_t removed = 0;
  EXPECT_EQ(map.Unmap(0, half, &removed), 0);
  EXPECT_EQ(removed, 4 * kPage);
  EXPECT_EQ(map.Unmap(half, half, &removed), 0);
  EXPECT_EQ(removed, kPage);
}

TEST(DmaMap, IsBounded) {
  DmaMap map;
  for (uint64_t i = 0; i < kMaxDmaMappings; ++i) ASSERT_EQ(map.Map(Pages(2 * i, 1)), 0);
  EXPECT_EQ(map.Map(Pages(2 * kMaxDmaMappings, 1)), -ENOSPC);
  EXPECT_EQ(map.Clear(), kMaxDmaMappings * kPage);
  EXPECT_EQ(map.Map(Pages(0, 1)), 0);
}

// The oracle: one entry a page, which names the mapping that the page belongs to.
TEST(DmaMap, DoesAsAMapOfPagesDoes) {
  std::mt19937 random(1);
  DmaMap map;
  std::map<uint64_t, uint64_t> pages;
  const auto is_inside = [&pages](uint64_t at) {
    return at != 0 && pages.contains(at) && pages.contains(at - 1) &&
           pages.at(at) == pages.at(at - 1);
  };
  for (uint64_t turn = 0; turn < 20'000; ++turn) {
    const uint64_t first = random() % 64;
    const uint64_t count = 1 + random() % 16;
    const auto begin = pages.lower_bound(first);
    const auto end = pages.lower_bound(first + count);
    if (random() % 2 == 0) {
      const bool is_free = begin == end;
      ASSERT_EQ(map.Map(Pages(first, count)), is_free ? 0 : -EEXIST);
      for (uint64_t i = 0; is_free && i < count; ++i) pages[first + i] = turn;
    } else {
      const bool cuts = is_inside(first) || is_inside(first + count);
      const auto held = static_cast<uint64_t>(std::distance(begin, end));
      uint64_t removed = 0;
      ASSERT_EQ(map.Unmap(first * kPage, count * kPage, &removed), cuts ? -EINVAL : 0);
      ASSERT_EQ(removed, cuts ? 0 : held * kPage);
      if (!cuts) pages.erase(begin, end);
    }
  }
}

}  // namespace
}  // namespace gvt::hostif::vfio_preload
