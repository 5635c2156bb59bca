// Blits of the software streamer against the slow model: random rectangles leave the same memory.
#include <gtest/gtest.h>

#include <random>

#include "gpu/soft/blitter.h"
#include "tests/gpu_soft/bench_guest.h"
#include "tools/model/slow_model.h"

namespace gvt::model {
namespace {

using soft_test::BenchGuest;
using soft_test::Dwords;

// Two surfaces that share their pitch.
constexpr uint64_t kFirst = 0x10000000;
constexpr uint64_t kSecond = 0x20000000;
constexpr uint32_t kPitch = 1024;
constexpr uint32_t kRows = 96;
constexpr uint32_t kSwControl = 0x22200;

class BlitGenerator {
 public:
  explicit BlitGenerator(uint64_t seed) : random_(seed) {}
  uint32_t Below(uint32_t bound) { return static_cast<uint32_t>(random_() % bound); }

  // What selects Y over X for the commands that do not say it themselves.
  Dwords Control() { return soft_test::Lri({kSwControl, 0x30000 | Below(4)}); }
  Dwords Any() {
    switch (Below(3)) {
      case 0: return Color();
      case 1: return SourceCopy();
      default: return FastCopy();
    }
  }

 private:
  struct Rectangle {
    uint32_t x, y, right, bottom;
  };
  // Now and then empty, or with a negative corner.
  Rectangle Place(uint32_t pixel_bytes) {
    const uint32_t columns = kPitch / pixel_bytes;
    Rectangle r{Below(columns / 2), Below(kRows / 2), 0, 0};
    if (Below(32) == 0) r.x = 0xfff0;
    r.right = Below(16) == 0 ? r.x : r.x + 1 + Below(columns / 2);
    r.bottom = Below(16) == 0 ? r.y : r.y + 1 + Below(kRows / 2);
    return r;
  }
  static uint32_t Pair(uint32_t x, uint32_t y) { return (y & 0xffff) << 16 | (x & 0xffff); }
  static uint32_t Pitch(bool tiled) { return tiled ? kPitch / 4 : kPitch; }
  uint32_t Depth(uint32_t* pixel_bytes) {
    const uint32_t depth = Below(4);
    *pixel_bytes = depth == 3 ? 4 : (depth == 0 ? 1 : 2);
    return depth << 24;
  }
  void AddAddress(uint64_t address, Dwords* out) {
    out->push_back(Low32(address));
    out->push_back(High32(address));
  }
  void AddDestination(const Rectangle& r, Dwords* out) {
    out->push_back(Pair(r.x, r.y));
    out->push_back(Pair(r.right, r.bottom));
    AddAddress(kFirst, out);
  }
  // A surface of its own, or the destination itself if its tiles are the same.
  void AddSource(uint32_t pixel_bytes, bool tiled, bool same_tiles, Dwords* out) {
    out->push_back(Pair(Below(kPitch / pixel_bytes / 2), Below(kRows / 2)));
    out->push_back(Pitch(tiled));
    AddAddress(same_tiles && Below(2) == 0 ? kFirst : kSecond, out);
  }

  Dwords Color() {
    uint32_t bytes = 1;
    const bool tiled = Below(2) == 0;
    const uint32_t operation = Below(2) == 0 ? 0xf0 : Below(256);
    Dwords out{2u << 29 | 0x50u << 22 | Below(4) << 20 | (tiled ? 1u << 11 : 0) | 5,
               Depth(&bytes) | operation << 16 | Pitch(tiled)};
    AddDestination(Place(bytes), &out);
    out.push_back(static_cast<uint32_t>(random_()));
    return out;
  }
  Dwords SourceCopy() {
    uint32_t bytes = 1;
    const bool to_tiled = Below(2) == 0;
    const bool from_tiled = Below(2) == 0;
    const uint32_t operation = Below(2) == 0 ? 0xcc : Below(256);
    Dwords out{2u << 29 | 0x53u << 22 | Below(4) << 20 | (from_tiled ? 1u << 15 : 0) |
                   (to_tiled ? 1u << 11 : 0) | 8,
               Depth(&bytes) | operation << 16 | Pitch(to_tiled)};
    AddDestination(Place(bytes), &out);
    AddSource(bytes, from_tiled, !to_tiled && !from_tiled, &out);
    return out;
  }
  Dwords FastCopy() {
    const uint32_t to_tiling = Below(4);
    const uint32_t from_tiling = Below(4);
    const uint32_t depth = Below(6);
    const uint32_t bytes = depth < 2 ? 1u << depth : 1u << (depth - 1);
    const uint32_t yf = Below(8) == 0 ? Below(4) << 30 : 0;
    Dwords out{2u << 29 | 0x42u << 22 | from_tiling << 20 | to_tiling << 13 | 8,
               yf | depth << 24 | Pitch(to_tiling != 0)};
    AddDestination(Place(bytes), &out);
    AddSource(bytes, from_tiling != 0, to_tiling == from_tiling, &out);
    return out;
  }

