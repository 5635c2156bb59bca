#include "capture/capture_file.h"

#include <gtest/gtest.h>

#include "files.h"

namespace gvt::capture {
namespace {

using testing::Bytes;
using testing::FromDwords;
using testing::FromText;
using testing::ReplayMemory;
using testing::operator+;

ErrorCode CodeOf(const Bytes& bytes, const CaptureOptions& options = {}) {
  const testing::Replay replay = ReplayMemory(bytes, options);
  return replay.error ? replay.error->code : ErrorCode::kOk;
}

CaptureOptions RawOptions() {
  CaptureOptions options;
  options.platform = hw::Platform::kSkl;
  options.raw = RawBatchOptions{hw::Engine::kBcs, hw::AddressSpace::kPpgtt, Gma(0x40000)};
  return options;
}

TEST(CaptureFile, TellsKindsApartByTheirFirstBytes) {
  testing::AubBuilder aub;
  auto file = OpenCaptureMemory("a", aub.bytes(), {});
  ASSERT_TRUE(file.has_value());
  EXPECT_EQ(CaptureKindName((*file)->info().kind), "AUB");
  const Bytes text = FromText("PCI ID: 0x1912\n");
  file = OpenCaptureMemory("b", text, {});
  ASSERT_TRUE(file.has_value());
  EXPECT_EQ(CaptureKindName((*file)->info().kind), "error state");
  file = OpenCaptureMemory("c", text + FromText("\n"), RawOptions());
  ASSERT_TRUE(file.has_value()) << file.error().Message();
  EXPECT_EQ(CaptureKindName((*file)->info().kind), "raw batch");
}

TEST(CaptureFile, RefusesWhatIsNoCapture) {
  EXPECT_EQ(CodeOf({}), ErrorCode::kTruncated);
  EXPECT_EQ(CodeOf(FromText("abc")), ErrorCode::kTruncated);
  EXPECT_EQ(CodeOf(testing::Xz({})), ErrorCode::kTruncated);
  EXPECT_EQ(CodeOf(FromDwords(std::array<uint32_t, 2>{0x18800101, 0})), ErrorCode::kUnsupported);
  EXPECT_EQ(CodeOf(FromText("just some text\n")), ErrorCode::kUnsupported);
  EXPECT_EQ(OpenCapture("/nonexistent", {}).error().code, ErrorCode::kIo);
}

TEST(CaptureFile, ReadsCompressedCaptures) {
  testing::AubBuilder aub;
  aub.MapGgtt(1);
  for (const Bytes& bytes :
       {testing::Xz(aub.bytes()), testing::Zstd(aub.bytes()), testing::Gzip(aub.bytes())}) {
    const testing::Replay replay = ReplayMemory(bytes);
    EXPECT_FALSE(replay.error);
    EXPECT_EQ(replay.progress.stream_bytes, aub.bytes().size());
    EXPECT_EQ(replay.progress.input_bytes, bytes.size());
    EXPECT_EQ(replay.progress.live_bytes, kPageSize);
  }
}

TEST(CaptureFile, YieldsWhatCameBeforeTheCutOfACompressedFile) {
  const Bytes whole = testing::ReadWholeFile("bench/corpora/bdw-iris-xs-atunnel.aub.xz");
  const testing::Replay replay = ReplayMemory(std::span(whole).first(whole.size() - 100));
  ASSERT_TRUE(replay.error);
  EXPECT_EQ(replay.error->code, ErrorCode::kTruncated);
  EXPECT_GT(replay.submissions.size(), 10u);
}

TEST(RawBatchReader, YieldsTheFileAsOneBatch) {
  const Bytes bytes = FromDwords(std::array<uint32_t, 3>{1, 2, 0x05000000});
  auto file = OpenCaptureMemory("raw", bytes, RawOptions());
  ASSERT_TRUE(file.has_value());
  Submission submission;
  ASSERT_EQ((*file)->NextSubmission(&submission), NextResult::kSubmission);
  EXPECT_EQ(submission.engine, hw::Engine::kBcs);
  EXPECT_EQ(submission.kind, SubmissionKind::kBatch);
  EXPECT_EQ(submission.addressing, AddressingMode::kFlatObjects);
  EXPECT_EQ(submission.batch.start.value, 0x40000u);
  EXPECT_EQ(submission.batch.size_bytes, 12u);
  EXPECT_EQ(submission.batch.space, hw::AddressSpace::kPpgtt);
  EXPECT_EQ(testing::ReadDwords((*file)->memory(), hw::AddressSpace::kPpgtt, Gma(0x40000), 3),
            (std::vector<uint32_t>{1, 2, 0x05000000}));
  EXPECT_EQ((*file)->NextSubmission(&submission), NextResult::kEnd);
  EXPECT_FALSE((*file)->error());
  EXPECT_EQ((*file)->progress().live_bytes, kPageSize);
}

TEST(RawBatchReader, RefusesWhatIsNotWholeDwords) {
  EXPECT_EQ(CodeOf({}, RawOptions()), ErrorCode::kTruncated);
  EXPECT_EQ(CodeOf(Bytes(7), RawOptions()), ErrorCode::kTruncated);
  CaptureOptions options = RawOptions();
  options.raw->start = Gma(2);
  EXPECT_EQ(CodeOf(Bytes(8), options), ErrorCode::kTruncated);
}

TEST(RawBatchReader, NeedsAPlatformAndRoom) {
  CaptureOptions options = RawOptions();
  options.platform.reset();
  EXPECT_EQ(CodeOf(Bytes(8), options), ErrorCode::kUnsupported);
  options = RawOptions();
  options.raw->space = hw::AddressSpace::kGgtt;
  options.raw->start = Gma(0xfffffffc);
  EXPECT_EQ(CodeOf(Bytes(4), options), ErrorCode::kOk);
  EXPECT_EQ(CodeOf(Bytes(8), options), ErrorCode::kUnsupported);
}

TEST(RawBatchReader, StopsAtItsLimits) {
  CaptureOptions options = RawOptions();
  options.object_bytes_limit = 4;
  EXPECT_EQ(CodeOf(Bytes(4), options), ErrorCode::kOk);
  EXPECT_EQ(CodeOf(Bytes(8), options), ErrorCode::kNoSpace);
  options = RawOptions();
  options.live_bytes_limit = kPageSize;
  EXPECT_EQ(CodeOf(Bytes(kPageSize), options), ErrorCode::kOk);
  EXPECT_EQ(CodeOf(Bytes(kPageSize + 4), options), ErrorCode::kNoSpace);
}

TEST(RawBatchReader, PassesOnDamageOfItsInput) {
  Bytes xz = testing::Xz(Bytes(1000));
  xz.resize(xz.size() - 4);
  EXPECT_EQ(CodeOf(xz, RawOptions()), ErrorCode::kTruncated);
}

TEST(Submission, NamesItsProblems) {
  for (int i = 0; i <= static_cast<int>(SubmissionProblem::kNothingToRun); ++i) {
    EXPECT_NE(ProblemName(static_cast<SubmissionProblem>(i)), "unknown");
  }
  EXPECT_EQ(ProblemName(SubmissionProblem{99}), "unknown");
  EXPECT_EQ(CaptureKindName(CaptureKind{99}), "unknown");
}

}  // namespace
}  // namespace gvt::capture
