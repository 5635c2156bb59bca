// Graphics memory: entries of the GGTT, BAR2 through them, fences.
#include "vgpu/aperture.h"

#include <gtest/gtest.h>

#include <vector>

#include "test_device.h"
#include "vgpu/fence.h"
#include "vgpu/ggtt_window.h"

namespace gvt::vgpu {
namespace {

constexpr uint32_t kGgtt = TestDevice::kGgtt;

TEST(GgttWindow, KeepsEntriesOfItsOwnWindowsOnly) {
  DeviceConfig config;
  config.low_gm_base = 0x04000000;
  config.low_gm_bytes = 0x04000000;
  config.high_gm_base = 0x20000000;
  config.high_gm_bytes = 0x18000000;
  TestDevice guest(config);
  for (const uint64_t page : {0x04000u, 0x07fffu, 0x20000u, 0x37fffu}) {
    guest.Write<uint64_t>(Region::kBar0, kGgtt + page * 8, 0x5001);
    EXPECT_EQ(guest.Read<uint64_t>(Region::kBar0, kGgtt + page * 8), 0x5001u);
    EXPECT_EQ(guest.device().ggtt().Translate(Gma(page << 12 | 0x23)), Gpa(0x5023));
  }
  for (const uint64_t page : {0x0u, 0x03fffu, 0x08000u, 0x1ffffu, 0x38000u, 0xfffffu}) {
    guest.Write<uint64_t>(Region::kBar0, kGgtt + page * 8, 0x5001);
    EXPECT_EQ(guest.Read<uint64_t>(Region::kBar0, kGgtt + page * 8), 0u);
    EXPECT_EQ(guest.device().ggtt().Translate(Gma(page << 12)), sched::kNoPage);
  }
}

TEST(GgttWindow, TakesAnEntryInHalves) {
  TestDevice guest;
  guest.SetReg(kGgtt + 4, 0x12);
  EXPECT_EQ(guest.device().ggtt().Translate(Gma(0)), sched::kNoPage);
  guest.SetReg(kGgtt, 0x3001);
  EXPECT_EQ(guest.device().ggtt().Translate(Gma(0x10)), Gpa(0x1200003010));
  EXPECT_EQ(guest.Reg(kGgtt + 4), 0x12u);
}

TEST(GgttWindow, TranslatesNothingBeyondFourGibibytes) {
  TestDevice guest;
  guest.Map(0, 0x1000);
  EXPECT_EQ(guest.device().ggtt().Translate(Gma(uint64_t{1} << 32)), sched::kNoPage);
  EXPECT_EQ(guest.device().ggtt().Translate(Gma(~uint64_t{0})), sched::kNoPage);
}

TEST(GgttWindow, IsEmptyAfterAReset) {
  TestDevice guest;
  guest.Map(0x1000, 0x1000);
  guest.device().Reset();
  EXPECT_EQ(guest.device().ggtt().Translate(Gma(0x1000)), sched::kNoPage);
}

TEST(Aperture, ReachesGuestMemoryThroughTheGgtt) {
  TestDevice guest;
  guest.Map(0x10000, 0x7000);
  guest.Write<uint32_t>(Region::kBar2, 0x10010, 0xcafe1234);
  EXPECT_EQ(guest.memory()[0x7010], 0x34);
  guest.memory()[0x7ffc] = 0x99;
  EXPECT_EQ(guest.Read<uint8_t>(Region::kBar2, 0x10ffc), 0x99);
  EXPECT_EQ(guest.Read<uint64_t>(Region::kBar2, 0x10010), 0xcafe1234u);
}

TEST(Aperture, CrossesPagesThatLieApart) {
  TestDevice guest;
  guest.Map(0x10000, 0x7000);
  guest.Map(0x11000, 0x3000);
  guest.Write<uint64_t>(Region::kBar2, 0x10ffc, 0x8877665544332211);
  EXPECT_EQ(guest.memory()[0x7fff], 0x44);
  EXPECT_EQ(guest.memory()[0x3000], 0x55);
  EXPECT_EQ(guest.Read<uint64_t>(Region::kBar2, 0x10ffc), 0x8877665544332211u);
}

TEST(Aperture, ReadsZeroWhereNothingIsMapped) {
  TestDevice guest;
  EXPECT_EQ(guest.Read<uint32_t>(Region::kBar2, 0x5000), 0u);
  guest.Write<uint32_t>(Region::kBar2, 0x5000, 1);
  guest.Map(0x6000, uint64_t{1} << 40);  // an entry that names no memory
  EXPECT_EQ(guest.Read<uint64_t>(Region::kBar2, 0x6000), 0u);
  guest.Write<uint64_t>(Region::kBar2, 0x6000, 1);
}

// The byte at (x, y) of a surface of tiles, counted without any arithmetic of the code under test.
uint64_t TiledOffset(bool y_major, uint64_t pitch, uint64_t x, uint64_t y) {
  const uint64_t width = y_major ? 128 : 512;
  const uint64_t rows = y_major ? 32 : 8;
  const uint64_t tile = (y / rows) * (pitch / width) + x / width;
  uint64_t position = 0;
  if (y_major) {
    for (uint64_t column = 0; column < x % width / 16; ++column) position += 32 * 16;
    position += (y % rows) * 16 + x % 16;
  } else {
    position = (y % rows) * 512 + x % width;
  }
  return tile * 4096 + position;
}

TEST(Fence, ShowsTilesAsLines) {
  for (const bool y_major : {false, true}) {
    constexpr uint64_t kPitch = 1024;
    constexpr uint64_t kStart = 0x100000;
    constexpr uint64_t kPages = 16;
    TestDevice guest;
    for (uint64_t i = 0; i < kPages; ++i) guest.Map(kStart + i * 4096, 0x200000 + i * 4096);
    const uint64_t fence = (kStart + (kPages - 1) * 4096) << 32 | (kPitch / 128 - 1) << 32 |
                           kStart | (y_major ? 2u : 0u) | 1u;
    guest.Write<uint64_t>(Region::kBar0, kFenceRegisters + 8, fence);
    for (uint64_t y = 0; y < kPages * 4096 / kPitch; ++y) {
      for (uint64_t x = 0; x < kPitch; x += 4) {
        guest.Write(Region::kBar2, kStart + y * kPitch + x, static_cast<uint32_t>(y << 16 | x));
      }
    }
    for (uint64_t y = 0; y < kPages * 4096 / kPitch; ++y) {
      for (uint64_t x = 0; x < kPitch; x += 4) {
        uint32_t stored = 0;
        std::memcpy(&stored, &guest.memory()[0x200000 + TiledOffset(y_major, kPitch, x, y)], 4);
        ASSERT_EQ(stored, y << 16 | x) << (y_major ? "Y" : "X");
      }
    }
    std::vector<uint32_t> line(kPitch / 4);
    guest.device().Read(Region::kBar2, kStart + 5 * kPitch,
                        std::as_writable_bytes(std::span(line)));
    EXPECT_EQ(line[3], 5u << 16 | 12);
    EXPECT_EQ(line.back(), 5u << 16 | (kPitch - 4));
  }
}

TEST(Fence, IsIgnoredWhenItsPitchFitsNoTile) {
  EXPECT_FALSE(Fence::Decode(0).has_value());
  EXPECT_FALSE(Fence::Decode(1).has_value());  // X tiles, 128 bytes
  EXPECT_TRUE(Fence::Decode(3).has_value());   // Y tiles, 128 bytes
  EXPECT_TRUE(Fence::Decode(uint64_t{3} << 32 | 1).has_value());
}

TEST(Fence, NeverLeadsOutOfTheAddressSpace) {
  const auto fence = Fence::Decode(~uint64_t{0});
  ASSERT_TRUE(fence.has_value());
  TestDevice guest;
  guest.Write<uint64_t>(Region::kBar0, kFenceRegisters, ~uint64_t{0} & ~uint64_t{0xffff000});
  std::vector<std::byte> all(1 << 20);
  guest.device().Read(Region::kBar2, 0, all);
  guest.device().Write(Region::kBar2, (256u << 20) - all.size(), all);
}

}  // namespace
}  // namespace gvt::vgpu