  std::mt19937_64 random_;
};

// Makes the guest and its twin, with the same noise in both surfaces.
class BlitBench {
 public:
  explicit BlitBench(uint64_t seed)
      : guest(hw::Engine::kBcs), model_(guest.platform, guest.engine) {
    std::mt19937_64 random(seed);
    guest.memory.Select(BenchGuest::RootOf(0));
    for (const uint64_t base : {kFirst, kSecond}) {
      std::vector<uint32_t> noise(kPitch * kRows / 4);
      for (uint32_t& dword : noise) dword = static_cast<uint32_t>(random());
      guest.memory.Put(soft_test::kPpgtt, base, noise);
    }
  }

  void RunBoth(const Dwords& commands) {
    guest.Batch(soft_test::Program({commands, soft_test::BatchEnd()}));
    guest.Ring(soft_test::BatchStart(soft_test::kBatch));
    for (const auto& [key, pages] : guest.memory.pages()) {
      if (key == 0) model_.pages[0] = pages;
      if (key == (BenchGuest::RootOf(0) | 1)) model_.pages[1] = pages;
    }
    const ModelRing ring{BenchGuest::RingOf(0), soft_test::kRingBytes,
                         guest.State(0, hw::kContextRingHead),
                         guest.State(0, hw::kContextRingTail)};
    EXPECT_EQ(model_.Run(ring, BenchGuest::LrcaOf(0), 100), ModelEnd::kDrained);
    EXPECT_EQ(guest.Run(), gpu::RunEnd::kDrained);
    EXPECT_TRUE(guest.memory.pages().at(BenchGuest::RootOf(0) | 1) == model_.pages[1]);
  }

  BenchGuest guest;

