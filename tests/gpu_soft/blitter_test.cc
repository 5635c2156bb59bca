// Blits that can be checked by eye: on a canvas of 16 x 8 pixels of 8 bits, drawn as text.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/gpu_soft/bench_guest.h"

namespace gvt::soft_test {
namespace {

constexpr uint64_t kCanvas = 0x10000000;
constexpr uint64_t kOther = 0x20000000;
constexpr uint32_t kWidth = 16;
constexpr uint32_t kHeight = 8;

constexpr uint32_t kCopySource = 0xccu << 16;
constexpr uint32_t kCopyPattern = 0xf0u << 16;
constexpr uint32_t kClipped = 1u << 30;
constexpr uint32_t kHoles = 1u << 29;         // of a monochrome source
constexpr uint32_t kPatternHoles = 1u << 28;  // of a monochrome pattern
constexpr uint32_t k32Bits = 3u << 24;

uint32_t Header(uint32_t opcode, uint32_t dwords, uint32_t bits = 0) {
  return 2u << 29 | opcode << 22 | bits | (dwords - 2);
}
uint32_t At(uint32_t x, uint32_t y) {
  return (y & 0xffff) << 16 | (x & 0xffff);
}

class Canvas {
 public:
  Canvas() : guest(hw::Engine::kBcs) {
    guest.memory.Select(BenchGuest::RootOf(0));
    guest.memory.Put(kPpgtt, kCanvas, std::vector<uint32_t>(kPageSize / 4, 0x2e2e2e2e));
    guest.memory.Put(kPpgtt, kOther, std::vector<uint32_t>(kPageSize / 4));
  }
  // What is drawn then, a string a row; or how the batch ended.
  std::vector<std::string> Draw(const Dwords& commands) {
    if (guest.RunBatch(commands) != gpu::RunEnd::kDrained) return {"not drained"};
    return Rows();
  }
  std::vector<std::string> Rows() {
    std::vector<std::string> rows(kHeight);
    for (uint32_t y = 0; y < kHeight; ++y) {
      for (uint32_t x = 0; x < kWidth; ++x) rows[y] += Pixel(x, y);
    }
    return rows;
  }
  char Pixel(uint32_t x, uint32_t y) {
    const uint64_t at = kCanvas + y * kWidth + x;
    return static_cast<char>(guest.memory.Get(kPpgtt, at & ~uint64_t{3}) >> (8 * (at % 4)));
  }

