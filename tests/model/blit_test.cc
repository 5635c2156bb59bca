// Blits of the software streamer against the slow model: random rectangles leave the same memory.
#include <gtest/gtest.h>

#include <random>

#include "gpu/soft/blitter.h"
#include "tests/gpu_soft/bench_guest.h"
#include "tests/model/blit_generator.h"
#include "tools/model/slow_model.h"

namespace gvt::model {
namespace {

using soft_test::BenchGuest;
using soft_test::Dwords;

constexpr uint64_t kFirst = BlitGenerator::kFirst;
constexpr uint32_t kPitch = BlitGenerator::kPitch;

// Makes the guest and its twin, with the same noise in both surfaces.
class BlitBench {
 public:
  explicit BlitBench(uint64_t seed)
      : guest(hw::Engine::kBcs), model_(guest.platform, guest.engine) {
    guest.memory.Select(BenchGuest::RootOf(0));
    BlitGenerator::Fill(seed, guest.memory);
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
    // A row that meets a missing page is written in part.
    const ModelEnd end = model_.Run(ring, BenchGuest::LrcaOf(0), 100);
    EXPECT_EQ(guest.Run(), end == ModelEnd::kDrained ? gpu::RunEnd::kDrained : gpu::RunEnd::kFault);
    if (end != ModelEnd::kDrained) return;
    EXPECT_TRUE(guest.memory.pages().at(BenchGuest::RootOf(0) | 1) == model_.pages[1]);
  }
  uint64_t drawn_bytes() const { return model_.blitter.bytes; }

  BenchGuest guest;

 private:
  SlowModel model_;
};

TEST(Blits, AgreeWithTheSlowModel) {
  for (uint64_t seed = 1; seed <= 300 && !testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(static_cast<uint32_t>(seed));
    BlitGenerator generator([&] { return static_cast<uint32_t>(random()); });
    BlitBench bench(seed);
    bench.RunBoth(generator.Program(3));
  }
}

TEST(Blits, OfEveryCommandAgreeWithTheSlowModel) {
  for (const hw::CommandRow* row : BlitGenerator::Rows()) {
    SCOPED_TRACE(row->name);
    std::mt19937 random(row->value >> 22);
    BlitGenerator generator([&] { return static_cast<uint32_t>(random()); });
    uint64_t drawn = 0;
    for (unsigned i = 0; i < 12 && !testing::Test::HasFailure(); ++i) {
      BlitBench bench(i);
      bench.RunBoth(soft_test::Program({generator.Program(0), generator.CommandOf(*row)}));
      drawn += bench.drawn_bytes();
    }
    const bool only_sets = row->name.find("SETUP") != std::string_view::npos;
    EXPECT_EQ(drawn == 0, only_sets);
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
  constexpr uint32_t kHeight = SlowBlitter::kMaxBytes / kWidth / 4;
  const Dwords beyond = FillOf(kWidth, kHeight + 1, 0);
  SlowModel model = ModelWithoutEnd(beyond);
  EXPECT_EQ(RunInRing(beyond, &model), ModelEnd::kTooLong);
  EXPECT_TRUE(model.pages[1].empty());

  const Dwords largest = FillOf(0x7fff, 0x7fff, 0x7fff);
  SlowModel second = ModelWithoutEnd(largest);
  EXPECT_EQ(RunInRing(largest, &second), ModelEnd::kTooLong);
}

TEST(Blits, OfTheModelEndAtItsLimitOfPages) {
  // A column of pixels, each in a page of its own.
  constexpr uint64_t kPages = 1000;
  const Dwords column = FillOf(1, kPages + 1, 0x7ffc);
  SlowModel model = ModelWithoutEnd(column);
  model.max_pages = kPages;
  EXPECT_EQ(RunInRing(column, &model), ModelEnd::kTooLong);
  EXPECT_EQ(model.pages[1].size(), kPages);
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
