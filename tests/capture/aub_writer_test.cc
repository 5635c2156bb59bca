#include "capture/aub_writer.h"

#include <gtest/gtest.h>

#include <functional>

#include "capture/aub_reader.h"
#include "files.h"
#include "hw/gtt_entry.h"

namespace gvt::capture {
namespace {

using testing::Bytes;
using testing::FromDwords;
using testing::ReadDwords;

constexpr uint32_t kMiBatchBufferEnd = 0x05000000;

FileResult<std::unique_ptr<AubReader>> OpenAub(std::span<const std::byte> bytes) {
  auto source = ByteSource::OpenMemory("written", bytes);
  EXPECT_TRUE(source.has_value());
  return AubReader::Open(std::move(source).value(), {});
}

TEST(AubWriter, WritesWhatTheReaderReads) {
  VectorSink sink;
  AubWriterOptions options;
  options.platform = hw::Platform::kBdw;
  options.pci_id = 0x1616;
  options.program = "a program with a name that is too long for the packet";
  AubWriter writer(&sink, options);
  const Gma batch(0x7f0000123000);
  for (unsigned i = 0; i < hw::kEngineCount; ++i) {
    const auto context = writer.CreateContext(static_cast<hw::Engine>(i));
    ASSERT_TRUE(context.has_value());
    EXPECT_EQ(*context, i);
    const uint32_t dwords[] = {0x1000 + i, kMiBatchBufferEnd};
    ASSERT_TRUE(writer.Write(batch, std::as_bytes(std::span(dwords))).has_value());
    ASSERT_TRUE(writer.SubmitBatch(i, batch).has_value());
  }
  ASSERT_TRUE(writer.ok());

  auto reader = OpenAub(sink.bytes());
  ASSERT_TRUE(reader.has_value()) << reader.error().Message();
  EXPECT_EQ((*reader)->info().platform, hw::Platform::kBdw);
  EXPECT_EQ((*reader)->info().pci_id, 0x1616);
  EXPECT_EQ((*reader)->info().producer, "PCI-ID=0x1616 a program with a ");
  Submission submission;
  for (unsigned i = 0; i < hw::kEngineCount; ++i) {
    ASSERT_EQ((*reader)->NextSubmission(&submission), NextResult::kSubmission);
    EXPECT_EQ(submission.engine, static_cast<hw::Engine>(i));
    EXPECT_EQ(submission.problem, SubmissionProblem::kNone);
    EXPECT_EQ(submission.context_id, i * 8 + i + 1);
    EXPECT_EQ(submission.ring.size_bytes, AubWriter::kRingBytes);
    const GpuMemory& memory = (*reader)->memory();
    EXPECT_EQ(ReadDwords(memory, hw::AddressSpace::kGgtt, submission.ring.start, 4),
              (std::vector<uint32_t>{0x18800101, 0x123000, 0x7f00, 0}));
    EXPECT_EQ(ReadDwords(memory, hw::AddressSpace::kPpgtt, batch, 2),
              (std::vector<uint32_t>{0x1000 + i, kMiBatchBufferEnd}));
  }
  EXPECT_EQ((*reader)->NextSubmission(&submission), NextResult::kEnd);
}

TEST(AubWriter, NamesEveryPlatform) {
  for (unsigned i = 0; i < hw::kPlatformCount; ++i) {
    VectorSink sink;
    AubWriterOptions options;
    options.platform = static_cast<hw::Platform>(i);
    options.pci_id = 0;  // readers fall back on the simulator's id
    AubWriter writer(&sink, options);
    auto reader = OpenAub(sink.bytes());
    ASSERT_TRUE(reader.has_value());
    EXPECT_EQ((*reader)->info().platform, options.platform);
  }
}

TEST(AubWriter, WritesOnlyWhatChanged) {
  VectorSink sink;
  AubWriter writer(&sink, {});
  const Gma at(0x200000 - 0x2000);
  Bytes data(4 * kPageSize, std::byte{0x5a});
  ASSERT_TRUE(writer.Write(at, data).has_value());
  const size_t first = sink.bytes().size();
  ASSERT_TRUE(writer.Write(at, data).has_value());
  EXPECT_EQ(sink.bytes().size(), first) << "nothing changed";
  data[3 * kPageSize + 9] = std::byte{1};
  ASSERT_TRUE(writer.Write(at, data).has_value());
  EXPECT_EQ(sink.bytes().size(), first + 20 + kPageSize) << "one page changed";
  ASSERT_TRUE(writer.Map(at, data.size()).has_value());
  EXPECT_EQ(sink.bytes().size(), first + 20 + kPageSize) << "all of it is mapped";
}

TEST(AubWriter, MapsPagesThatReadAsZero) {
  VectorSink sink;
  AubWriter writer(&sink, {});
  const Gma at((uint64_t{1} << 47) - 0x3000);  // ends where the canonical half ends
  ASSERT_TRUE(writer.Map(at, 0x3000).has_value());
  ASSERT_TRUE(writer.Write(Gma(0xffffffffffff0000), Bytes(4, std::byte{7})).has_value());
  ASSERT_TRUE(writer.CreateContext(hw::Engine::kRcs).has_value());
  ASSERT_TRUE(writer.SubmitBatch(0, at).has_value());
  auto reader = OpenAub(sink.bytes());
  ASSERT_TRUE(reader.has_value());
  Submission submission;
  ASSERT_EQ((*reader)->NextSubmission(&submission), NextResult::kSubmission);
  const GpuMemory& memory = (*reader)->memory();
  EXPECT_EQ(ReadDwords(memory, hw::AddressSpace::kPpgtt, at, 0x3000 / 4 + 1),
            std::vector<uint32_t>(0x3000 / 4));
  EXPECT_EQ(ReadDwords(memory, hw::AddressSpace::kPpgtt, Gma(0xffffffff0000), 1).at(0),
            0x07070707u);
}

TEST(AubWriter, PadsARingToEightBytes) {
  VectorSink sink;
  AubWriter writer(&sink, {});
  ASSERT_TRUE(writer.CreateContext(hw::Engine::kBcs).has_value());
  const std::array<uint32_t, 3> ring = {1, 2, 3};
  ASSERT_TRUE(writer.SubmitRing(0, ring).has_value());
  const testing::Replay replay = testing::ReplayMemory(sink.bytes());
  ASSERT_EQ(replay.rings.size(), 1u);
  EXPECT_EQ(replay.rings[0], (std::vector<uint32_t>{1, 2, 3, 0}));
}

TEST(AubWriter, RefusesArgumentsOutOfRange) {
  VectorSink sink;
  AubWriter writer(&sink, {});
  const auto code = [](const Result<void>& result) { return result.error().code; };
  EXPECT_EQ(code(writer.SubmitBatch(0, Gma(0))), ErrorCode::kInvalidArgument);
  ASSERT_TRUE(writer.CreateContext(hw::Engine::kRcs).has_value());
  EXPECT_EQ(code(writer.SubmitRing(0, {})), ErrorCode::kInvalidArgument);
  EXPECT_EQ(code(writer.SubmitRing(0, std::vector<uint32_t>(1023))), ErrorCode::kInvalidArgument);
  EXPECT_EQ(code(writer.Map(Gma((uint64_t{1} << 48) - 0x1000), 0x1001)),
            ErrorCode::kInvalidArgument);
  for (size_t i = 1; i < AubWriter::kMaxContexts; ++i) {
    ASSERT_TRUE(writer.CreateContext(hw::Engine::kVecs).has_value());
  }
  EXPECT_EQ(writer.CreateContext(hw::Engine::kVecs).error().code, ErrorCode::kNoSpace);
}

TEST(AubWriter, StopsAtItsLimit) {
  VectorSink sink;
  AubWriterOptions options;
  for (uint64_t pages = 0; pages < 5; ++pages) {  // four tables and a page
    options.live_bytes_limit = pages * kPageSize;
    AubWriter writer(&sink, options);
    const Result<void> result = writer.Write(Gma(0x1000), Bytes(1, std::byte{1}));
    ASSERT_FALSE(result.has_value());
    EXPECT_EQ(result.error().code, ErrorCode::kNoSpace);
  }
}

TEST(AubWriter, ReportsASinkThatFails) {
  FileSink sink("/nonexistent/folder/file.aub");
  EXPECT_FALSE(sink.is_open());
  AubWriter writer(&sink, {});
  EXPECT_FALSE(writer.ok());
  ASSERT_TRUE(writer.CreateContext(hw::Engine::kRcs).has_value());
  EXPECT_EQ(writer.SubmitBatch(0, Gma(0)).error().code, ErrorCode::kIo);
}

TEST(AubWriter, WritesFiles) {
  const std::string path = ::testing::TempDir() + "gvt_aub_writer_test.aub";
  {
    FileSink sink(path);
    ASSERT_TRUE(sink.is_open());
    AubWriter writer(&sink, {});
    ASSERT_TRUE(writer.CreateContext(hw::Engine::kRcs).has_value());
    ASSERT_TRUE(writer.SubmitBatch(0, Gma(0x1000)).has_value());
    EXPECT_TRUE(sink.Close());
    EXPECT_FALSE(sink.Write(Bytes(1)));
  }
  auto file = OpenCapture(path, {});
  ASSERT_TRUE(file.has_value());
  Submission submission;
  EXPECT_EQ((*file)->NextSubmission(&submission), NextResult::kSubmission);
  std::remove(path.c_str());
}

// Calls `visit` with the address of every page that a 4-level PPGTT maps.
void ForEachMappedPage(const MemoryImage& image, uint64_t table, unsigned level, uint64_t address,
                       const std::function<void(Gma)>& visit) {
  for (uint64_t i = 0; i < hw::kEntriesPerTable; ++i) {
    const hw::PpgttEntry entry(image.Load64(table + i * hw::kEntryBytes));
    if (!entry.present()) continue;
    const uint64_t here = address | i << (kPageShift + 9 * level);
    if (level == 0) {
      visit(Gma(here));
    } else {
      ForEachMappedPage(image, entry.address(), level - 1, here, visit);
    }
  }
}

struct Rewritten {
  std::vector<Submission> submissions;
  std::vector<std::vector<uint32_t>> rings;
  std::vector<uint64_t> content;  // of all mapped pages, hashed
};

// Reads a file; with a writer, writes all that its submissions see into it.
Rewritten Follow(const std::string& path, std::span<const std::byte> bytes, AubWriter* writer) {
  Rewritten seen;
  auto source = bytes.empty() ? ByteSource::OpenFile(path) : ByteSource::OpenMemory(path, bytes);
  EXPECT_TRUE(source.has_value());
  auto reader = AubReader::Open(std::move(source).value(), {});
  EXPECT_TRUE(reader.has_value());
  std::map<uint64_t, size_t> contexts;
  Submission submission;
  while ((*reader)->NextSubmission(&submission) == NextResult::kSubmission) {
    const AubMemory& memory = (*reader)->memory();
    const RingPart& ring = submission.ring;
    uint64_t hash = 14695981039346656037u;
    ForEachMappedPage(memory.image(), submission.pdp[0], 3, 0, [&](Gma page) {
      const std::span content(memory.Page(hw::AddressSpace::kPpgtt, page), kPageSize);
      hash = (hash ^ page.value) * 1099511628211u;
      for (const std::byte byte : content)
        hash = (hash ^ static_cast<uint64_t>(byte)) * 1099511628211u;
      if (writer != nullptr) {
        EXPECT_TRUE(writer->Write(page, content).has_value());
      }
    });
    seen.submissions.push_back(submission);
    seen.rings.push_back(ReadDwords(memory, hw::AddressSpace::kGgtt, ring.start + ring.head,
                                    (ring.tail - ring.head) / 4));
    seen.content.push_back(hash);
    if (writer == nullptr) continue;
    const uint64_t key = submission.lrca.value << 8 | static_cast<uint64_t>(submission.engine);
    if (!contexts.contains(key)) contexts[key] = *writer->CreateContext(submission.engine);
    EXPECT_TRUE(writer->SubmitRing(contexts[key], seen.rings.back()).has_value());
  }
  EXPECT_FALSE((*reader)->error());
  return seen;
}

class RewrittenCorpus : public ::testing::TestWithParam<const char*> {};

TEST_P(RewrittenCorpus, HasTheSameSubmissionsRingsAndPages) {
  VectorSink sink;
  AubWriter writer(&sink, {});
  const std::string path = std::string("bench/corpora/") + GetParam();
  const Rewritten before = Follow(path, {}, &writer);
  ASSERT_FALSE(before.submissions.empty());
  const Rewritten after = Follow("rewritten", sink.bytes(), nullptr);
  ASSERT_EQ(after.submissions.size(), before.submissions.size());
  EXPECT_EQ(after.rings, before.rings);
  EXPECT_EQ(after.content, before.content);
  for (size_t i = 0; i < after.submissions.size(); ++i) {
    EXPECT_EQ(after.submissions[i].engine, before.submissions[i].engine);
    EXPECT_EQ(after.submissions[i].problem, SubmissionProblem::kNone);
  }
}

INSTANTIATE_TEST_SUITE_P(AubWriter, RewrittenCorpus,
                         ::testing::Values("skl-igt-multiengine-nop.aub.xz",
                                           "skl-i965va-vp8dec.aub.xz", "bdw-iris-xs-atunnel.aub.xz",
                                           "skl-neonative-avgblur.aub.xz"));

}  // namespace
}  // namespace gvt::capture