  BenchGuest guest;
};

// Background 'o', foreground '#'.
Dwords SetupBlt(uint32_t control, uint32_t clip_first = 0,
                uint32_t clip_end = At(kWidth, kHeight)) {
  return {
      Header(0x01, 10), control | kWidth, clip_first, clip_end, Low32(kCanvas), 0, 'o', '#', 0, 0};
}
Dwords SetupMonoPattern(uint32_t control, uint32_t pattern_low, uint32_t pattern_high) {
  return {Header(0x11, 10), control | kWidth, 0, 0, Low32(kCanvas), 0, 'o', '#',
          pattern_low,      pattern_high};
}
Dwords Pixel(uint32_t x, uint32_t y) {
  return {Header(0x24, 2), At(x, y)};
}
// An upright F of 5 x 6 in rows of a byte.
Dwords TextF(uint32_t x, uint32_t y) {
  return {Header(0x31, 5, 1u << 16), At(x, y), At(x + 5, y + 6), 0xf08080f8, 0x00008080};
}
Dwords MonoPattern(uint32_t control, uint32_t seeds, uint32_t first, uint32_t end) {
  return {Header(0x52, 10, seeds),
          control | kWidth,
          first,
          end,
          Low32(kCanvas),
          0,
          'o',
          '#',
          0x80808080,
          0xff808080};
}

using Picture = std::vector<std::string>;

TEST(Blitter, DrawsTextWithItsBackground) {
  Canvas canvas;
  EXPECT_EQ(canvas.Draw(Program({SetupBlt(kCopySource), TextF(2, 1)})), (Picture{
                                                                            "................",
                                                                            "..#####.........",
                                                                            "..#oooo.........",
                                                                            "..#oooo.........",
                                                                            "..####o.........",
                                                                            "..#oooo.........",
                                                                            "..#oooo.........",
                                                                            "................",
                                                                        }));
}

TEST(Blitter, LeavesHolesInTransparentText) {
  Canvas canvas;
  EXPECT_EQ(canvas.Draw(Program({SetupBlt(kCopySource | kHoles), TextF(2, 1)}))[4],
            "..####..........");
}

TEST(Blitter, WritesNothingIntoHoles) {
  // All but the first pixel of the row lies in a page that is not there.
  Canvas canvas;
  Dwords setup = SetupBlt(kCopySource | kHoles);
  setup[4] = static_cast<uint32_t>(kCanvas + kPageSize - 1);
  const Dwords text{Header(0x31, 5, 1u << 16), At(0, 0), At(8, 1), 0x80, 0};
  EXPECT_EQ(canvas.guest.RunBatch(Program({setup, text})), gpu::RunEnd::kDrained);
  EXPECT_EQ(canvas.guest.memory.Get(kPpgtt, kCanvas + kPageSize - 4), 0x232e2e2eu);
}

TEST(Blitter, ClipsTextThatBeginsLeftOfTheSurface) {
  Canvas canvas;
  const Picture picture = canvas.Draw(
      Program({SetupBlt(kCopySource | kClipped, At(0, 2), At(kWidth, 5)), TextF(0u - 2, 0)}));
  EXPECT_EQ(picture, (Picture{
                         "................",
                         "................",
                         "ooo.............",
                         "##o.............",
                         "ooo.............",
                         "................",
                         "................",
                         "................",
                     }));
}

TEST(Blitter, TakesAnotherClipWindowForTheSameText) {
  Canvas canvas;
  const Dwords clip{Header(0x03, 3), At(4, 1), At(6, 2)};
  const Picture picture =
      canvas.Draw(Program({SetupBlt(kCopySource | kClipped, 0, 0), clip, TextF(2, 1)}));
  EXPECT_EQ(picture[1], "....##..........");
  EXPECT_EQ(picture[2], "................");
}

TEST(Blitter, PacksBitsOfTextWithoutGaps) {
  // Three rows of three bits: 101 010 111.
  Canvas canvas;
  canvas.guest.memory.Put(kPpgtt, kOther, std::array<uint32_t, 1>{0x80ab});
  const Dwords text{Header(0x26, 5), At(1, 0), At(4, 3), Low32(kOther), 0};
  const Picture picture = canvas.Draw(Program({SetupBlt(kCopySource), text}));
  EXPECT_EQ(picture[0], ".#o#............");
  EXPECT_EQ(picture[1], ".o#o............");
  EXPECT_EQ(picture[2], ".###............");
}

TEST(Blitter, TilesAMonochromePatternFromTheOriginOfTheSurface) {
  Canvas canvas;
  EXPECT_EQ(canvas.Draw(MonoPattern(kCopyPattern, 0, At(3, 2), At(14, 8))), (Picture{
                                                                                "................",
                                                                                "................",
                                                                                "...ooooo#ooooo..",
                                                                                "...ooooo#ooooo..",
                                                                                "...ooooo#ooooo..",
                                                                                "...ooooo#ooooo..",
                                                                                "...ooooo#ooooo..",
                                                                                "...###########..",
                                                                            }));
}

TEST(Blitter, ShiftsAPatternByItsSeeds) {
  Canvas canvas;
  const uint32_t seeds = 5u << 12 | 7u << 8;
  const Picture picture =
      canvas.Draw(MonoPattern(kCopyPattern | kPatternHoles, seeds, At(0, 0), At(16, 2)));
  EXPECT_EQ(picture[0], "################");
  EXPECT_EQ(picture[1], "...#.......#....");
}

TEST(Blitter, DrawsScanLinesAndPixelsAsSetUp) {
  Canvas canvas;
  const Dwords lines{Header(0x25, 3), At(8, 0), At(12, 2)};
  const Picture picture = canvas.Draw(
      Program({SetupMonoPattern(kCopyPattern, 0x000050a0, 0), lines, Pixel(1, 1), Pixel(15, 7)}));
  EXPECT_EQ(picture[0], "........#o#o....");
  EXPECT_EQ(picture[1], ".o......o#o#....");
  EXPECT_EQ(picture[7], "...............o");
}

TEST(Blitter, DrawsNothingThatWasNotSetUp) {
  Canvas canvas;
  const Dwords lines{Header(0x25, 3), At(8, 0), At(12, 2)};
  EXPECT_EQ(canvas.Draw(Program({Pixel(0, 0), lines, TextF(0, 0)})),
            Picture(8, "................"));
}

TEST(Blitter, DrawsASolidPatternWhateverItsBitsAre) {
  // As a bitmap is drawn where its bits are set: source, or destination without pattern.
  Canvas canvas;
  canvas.guest.memory.Put(kPpgtt, kOther, std::array<uint32_t, 1>{0x0000a0});
  constexpr uint32_t kSolid = 1u << 31;
  const Dwords stencil{Header(0x58, 14),
                       kSolid | 0xce0000 | kWidth,
                       At(0, 0),
                       At(3, 1),
                       Low32(kCanvas),
                       0,
                       Low32(kOther),
                       0,
                       0,
                       0x2e,
                       0x2e,
                       0x2e,
                       ~0u,
                       ~0u};
  EXPECT_EQ(canvas.Draw(stencil)[0].substr(0, 3), std::string({'.', '\0', '.'}));
}

TEST(Blitter, CopiesAnInlinePatternOfPixels) {
  Canvas canvas;
  Dwords fill{Header(0x72, 22), kCopyPattern | kWidth, At(0, 0), At(10, 2), Low32(kCanvas), 0};
  for (const char* text : {"abcd", "efgh", "ABCD", "EFGH"}) {
    uint32_t dword = 0;
    std::memcpy(&dword, text, sizeof dword);
    fill.push_back(dword);
  }
  fill.resize(22);
  const Picture picture = canvas.Draw(fill);
  EXPECT_EQ(picture[0], "abcdefghab......");
  EXPECT_EQ(picture[1], "ABCDEFGHAB......");
}

TEST(Blitter, LeavesOutSourcePixelsInTheColorKey) {
  Canvas canvas;
  canvas.guest.memory.Put(kPpgtt, kOther, std::array<uint32_t, 2>{0x64636261, 0x68676665});
  const Dwords copy{Header(0x73, 12, 1u << 17),
                    kCopySource | kWidth,
                    At(0, 0),
                    At(8, 1),
                    Low32(kCanvas),
                    0,
                    At(0, 0),
                    kWidth,
                    Low32(kOther),
                    0,
                    uint32_t{'c'},
                    uint32_t{'e'}};
  EXPECT_EQ(canvas.Draw(copy)[0], "ab...fgh........");
}

TEST(Blitter, WritesOnlyWhereTheDestinationIsInTheKey) {
  Canvas canvas;
  canvas.guest.memory.Put(kPpgtt, kCanvas, std::array<uint32_t, 1>{0x2e782e78});
  canvas.guest.memory.Put(kPpgtt, kOther, std::array<uint32_t, 1>{0x64636261});
  const Dwords copy{Header(0x73, 12, 7u << 17),
                    kCopySource | kWidth,
                    At(0, 0),
                    At(4, 1),
                    Low32(kCanvas),
                    0,
                    At(0, 0),
                    kWidth,
                    Low32(kOther),
                    0,
                    uint32_t{'x'},
                    uint32_t{'x'}};
  EXPECT_EQ(canvas.Draw(copy)[0], "a.c.............");
}

TEST(Blitter, WritesColorWithoutAlphaAndAlphaWithoutColor) {
  Canvas canvas;
  const auto fill = [](uint32_t mask, uint32_t color) {
    return Dwords{Header(0x50, 7, mask << 20),
                  k32Bits | kCopyPattern | kWidth,
                  0,
                  At(1, 1),
                  Low32(kCanvas),
                  0,
                  color};
  };
  EXPECT_EQ(canvas.Draw(fill(1, 0x64636261))[0].substr(0, 4), "abc.");
  EXPECT_EQ(canvas.Draw(fill(2, 0x44434241))[0].substr(0, 4), "abcD");
  EXPECT_EQ(canvas.Draw(fill(0, 0))[0].substr(0, 4), "abcD");
}

TEST(Blitter, CopiesDownwardsInItsOwnSurface) {
  Canvas canvas;
  for (uint32_t y = 0; y < kHeight; ++y) {
    canvas.guest.memory.Put(kPpgtt, kCanvas + y * kWidth, std::array{0x01010101 * ('0' + y)});
  }
  const Dwords copy{
      Header(0x53, 10), kCopySource | kWidth, At(0, 2), At(4, 8), Low32(kCanvas), 0, At(0, 0),
      kWidth,           Low32(kCanvas),       0};
  const Picture picture = canvas.Draw(copy);
  for (uint32_t y = 2; y < kHeight; ++y) {
    EXPECT_EQ(picture[y].substr(0, 4), std::string(4, static_cast<char>('0' + y - 2))) << y;
  }
}

TEST(Blitter, CopiesLinesFromTheLastByteOn) {
  Canvas canvas;
  canvas.guest.memory.Put(kPpgtt, kOther, std::array<uint32_t, 2>{0x64636261, 0x68676665});
  constexpr uint32_t kRightToLeft = 1u << 30;
  const Dwords copy{Header(0x43, 8),
                    kRightToLeft | kCopySource | kWidth,
                    1u << 16 | 4,
                    static_cast<uint32_t>(kCanvas + 9),
                    0,
                    kWidth,
                    static_cast<uint32_t>(kOther + 5),
                    0};
  EXPECT_EQ(canvas.Draw(copy)[0], "......cdef......");
}

TEST(Blitter, KeepsItsSetupWithTheContext) {
  Canvas canvas;
  BenchGuest& guest = canvas.guest;
  guest.Batch(Program({SetupBlt(kCopyPattern), BatchEnd()}));
  guest.Ring(BatchStart(kBatch));
  ASSERT_EQ(guest.Run(0), gpu::RunEnd::kDrained);
  guest.streamer->Save();

  Dwords other = SetupBlt(kCopyPattern);
  other[6] = '?';
  guest.Batch(Program({other, BatchEnd()}), kBatch, kPpgtt, 1);
  guest.Ring(BatchStart(kBatch), 1);
  ASSERT_EQ(guest.Run(1), gpu::RunEnd::kDrained);
  guest.streamer->Save();

  guest.memory.Select(BenchGuest::RootOf(0));
  EXPECT_EQ(canvas.Draw(Pixel(3, 0))[0], "...o............");
}

}  // namespace
}  // namespace gvt::soft_test
