#include "capture/byte_source.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <random>

#include "files.h"

namespace gvt::capture {
namespace {

using testing::Bytes;
using testing::FromText;
using testing::operator+;

// Compresses badly enough that every decoder needs several calls.
Bytes Noise(size_t size) {
  std::mt19937 random(7);
  Bytes bytes(size);
  for (std::byte& byte : bytes) byte = static_cast<std::byte>(random() & 0x3f);
  return bytes;
}

struct Outcome {
  Bytes bytes;
  std::optional<FileError> error;
};

Outcome ReadAll(ByteSource* source, size_t step = 10000) {
  Outcome outcome;
  for (;;) {
    const auto piece = source->Take(step);
    if (piece.empty()) break;
    EXPECT_LE(piece.size(), step);
    outcome.bytes.insert(outcome.bytes.end(), piece.begin(), piece.end());
  }
  EXPECT_EQ(source->offset(), outcome.bytes.size());
  outcome.error = source->error();
  return outcome;
}

Outcome ReadMemory(const Bytes& stored) {
  auto source = ByteSource::OpenMemory("memory", stored);
  EXPECT_TRUE(source.has_value());
  return ReadAll(source->get());
}

class TemporaryFile {
 public:
  explicit TemporaryFile(const Bytes& bytes) {
    const int fd = mkstemp(path_.data());
    EXPECT_GE(fd, 0);
    EXPECT_EQ(write(fd, bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
    close(fd);
  }
  ~TemporaryFile() { unlink(path_.c_str()); }
  const std::string& path() const { return path_; }

 private:
  std::string path_ = ::testing::TempDir() + "gvt_byte_source_XXXXXX";
};

class Compressed : public ::testing::TestWithParam<Bytes (*)(std::span<const std::byte>)> {};

TEST_P(Compressed, GivesTheBytesBack) {
  const Bytes plain = Noise(700'000);
  const Outcome outcome = ReadMemory(GetParam()(plain));
  EXPECT_FALSE(outcome.error);
  EXPECT_EQ(outcome.bytes, plain);
}

TEST_P(Compressed, JoinsConcatenatedStreams) {
  const Bytes a = Noise(100'000);
  const Bytes b = FromText("and then some");
  const Outcome outcome = ReadMemory(GetParam()(a) + GetParam()(b));
  EXPECT_FALSE(outcome.error);
  EXPECT_EQ(outcome.bytes, a + b);
}

TEST_P(Compressed, GivesTheBytesBackFromAFile) {
  const Bytes plain = Noise(300'000);
  const TemporaryFile file(GetParam()(plain));
  auto source = ByteSource::OpenFile(file.path());
  ASSERT_TRUE(source.has_value());
  const Outcome outcome = ReadAll(source->get());
  EXPECT_FALSE(outcome.error);
  EXPECT_EQ(outcome.bytes, plain);
  EXPECT_EQ((*source)->input_bytes(), (*source)->input_bytes_total());
  EXPECT_NE((*source)->input_bytes_total(), 0u);
}

TEST_P(Compressed, SaysThatAStreamEndsEarly) {
  const Bytes plain = Noise(100'000);
  const Bytes whole = GetParam()(plain);
  for (size_t cut : {size_t{7}, size_t{30}, whole.size() / 2, whole.size() - 1}) {
    const Outcome outcome =
        ReadMemory(Bytes(whole.begin(), whole.begin() + static_cast<ptrdiff_t>(cut)));
    ASSERT_TRUE(outcome.error) << cut;
    EXPECT_EQ(outcome.error->code, ErrorCode::kTruncated) << cut;
    EXPECT_EQ(outcome.error->offset, outcome.bytes.size()) << cut;
    EXPECT_EQ(outcome.error->file, "memory");
  }
}

TEST_P(Compressed, SaysThatAStreamIsDamaged) {
  Bytes stored = GetParam()(Noise(100'000));
  for (size_t i = stored.size() / 2; i < stored.size() / 2 + 64; ++i) stored[i] ^= std::byte{0xff};
  const Outcome outcome = ReadMemory(stored);
  ASSERT_TRUE(outcome.error);
  EXPECT_EQ(outcome.error->code, ErrorCode::kCorrupt);
}

TEST_P(Compressed, RefusesJunkAfterTheStream) {
  const Outcome outcome =
      ReadMemory(GetParam()(FromText("x")) + FromText("junk that is no stream"));
  ASSERT_TRUE(outcome.error);
  EXPECT_EQ(outcome.error->code, ErrorCode::kCorrupt);
}

INSTANTIATE_TEST_SUITE_P(ByteSource, Compressed,
                         ::testing::Values(&testing::Xz, &testing::Zstd, &testing::Gzip));

TEST(ByteSource, GivesPlainBytesWithoutCopying) {
  const Bytes plain = Noise(50'000);
  auto source = ByteSource::OpenMemory("memory", plain);
  ASSERT_TRUE(source.has_value());
  const auto all = (*source)->Take(plain.size());
  EXPECT_EQ(all.data(), plain.data());
  EXPECT_EQ(all.size(), plain.size());
  EXPECT_TRUE((*source)->Take(1).empty());
  EXPECT_FALSE((*source)->error());
}

TEST(ByteSource, ReadsPlainFiles) {
  const Bytes plain = Noise(200'000);
  const TemporaryFile file(plain);
  auto source = ByteSource::OpenFile(file.path());
  ASSERT_TRUE(source.has_value());
  EXPECT_EQ((*source)->name(), file.path());
  EXPECT_EQ((*source)->Peek(4096).size(), 4096u);
  EXPECT_EQ(ReadAll(source->get(), 777).bytes, plain);
}

TEST(ByteSource, PeeksAcrossBuffersWithoutConsuming) {
  const Bytes plain = Noise(200'000);
  const TemporaryFile file(plain);
  auto source = ByteSource::OpenFile(file.path());
  ASSERT_TRUE(source.has_value());
  Bytes seen;
  while (true) {
    const auto peeked = (*source)->Peek(ByteSource::kMaxPeekBytes);
    if (peeked.empty()) break;
    seen.insert(seen.end(), peeked.begin(), peeked.end());
    EXPECT_EQ((*source)->Skip(peeked.size()), peeked.size());
  }
  EXPECT_EQ(seen, plain);
}

TEST(ByteSource, ReadsAndSkipsUpToTheEnd) {
  const Bytes plain = Noise(1000);
  auto source = ByteSource::OpenMemory("memory", plain);
  ASSERT_TRUE(source.has_value());
  Bytes out(600);
  EXPECT_EQ((*source)->Read(out), 600u);
  EXPECT_EQ((*source)->Skip(100), 100u);
  EXPECT_EQ((*source)->Read(out), 300u);
  EXPECT_EQ((*source)->Read(out), 0u);
  EXPECT_EQ((*source)->Skip(5), 0u);
  EXPECT_EQ((*source)->offset(), 1000u);
}

TEST(ByteSource, NamesAFileThatIsNotThere) {
  auto source = ByteSource::OpenFile("/nonexistent/file.aub");
  ASSERT_FALSE(source.has_value());
  EXPECT_EQ(source.error().code, ErrorCode::kIo);
  EXPECT_EQ(source.error().Message(),
            "/nonexistent/file.aub: offset 0: " + std::string(ErrorCodeName(ErrorCode::kIo)) +
                ": No such file or directory");
}

TEST(ByteSource, NamesADirectory) {
  auto source = ByteSource::OpenFile("/tmp");
  ASSERT_FALSE(source.has_value());
  EXPECT_EQ(source.error().code, ErrorCode::kIo);
}

TEST(ByteSource, RefusesAZstdWindowThatNeedsTooMuchMemory) {
  // A frame header that asks for a 2^31 byte window. RFC 8878, 3.1.1.1.2.
  const Bytes frame = testing::FromDwords(std::array<uint32_t, 4>{0xfd2fb528, 0x0000a800, 0, 0});
  const Outcome outcome = ReadMemory(frame);
  ASSERT_TRUE(outcome.error);
  EXPECT_EQ(outcome.error->code, ErrorCode::kNoSpace);
}

TEST(Decompressor, KnowsFormatsByTheirMagicBytes) {
  EXPECT_EQ(DetectCompression({}), Compression::kNone);
  EXPECT_EQ(DetectCompression(FromText("plain text")), Compression::kNone);
  EXPECT_EQ(DetectCompression(testing::Xz({})), Compression::kXz);
  EXPECT_EQ(DetectCompression(testing::Zstd({})), Compression::kZstd);
  EXPECT_EQ(DetectCompression(testing::Gzip({})), Compression::kGzip);
  EXPECT_EQ(MakeDecompressor(Compression::kNone), nullptr);
}

}  // namespace
}  // namespace gvt::capture
