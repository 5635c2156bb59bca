// Damaged files: cut anywhere, bits flipped anywhere, lengths and addresses replaced. A reader ends
// with submissions and either nothing to complain about or an error with a place; under the
// sanitizers it also proves that it touched nothing else.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <random>

#include "capture/aub_writer.h"
#include "capture/byte_source.h"
#include "files.h"

namespace gvt::capture {
namespace {

using testing::Bytes;
using testing::Replay;
using testing::ReplayMemory;

CaptureOptions SmallLimits() {
  CaptureOptions options;
  options.live_bytes_limit = 16 << 20;
  options.object_bytes_limit = 1 << 20;
  return options;
}

// A file that has everything in few bytes: two engines, several pages, rewritten pages.
Bytes SmallAub() {
  VectorSink sink;
  AubWriter writer(&sink, {});
  for (const auto engine : {hw::Engine::kRcs, hw::Engine::kVcs}) {
    EXPECT_TRUE(writer.CreateContext(engine).has_value());
  }
  for (uint32_t i = 0; i < 6; ++i) {
    const std::array<uint32_t, 3> batch = {0x02000000, i, 0x05000000};
    EXPECT_TRUE(
        writer.Write(Gma(0x10000 + 0x1000 * i), std::as_bytes(std::span(batch))).has_value());
    EXPECT_TRUE(writer.SubmitBatch(i % 2, Gma(0x10000 + 0x1000 * i)).has_value());
  }
  return sink.bytes();
}

void ExpectPlaceAndReason(const Replay& replay, size_t file_bytes) {
  if (!replay.error) return;
  EXPECT_NE(replay.error->code, ErrorCode::kOk);
  EXPECT_LE(replay.error->offset, file_bytes);
  EXPECT_EQ(replay.error->file, "memory");
  EXPECT_FALSE(replay.error->reason.empty());
}

TEST(DamagedAub, IsWholeIfItEndsAtAPacketBoundaryAndTruncatedElsewhere) {
  const Bytes whole = SmallAub();
  const auto boundaries = testing::PacketBoundaries(whole);
  ASSERT_GE(boundaries.size(), 100u);
  const size_t all = ReplayMemory(whole).submissions.size();
  EXPECT_EQ(all, 6u);
  size_t last = 0;
  for (const uint64_t boundary : boundaries) {
    for (const uint64_t cut : {boundary, boundary + 1, boundary + 4, boundary + 7, boundary + 21}) {
      if (cut == 0 || cut > whole.size()) continue;
      const Replay replay = ReplayMemory(std::span(whole).first(cut));
      const bool at_boundary = std::binary_search(boundaries.begin(), boundaries.end(), cut);
      EXPECT_EQ(replay.error.has_value(), !at_boundary) << cut;
      if (replay.error) {
        EXPECT_EQ(replay.error->code, ErrorCode::kTruncated) << cut;
        ExpectPlaceAndReason(replay, cut);
      }
      EXPECT_LE(replay.submissions.size(), all);
    }
    const size_t now = ReplayMemory(std::span(whole).first(boundary)).submissions.size();
    EXPECT_GE(now, last) << "a longer file never has fewer submissions";
    last = now;
  }
}

TEST(DamagedAub, OfTheCorpusIsCutCleanly) {
  const Bytes xz = testing::ReadWholeFile("bench/corpora/skl-igt-multiengine-nop.aub.xz");
  auto source = ByteSource::OpenMemory("corpus", xz);
  ASSERT_TRUE(source.has_value());
  Bytes whole(1 << 20);
  whole.resize((*source)->Read(whole));
  const auto boundaries = testing::PacketBoundaries(whole);
  size_t checked = 0;
  for (size_t i = 1; i < boundaries.size(); i += 7) {
    const Replay at = ReplayMemory(std::span(whole).first(boundaries[i]));
    EXPECT_FALSE(at.error);
    const Replay inside = ReplayMemory(std::span(whole).first(boundaries[i] - 1 - i % 3));
    ASSERT_TRUE(inside.error);
    EXPECT_EQ(inside.error->code, ErrorCode::kTruncated);
    ++checked;
  }
  EXPECT_GT(checked, 50u);
}

TEST(DamagedAub, WithFlippedBitsEndsInOrder) {
  const Bytes whole = SmallAub();
  std::mt19937 random(20);
  for (int round = 0; round < 3000; ++round) {
    Bytes bytes = whole;
    for (auto flips = 1 + random() % 4; flips > 0; --flips) {
      bytes[random() % bytes.size()] ^= static_cast<std::byte>(1u << random() % 8);
    }
    ExpectPlaceAndReason(ReplayMemory(bytes, SmallLimits()), bytes.size());
  }
}

TEST(DamagedAub, WithReplacedDwordsEndsInOrder) {
  const Bytes whole = SmallAub();
  // Values that sit at limits of the format: page tables that point to themselves, rings at the end
  // of memory, huge counts.
  const std::array<uint32_t, 12> evil = {0,          1,          0xffffffff, 0x80000000,
                                         0xf7060004, 0x1003,     0xfffff001, 0x0000ffff,
                                         0x001ff001, 0x40000000, 0xa0000000, 0xe0c1ffff};
  std::mt19937 random(21);
  for (int round = 0; round < 3000; ++round) {
    Bytes bytes = whole;
    for (auto n = 1 + random() % 3; n > 0; --n) {
      const size_t at = random() % (bytes.size() / 4) * 4;
      std::memcpy(&bytes[at], &evil[random() % evil.size()], 4);
    }
    ExpectPlaceAndReason(ReplayMemory(bytes, SmallLimits()), bytes.size());
  }
}

TEST(DamagedErrorState, EndsInOrder) {
  const Bytes whole = testing::ReadWholeFile("tests/capture/data/sample-error-state.txt");
  std::mt19937 random(22);
  for (int round = 0; round < 2000; ++round) {
    Bytes bytes = whole;
    if (round % 3 == 0) bytes.resize(1 + random() % bytes.size());
    for (auto n = random() % 5; n > 0; --n) {
      bytes[random() % bytes.size()] =
          static_cast<std::byte>(random() % 2 != 0 ? random() : '0' + random() % 80);
    }
    ExpectPlaceAndReason(ReplayMemory(bytes, SmallLimits()), bytes.size());
  }
}

TEST(DamagedCompression, EndsInOrder) {
  const Bytes plain = SmallAub();
  std::mt19937 random(23);
  for (const Bytes& whole : {testing::Xz(plain), testing::Zstd(plain), testing::Gzip(plain)}) {
    for (int round = 0; round < 300; ++round) {
      Bytes bytes = whole;
      for (auto n = 1 + random() % 3; n > 0; --n)
        bytes[random() % bytes.size()] = static_cast<std::byte>(random());
      ExpectPlaceAndReason(ReplayMemory(bytes, SmallLimits()), plain.size() + bytes.size());
    }
  }
}

TEST(HostileAub, OfOneByteInEachOfManyPagesStaysBelowTheLimit) {
  testing::AubBuilder builder;
  const std::byte one{1};
  for (uint64_t i = 0; i < 10'000; ++i) {
    builder.packets().MemoryWrite(AubSpace::kPhysical, i * 0x7fff'f000 % (uint64_t{1} << 46),
                                  std::span(&one, 1));
  }
  const Replay replay = ReplayMemory(builder.bytes(), SmallLimits());
  ASSERT_TRUE(replay.error);
  EXPECT_EQ(replay.error->code, ErrorCode::kNoSpace);
  EXPECT_EQ(replay.progress.live_bytes, SmallLimits().live_bytes_limit);
}

TEST(HostileAub, WithTablesThatPointToThemselvesIsWalkedInFourSteps) {
  testing::AubBuilder builder;
  builder.MapGgtt(0x10);
  builder.Write64(AubSpace::kPhysical, 0x5000, 0x5003);
  builder.Context(0x20000, 0x10000, 1, 0, 8, 0x5000);
  builder.Elsp(hw::Engine::kRcs, 0, 0x20000 | 0x19);
  auto file = OpenCaptureMemory("memory", builder.bytes(), {});
  ASSERT_TRUE(file.has_value());
  Submission submission;
  ASSERT_EQ((*file)->NextSubmission(&submission), NextResult::kSubmission);
  EXPECT_EQ(testing::ReadDwords((*file)->memory(), hw::AddressSpace::kPpgtt, Gma(0), 1).at(0),
            0x5003u);
}

}  // namespace
}  // namespace gvt::capture
