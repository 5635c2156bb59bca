// Windows of every size and distance against a search one after the other.
#include "shadow/frame_map.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

#include "tests/oracle/test_scale.h"

namespace gvt::shadow {
namespace {

const FrameWindow* FindPlainly(const std::vector<FrameWindow>& windows, uint64_t frame) {
  for (const FrameWindow& window : windows) {
    if (frame >= window.begin && frame < window.end) return &window;
  }
  return nullptr;
}

// Windows that are spread evenly, crowded in one place, or one of each.
std::vector<FrameWindow> SomeWindows(std::mt19937_64& random) {
  const size_t count = random() % 3 == 0 ? random() % 4 : random() % 300;
  std::vector<FrameWindow> windows;
  uint64_t next = random() % 2;
  for (size_t i = 0; i < count; ++i) {
    const uint64_t gap = random() % 16 == 0 ? random() % (1 << 20) : random() % 3;
    const uint64_t begin = next + gap;
    next = begin + 1 + random() % (random() % 8 == 0 ? 100000 : 4);
    windows.push_back({begin, next, random()});
  }
  return windows;
}

TEST(FrameMap, AgreesWithASearchOneAfterTheOther) {
  std::mt19937_64 random(1);
  for (unsigned round = 0; round < 20 * oracle::TestScale(); ++round) {
    const std::vector<FrameWindow> windows = SomeWindows(random);
    const FrameMap map(windows);
    std::vector<uint64_t> frames{0, 1, ~uint64_t{0}, ~uint64_t{0} - 1, uint64_t{1} << 52};
    for (const FrameWindow& window : windows) {
      for (const uint64_t frame : {window.begin, window.end}) {
        frames.insert(frames.end(), {frame - 1, frame, frame + 1});
      }
    }
    for (const uint64_t frame : frames) {
      const FrameWindow* expected = FindPlainly(windows, frame);
      const FrameWindow* found = map.Find(Gfn(frame));
      ASSERT_EQ(found == nullptr, expected == nullptr) << round << ": " << frame;
      if (expected == nullptr) continue;
      ASSERT_EQ(found->delta, expected->delta) << round << ": " << frame;
    }
  }
}

TEST(FrameMap, TheTopmostFramesAreFoundLikeOthers) {
  constexpr uint64_t kEnd = uint64_t{1} << 52;
  const FrameMap map(std::vector<FrameWindow>{{0, 1, 5}, {kEnd - 1, kEnd, 7}});
  ASSERT_NE(map.Find(Gfn(kEnd - 1)), nullptr);
  EXPECT_EQ(map.Find(Gfn(kEnd - 1))->delta, 7u);
  EXPECT_EQ(map.Find(Gfn(kEnd)), nullptr);
  EXPECT_EQ(map.Find(Gfn(kEnd - 2)), nullptr);
  EXPECT_EQ(FrameMap().Find(Gfn(0)), nullptr);
}

}  // namespace
}  // namespace gvt::shadow
