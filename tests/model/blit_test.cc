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
