#include <gtest/gtest.h>

#include <cstring>

#include "capture/capture_file.h"
#include "capture/error_state_object.h"
#include "capture/text_cursor.h"
#include "files.h"

namespace gvt::capture {
namespace {

using testing::Bytes;
using testing::FromDwords;
using testing::FromText;
using testing::ReadDwords;
using testing::ReplayMemory;

// The kernel's ASCII85 of whole words.
std::string Ascii85(Bytes bytes) {
  bytes.resize((bytes.size() + 3) / 4 * 4);
  std::string text;
  for (size_t i = 0; i < bytes.size(); i += 4) {
    uint32_t word = 0;
    std::memcpy(&word, &bytes[i], 4);
    if (word == 0) {
      text += 'z';
      continue;
    }
    char digits[5];
    for (int d = 4; d >= 0; --d) {
      digits[d] = static_cast<char>('!' + word % 85);
      word /= 85;
    }
    text.append(digits, 5);
  }
  return text;
}

// A contents line: its mark, the words, its end.
std::string Line(char mark, const Bytes& bytes) {
  std::string line(1, mark);
  line += Ascii85(bytes);
  line += '\n';
  return line;
}
std::string Plain(const Bytes& bytes) {
  return Line('~', bytes);
}
std::string Deflated(const Bytes& bytes) {
  return Line(':', testing::Zlib(bytes));
}
Bytes Dwords(std::initializer_list<uint32_t> dwords) {
  return FromDwords(std::vector<uint32_t>(dwords));
}
// Ring content: a page with some dwords at its start.
Bytes Ring(std::initializer_list<uint32_t> dwords) {
  Bytes bytes = Dwords(dwords);
  bytes.resize(kPageSize);
  return bytes;
}

struct Decoded {
  ObjectStatus status;
  Bytes bytes;
  uint64_t end;
};

Decoded Decode(const std::string& line, uint64_t limit = 1 << 20) {
  const Bytes stored = FromText(line);
  auto source = ByteSource::OpenMemory("object", stored);
  TextCursor cursor(source->get());
  Decoded decoded{};
  decoded.status = DecodeObject(&cursor, limit, [&](std::span<const std::byte> bytes) {
    decoded.bytes.insert(decoded.bytes.end(), bytes.begin(), bytes.end());
    return true;
  });
  decoded.end = cursor.offset();
  return decoded;
}

TEST(TextCursor, ReadsLinesOfAnyLength) {
  const Bytes text = FromText("one\r\n\n" + std::string(100'000, 'x') + "\nlast");
  auto source = ByteSource::OpenMemory("text", text);
  TextCursor cursor(source->get());
  std::string line;
  ASSERT_TRUE(cursor.ReadLine(&line));
  EXPECT_EQ(line, "one");
  EXPECT_EQ(cursor.offset(), 5u);
  ASSERT_TRUE(cursor.ReadLine(&line));
  EXPECT_EQ(line, "");
  ASSERT_TRUE(cursor.ReadLine(&line));
  EXPECT_EQ(line, std::string(TextCursor::kMaxLineBytes, 'x'));
  ASSERT_TRUE(cursor.ReadLine(&line));
  EXPECT_EQ(line, "last");
  EXPECT_FALSE(cursor.ReadLine(&line));
  EXPECT_EQ(cursor.Peek(), TextCursor::kEnd);
}

TEST(ErrorStateObject, DecodesPlainAndDeflatedContents) {
  Bytes bytes(300'000);
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::byte>(i / 7 * i);
  for (const std::string& line : {Plain(bytes), Deflated(bytes)}) {
    const Decoded decoded = Decode(line + "next");
    EXPECT_EQ(decoded.status, ObjectStatus::kOk);
    EXPECT_EQ(decoded.bytes, bytes);
    EXPECT_EQ(decoded.end, line.size());
  }
}

TEST(ErrorStateObject, AcceptsALastLineWithoutItsEnd) {
  EXPECT_EQ(Decode("~zz").bytes.size(), 8u);
  EXPECT_EQ(Decode("~zz\r\n").bytes.size(), 8u);
  EXPECT_EQ(Decode("~\n").status, ObjectStatus::kOk);
}

TEST(ErrorStateObject, RefusesTextThatIsNotAscii85) {
  for (const char* line : {"", "zz", "~zz!!\n", "~!!!!\n", "~!!!!", "~zz zz\n", "~vvvvv\n",
                           "~!!z!!\n", "~s8W-\"\n", "~uuuuu\n", "~\x80\n", "~y\n"}) {
    EXPECT_EQ(Decode(line).status, ObjectStatus::kBadText) << line;
  }
  EXPECT_EQ(Decode("~s8W-!\n").bytes, Dwords({0xffffffff})) << "the largest word";
}

TEST(ErrorStateObject, RefusesBadAndCutStreams) {
  EXPECT_EQ(Decode("~zz\n").status, ObjectStatus::kOk);
  EXPECT_EQ(Decode(":zz\n").status, ObjectStatus::kBadStream);
  EXPECT_EQ(Decode(":\n").status, ObjectStatus::kCutStream);
  Bytes stream = testing::Zlib(Bytes(100'000, std::byte{3}));
  stream.resize(stream.size() / 4 * 4 - 8);
  EXPECT_EQ(Decode(Line(':', stream)).status, ObjectStatus::kCutStream);
}

TEST(ErrorStateObject, StopsAtItsLimit) {
  const Bytes bomb(10 << 20);
  EXPECT_EQ(Decode(Deflated(bomb), bomb.size()).status, ObjectStatus::kOk);
  const Decoded decoded = Decode(Deflated(bomb), 1 << 20);
  EXPECT_EQ(decoded.status, ObjectStatus::kTooLarge);
  EXPECT_LE(decoded.bytes.size(), size_t{1} << 20);
  EXPECT_EQ(Decode(Plain(Bytes(400)), 399).status, ObjectStatus::kTooLarge);
}

TEST(ErrorStateReader, ReadsTheSample) {
  const Bytes text = testing::ReadWholeFile("tests/capture/data/sample-error-state.txt");
  auto file = OpenCaptureMemory("sample", text, {});
  ASSERT_TRUE(file.has_value()) << file.error().Message();
  EXPECT_EQ((*file)->info().platform, hw::Platform::kSkl);
  EXPECT_EQ((*file)->info().pci_id, 0x1912);
  EXPECT_EQ((*file)->info().producer, "Kernel: 6.1.0-generated x86_64");
  Submission submission;
  ASSERT_EQ((*file)->NextSubmission(&submission), NextResult::kSubmission);
  EXPECT_EQ(submission.engine, hw::Engine::kRcs);
  EXPECT_EQ(submission.kind, SubmissionKind::kRing);
  EXPECT_EQ(submission.problem, SubmissionProblem::kNone);
  EXPECT_EQ(submission.addressing, AddressingMode::kFlatObjects);
  EXPECT_TRUE(submission.has_context);
  EXPECT_EQ(submission.lrca.value, 0x2000u);
  EXPECT_EQ(submission.pdp[0], 0x1000u);
  EXPECT_EQ(submission.ring.start.value, 0x1000u);
  EXPECT_EQ(submission.ring.tail, 16u);
  const Gma batch(0xfffefffee000 & ((uint64_t{1} << 48) - 1));
  EXPECT_EQ(submission.batch.start, batch);
  EXPECT_EQ(ReadDwords((*file)->memory(), hw::AddressSpace::kGgtt, submission.ring.start, 4),
            (std::vector<uint32_t>{0x18800101, 0xfffee000, 0xfffe, 0}));
  const auto head = ReadDwords((*file)->memory(), hw::AddressSpace::kPpgtt, batch, 1);
  ASSERT_EQ(head.size(), 1u);
  EXPECT_NE(head[0], 0u);
  EXPECT_EQ((*file)->NextSubmission(&submission), NextResult::kEnd);
}

const std::string kHead = "GPU HANG\nPCI ID: 0x5916\n";

TEST(ErrorStateReader, AcceptsOlderNamesAnyCaseAndAnySpacing) {
  const std::string text = kHead +
                           "blt command stream:\n"
                           "\tHEAD:0x00000010 [  0x00000008 ]\n"
                           "  TAIL :   0x00000018\n"
                           "  START: 0x00004000\n"
                           "  CTL:   0x00000001\n"
                           "  SOMETHING: new\n"
                           "  no colon here\n"
                           "blitter ring --- Gtt_Offset = 0x00000001 00002000\n" +
                           Plain(Dwords({0xaa, 0xbb})) +
                           "blt ring --- RingBuffer = 0x00000000 00004000\n" +
                           "gtt_page_sizes = 0x00010000\n" + Deflated(Ring({1, 2, 3, 4, 5, 6})) +
                           "bcs0 --- unknown thing = 0x00000000 00009000\n~zz\n" +
                           "global --- GuC log buffer = 0x00000000 00000000\n:zz\n";
  const Bytes bytes = FromText(text);
  const testing::Replay replay = ReplayMemory(bytes);
  ASSERT_FALSE(replay.error) << replay.error->Message();
  ASSERT_EQ(replay.submissions.size(), 1u);
  const Submission& s = replay.submissions[0];
  EXPECT_EQ(s.engine, hw::Engine::kBcs);
  EXPECT_EQ(s.file_offset, kHead.size());
  EXPECT_EQ(s.ring.head, 8u);
  EXPECT_EQ(s.ring.tail, 24u);
  EXPECT_EQ(s.batch.start.value, 0x100002000u);
  EXPECT_EQ(s.batch.size_bytes, 8u);
  EXPECT_EQ(replay.rings[0], (std::vector<uint32_t>{3, 4, 5, 6}));
}

TEST(ErrorStateReader, YieldsEveryEngineWithItsOwnMemory) {
  std::string text = kHead;
  for (const char* engine : {"vcs1", "vecs0", "rcs0"}) {
    text += std::string(engine) + " command stream:\n";
    text += std::string(engine) + " --- batch = 0x00000000 00001000\n" +
            Plain(Dwords({static_cast<uint32_t>(engine[1])}));
  }
  const Bytes bytes = FromText(text);
  auto file = OpenCaptureMemory("engines", bytes, {});
  ASSERT_TRUE(file.has_value());
  Submission submission;
  for (const auto& [engine, letter] :
       {std::pair{hw::Engine::kVcs2, 'c'}, std::pair{hw::Engine::kVecs, 'e'},
        std::pair{hw::Engine::kRcs, 'c'}}) {
    ASSERT_EQ((*file)->NextSubmission(&submission), NextResult::kSubmission);
    EXPECT_EQ(submission.engine, engine);
    EXPECT_EQ(submission.kind, SubmissionKind::kBatch);
    EXPECT_EQ(submission.problem, SubmissionProblem::kNone);
    EXPECT_EQ(ReadDwords((*file)->memory(), hw::AddressSpace::kPpgtt, Gma(0x1000), 1).at(0),
              static_cast<uint32_t>(letter));
  }
  EXPECT_EQ((*file)->NextSubmission(&submission), NextResult::kEnd);
}

TEST(ErrorStateReader, TakesTheRequestsTailIfTheRegistersBelongToAnotherRing) {
  const std::string text = kHead +
                           "rcs0 command stream:\n  START: 0x00008000\n"
                           "  HEAD: 0x00000100 [0x00000000]\n"
                           "  TAIL: 0x00000200 [0x00000010, 0x00000018]\n"
                           "rcs0 --- ring = 0x00000000 00004000\n" +
                           Plain(Ring({1}));
  const testing::Replay replay = ReplayMemory(FromText(text));
  ASSERT_EQ(replay.submissions.size(), 1u);
  EXPECT_EQ(replay.submissions[0].ring.head, 0u);
  EXPECT_EQ(replay.submissions[0].ring.tail, 0x18u);
}

TEST(ErrorStateReader, NamesWhatCannotBeFollowed) {
  const std::string text = kHead +
                           "rcs0 command stream:\n  TAIL: 0x00002000\n"
                           "bcs0 command stream:\n"
                           "rcs0 --- ring = 0x00000000 00000000\n" +
                           Plain(Ring({1})) + "vcs0 --- HW Status = 0x00000000 00007000\n~z\n" +
                           "vecs0 --- batch = 0x00000000 00007000\nno contents\n";
  const testing::Replay replay = ReplayMemory(FromText(text));
  ASSERT_FALSE(replay.error);
  ASSERT_EQ(replay.submissions.size(), 4u);
  EXPECT_EQ(replay.submissions[0].problem, SubmissionProblem::kRingOutOfBounds);
  for (const size_t i : {1u, 2u, 3u}) {
    EXPECT_EQ(replay.submissions[i].problem, SubmissionProblem::kNothingToRun);
  }
}

TEST(ErrorStateReader, ReadsTheBatchRangeOfTheRegisterBlock) {
  const std::string text = kHead +
                           "rcs0 command stream:\n"
                           "  batch: [0x00000001_00002000, 0x00000001_00003000]\n"
                           "  PDP2: 0x0000000000abc000\n"
                           "rcs0 --- ring = 0x00000000 00004000\n" +
                           Plain(Ring({1}));
  const testing::Replay replay = ReplayMemory(FromText(text));
  ASSERT_EQ(replay.submissions.size(), 1u);
  EXPECT_EQ(replay.submissions[0].batch.start.value, 0x100002000u);
  EXPECT_EQ(replay.submissions[0].batch.size_bytes, 0x1000u);
  EXPECT_EQ(replay.submissions[0].pdp[2], 0xabc000u);
}

TEST(ErrorStateReader, RefusesDamageWithItsPlace) {
  struct Case {
    std::string text;
    ErrorCode code;
  };
  const std::string object = "rcs0 --- batch = 0x00000000 00001000\n";
  for (const Case& c :
       {Case{kHead + object + "~!!\n", ErrorCode::kCorrupt},
        Case{kHead + object + ":zz\n", ErrorCode::kCorrupt},
        Case{kHead + object + ":\n", ErrorCode::kTruncated},
        Case{kHead + "rcs0 --- ring = 0x00000001 00000000\n~z\n", ErrorCode::kCorrupt},
        Case{kHead + "rcs0 --- user = 0x0000ffff ffffffff\n~z\n", ErrorCode::kCorrupt},
        Case{"text\n" + object + "~z\n", ErrorCode::kUnsupported},
        Case{"PCI ID: 0xbeef\n", ErrorCode::kUnsupported},
        Case{"PCI ID: 0x123456\n", ErrorCode::kUnsupported},
        Case{"PCI ID: \n", ErrorCode::kUnsupported},
        Case{"nothing of interest\n", ErrorCode::kUnsupported}}) {
    const testing::Replay replay = ReplayMemory(FromText(c.text));
    ASSERT_TRUE(replay.error) << c.text;
    EXPECT_EQ(replay.error->code, c.code) << c.text;
    EXPECT_FALSE(replay.error->reason.empty());
  }
}

TEST(ErrorStateReader, StopsAtItsLimits) {
  const Bytes text =
      FromText(kHead + "rcs0 --- batch = 0x00000000 00001000\n" + Deflated(Bytes(100'000)));
  CaptureOptions options;
  options.object_bytes_limit = 50'000;
  EXPECT_EQ(ReplayMemory(text, options).error->code, ErrorCode::kNoSpace);
  options = {};
  options.live_bytes_limit = 4 * kPageSize;
  const testing::Replay replay = ReplayMemory(text, options);
  ASSERT_TRUE(replay.error);
  EXPECT_EQ(replay.error->code, ErrorCode::kNoSpace);
  EXPECT_NE(replay.error->reason.find("16384"), std::string::npos);
}

TEST(ErrorStateReader, TakesThePlatformOfTheCaller) {
  CaptureOptions options;
  options.platform = hw::Platform::kBdw;
  const Bytes text = FromText("PCI ID: 0xbeef\nrcs0 --- batch = 0x00000000 00001000\n~z\n");
  auto file = OpenCaptureMemory("text", text, options);
  ASSERT_TRUE(file.has_value());
  EXPECT_EQ((*file)->info().platform, hw::Platform::kBdw);
}

TEST(ErrorStateReader, PassesOnDamageOfItsInput) {
  Bytes xz = testing::Xz(FromText(kHead + std::string(10'000, '\n')));
  xz.resize(xz.size() - 8);
  EXPECT_EQ(ReplayMemory(xz).error->code, ErrorCode::kTruncated);
  const Bytes text =
      FromText(kHead + "rcs0 --- batch = 0x00000000 00001000\n" + Deflated(Bytes(100'000)));
  xz = testing::Xz(text);
  xz.resize(xz.size() - 40);
  EXPECT_EQ(ReplayMemory(xz).error->code, ErrorCode::kTruncated);
}

}  // namespace
}  // namespace gvt::capture