 private:
  SlowModel model_;
};

TEST(Blits, AgreeWithTheSlowModel) {
  for (uint64_t seed = 1; seed <= 300 && !testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    BlitGenerator generator(seed);
    BlitBench bench(seed);
    bench.RunBoth(soft_test::Program({generator.Control(), generator.Any(), generator.Any()}));
  }
}

TEST(Blits, AreDoneInPartsBetweenWhichTheEngineCanBeTaken) {
  BlitBench bench(1);
  constexpr uint32_t kTall = 1024;
  bench.guest.memory.Map(soft_test::kPpgtt, kFirst, kPitch * kTall);
  const Dwords fill{2u << 29 | 0x50u << 22 | 3u << 20 | 5,
                    3u << 24 | 0xf0u << 16 | kPitch,
                    0,
                    kTall << 16 | kPitch / 4,
                    Low32(kFirst),
                    High32(kFirst),
                    0x12345678};
  bench.guest.Batch(soft_test::Program({fill, soft_test::BatchEnd()}));
  bench.guest.Ring(soft_test::BatchStart(soft_test::kBatch));
  const std::atomic<bool> yield = true;
  ASSERT_TRUE(bench.guest.streamer->Load(BenchGuest::DescriptorOf(0)));
  unsigned slices = 0;
  while (bench.guest.streamer->Run({.yield = &yield}) == gpu::RunEnd::kSlice) ++slices;
  EXPECT_GE(slices, kPitch * kTall / gpu::soft::Blitter::kPartBytes);
  for (uint64_t at = 0; at < kPitch * kTall; at += 4092) {
    EXPECT_EQ(bench.guest.memory.Get(soft_test::kPpgtt, kFirst + at), 0x12345678u) << at;
  }
}

TEST(Blits, GoOnAtTheRowWhereTheContextWasTakenAway) {
  // The rectangle moves down by a row inside its own surface: no row may be copied twice.
  BlitBench bench(1);
  constexpr uint32_t kTall = 1024;
  bench.guest.memory.Map(soft_test::kPpgtt, kFirst, kPitch * kTall);
  for (uint32_t row = 0; row < kTall; ++row) {
    bench.guest.memory.Put(soft_test::kPpgtt, kFirst + row * kPitch, std::array{row});
  }
  const Dwords copy{2u << 29 | 0x53u << 22 | 3u << 20 | 8,
                    3u << 24 | 0xccu << 16 | kPitch,
                    1u << 16,
                    kTall << 16 | kPitch / 4,
                    Low32(kFirst),
                    High32(kFirst),
                    0,
                    kPitch,
                    Low32(kFirst),
                    High32(kFirst)};
  bench.guest.Batch(soft_test::Program({copy, soft_test::BatchEnd()}));
  bench.guest.Ring(soft_test::BatchStart(soft_test::kBatch));
  const std::atomic<bool> yield = true;
  gpu::SoftStreamer& streamer = *bench.guest.streamer;
  gpu::RunEnd end = gpu::RunEnd::kSlice;
  unsigned slices = 0;
  for (; end == gpu::RunEnd::kSlice && slices < 100; ++slices) {
    ASSERT_TRUE(streamer.Load(BenchGuest::DescriptorOf(0)));
    end = streamer.Run({.yield = &yield});
    streamer.Save();
  }
  EXPECT_EQ(end, gpu::RunEnd::kDrained);
  EXPECT_GE(slices, kPitch * kTall / gpu::soft::Blitter::kPartBytes);
  for (uint32_t row = 1; row < kTall; ++row) {
    EXPECT_EQ(bench.guest.memory.Get(soft_test::kPpgtt, kFirst + row * kPitch), row - 1) << row;
  }
}

// A page for every address.
SlowModel ModelWithoutEnd(const Dwords& commands) {
  SlowModel model(hw::Platform::kSkl, hw::Engine::kBcs);
  ModelPage ring{};
  std::copy(commands.begin(), commands.end(), ring.begin());
  model.pages[0][BenchGuest::RingOf(0) >> 12] = ring;
  model.source = [](hw::AddressSpace, uint64_t) { return ModelPage{}; };
  return model;
}

ModelEnd RunInRing(const Dwords& commands, SlowModel* model) {
  const auto tail = static_cast<uint32_t>(4 * commands.size());
  return model->Run({BenchGuest::RingOf(0), soft_test::kRingBytes, 0, tail}, BenchGuest::LrcaOf(0),
                    100);
}

Dwords FillOf(uint32_t width, uint32_t height, uint32_t pitch) {
  return {2u << 29 | 0x50u << 22 | 3u << 20 | 5,
          3u << 24 | 0xf0u << 16 | pitch,
          0,
          height << 16 | width,
          Low32(kFirst),
          High32(kFirst),
          1};
}

TEST(Blits, OfTheModelEndAtItsLimitOfBytes) {
  constexpr uint32_t kWidth = 1024;
  constexpr uint32_t kHeight = SlowModel::kMaxBlitBytes / kWidth / 4;
  const Dwords beyond = FillOf(kWidth, kHeight + 1, 0);
  SlowModel model = ModelWithoutEnd(beyond);
  EXPECT_EQ(RunInRing(beyond, &model), ModelEnd::kTooLong);
  EXPECT_TRUE(model.pages[1].empty());

  const Dwords largest = FillOf(0x7fff, 0x7fff, 0x7fff);
  SlowModel second = ModelWithoutEnd(largest);
  EXPECT_EQ(RunInRing(largest, &second), ModelEnd::kTooLong);
}

TEST(Blits, OfTheModelEndAtItsLimitOfPages) {
  // A column of pixels, each in pages of its own, again and again further down.
  Dwords columns;
  for (uint32_t i = 0; i < 3; ++i) {
    Dwords column = FillOf(1, 0x7fff, 0x7ffc);
    column[5] = i;
    columns.insert(columns.end(), column.begin(), column.end());
  }
  SlowModel model = ModelWithoutEnd(columns);
  EXPECT_EQ(RunInRing(columns, &model), ModelEnd::kTooLong);
  EXPECT_EQ(model.pages[1].size(), SlowModel::kMaxPages);
}

TEST(Blits, FaultAtAPageThatIsNotThere) {
  BenchGuest guest(hw::Engine::kBcs);
  const Dwords fill{2u << 29 | 0x50u << 22 | 3u << 20 | 5,
                    3u << 24 | 0xf0u << 16 | 64,
                    0,
                    2u << 16 | 16,
                    0x70000000,
                    0,
                    1};
  EXPECT_EQ(guest.RunBatch(fill), gpu::RunEnd::kFault);
  EXPECT_EQ(guest.registers.Read(0x4094) & 1, 1u);
}

}  // namespace
}  // namespace gvt::model
