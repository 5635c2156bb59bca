#include "capture/aub_reader.h"

#include <gtest/gtest.h>

#include "files.h"
#include "hw/context_image.h"

namespace gvt::capture {
namespace {

using testing::AubBuilder;
using testing::Bytes;
using testing::FromDwords;
using testing::ReadDwords;
using testing::Replay;
using testing::ReplayMemory;

constexpr uint32_t kRing = 0x10000;
constexpr uint32_t kLrca = 0x20000;
constexpr uint32_t kOtherLrca = 0x30000;
constexpr uint64_t kValid64 = 1 | 3 << 3;
constexpr uint64_t kValid32 = 1 | 1 << 3;

// A ring of one page with some dwords, and a context whose head and tail are given.
class OneContext : public AubBuilder {
 public:
  OneContext(uint32_t head, uint32_t tail) {
    MapGgtt(kRing >> kPageShift);
    for (uint32_t i = 0; i < 16; ++i) Write32(AubSpace::kGgtt, kRing + 4 * i, 0x100 + i);
    Context(kLrca, kRing, 1, head, tail, 0x5000);
  }
};

TEST(AubReader, YieldsARingAtTheFourthWriteOfElsp) {
  OneContext builder(8, 24);
  builder.Elsp(hw::Engine::kVcs, 0, uint64_t{77} << 32 | kLrca | kValid64);
  const Replay replay = ReplayMemory(builder.bytes());
  EXPECT_FALSE(replay.error);
  ASSERT_EQ(replay.submissions.size(), 1u);
  const Submission& s = replay.submissions[0];
  EXPECT_EQ(s.engine, hw::Engine::kVcs);
  EXPECT_EQ(s.kind, SubmissionKind::kRing);
  EXPECT_EQ(s.problem, SubmissionProblem::kNone);
  EXPECT_EQ(s.addressing, AddressingMode::kPpgtt4Level);
  EXPECT_TRUE(s.has_context);
  EXPECT_EQ(s.context_id, 77u);
  EXPECT_EQ(s.lrca.value, kLrca);
  EXPECT_EQ(s.context_image.value, kLrca + 0x1000);
  EXPECT_EQ(s.pdp[0], 0x5000u);
  EXPECT_EQ(s.ring.start.value, kRing);
  EXPECT_EQ(s.ring.size_bytes, 0x1000u);
  EXPECT_EQ(s.ring.head, 8u);
  EXPECT_EQ(s.ring.tail, 24u);
  EXPECT_EQ(s.file_offset, builder.bytes().size() - 24) << "the write that triggers";
  EXPECT_EQ(replay.rings[0], (std::vector<uint32_t>{0x102, 0x103, 0x104, 0x105}));
}

TEST(AubReader, RunsElementZeroFirstThenElementOne) {
  OneContext builder(0, 16);
  builder.Context(kOtherLrca, kRing, 1, 16, 32, 0x6000);
  builder.Elsp(hw::Engine::kRcs, kOtherLrca | kValid64, kLrca | kValid32);
  const Replay replay = ReplayMemory(builder.bytes());
  ASSERT_EQ(replay.submissions.size(), 2u);
  EXPECT_EQ(replay.submissions[0].lrca.value, kLrca);
  EXPECT_EQ(replay.submissions[0].elsp_element, 0);
  EXPECT_EQ(replay.submissions[0].addressing, AddressingMode::kPpgtt3Level);
  EXPECT_EQ(replay.submissions[1].lrca.value, kOtherLrca);
  EXPECT_EQ(replay.submissions[1].elsp_element, 1);
  EXPECT_EQ(replay.submissions[1].index, 1u);
  EXPECT_EQ(replay.submissions[1].pdp[0], 0x6000u);
}

TEST(AubReader, KeepsThePortsOfEnginesApart) {
  OneContext builder(0, 16);
  const auto write = [&](hw::Engine engine, uint32_t value) {
    builder.packets().RegisterWrite(hw::EngineMmioBase(engine) + 0x230, value);
  };
  for (const uint32_t value : {0u, 0u, 0u}) {
    write(hw::Engine::kBcs, value);
    write(hw::Engine::kVecs, value);
  }
  write(hw::Engine::kVecs, kLrca | kValid64);
  write(hw::Engine::kBcs, kLrca | kValid64);
  const Replay replay = ReplayMemory(builder.bytes());
  ASSERT_EQ(replay.submissions.size(), 2u);
  EXPECT_EQ(replay.submissions[0].engine, hw::Engine::kVecs);
  EXPECT_EQ(replay.submissions[1].engine, hw::Engine::kBcs);
}

TEST(AubReader, TakesThePreviousTailAsHeadIfOnlyTheTailMoves) {
  OneContext builder(0, 16);
  builder.Elsp(hw::Engine::kRcs, 0, kLrca | kValid64);
  builder.Write32(AubSpace::kGgtt, kLrca + 0x1000 + 7 * 4, 40);
  builder.Elsp(hw::Engine::kRcs, 0, kLrca | kValid64);
  const Replay replay = ReplayMemory(builder.bytes());
  ASSERT_EQ(replay.submissions.size(), 2u);
  EXPECT_EQ(replay.submissions[1].ring.head, 16u);
  EXPECT_EQ(replay.submissions[1].ring.tail, 40u);
}

TEST(AubReader, TakesTheHeadThatTheFileRewinds) {
  OneContext builder(0, 16);
  builder.Elsp(hw::Engine::kRcs, 0, kLrca | kValid64);
  builder.Write32(AubSpace::kGgtt, kLrca + 0x1000 + 5 * 4, 0);
  builder.Elsp(hw::Engine::kRcs, 0, kLrca | kValid64);
  const Replay replay = ReplayMemory(builder.bytes());
  ASSERT_EQ(replay.submissions.size(), 2u);
  EXPECT_EQ(replay.submissions[1].ring.head, 0u);
}

TEST(AubReader, NamesAContextThatIsNotMapped) {
  OneContext builder(0, 16);
  builder.Elsp(hw::Engine::kRcs, 0, 0x70000 | kValid64);
  builder.Elsp(hw::Engine::kRcs, 0, 0xfffff000 | kValid64);
  const Replay replay = ReplayMemory(builder.bytes());
  EXPECT_FALSE(replay.error);
  ASSERT_EQ(replay.submissions.size(), 2u);
  for (const Submission& s : replay.submissions) {
    EXPECT_EQ(s.problem, SubmissionProblem::kContextNotMapped);
    EXPECT_FALSE(s.has_context);
  }
}

TEST(AubReader, NamesARingThatIsNotMappedOrTooSmall) {
  OneContext builder(0, 16);
  builder.Context(0x40000, 0x90000, 1, 0, 16, 0);
  builder.Context(0x50000, kRing, 1, 0, 0x1008, 0);
  builder.Context(0x60000, kRing, 1, 0x1000, 8, 0);
  for (const uint32_t lrca : {0x40000u, 0x50000u, 0x60000u}) {
    builder.Elsp(hw::Engine::kRcs, 0, lrca | kValid64);
  }
  const Replay replay = ReplayMemory(builder.bytes());
  ASSERT_EQ(replay.submissions.size(), 3u);
  EXPECT_EQ(replay.submissions[0].problem, SubmissionProblem::kRingNotMapped);
  for (const size_t i : {1u, 2u}) {
    EXPECT_EQ(replay.submissions[i].problem, SubmissionProblem::kRingOutOfBounds);
    EXPECT_EQ(replay.submissions[i].ring.head, 0u);
    EXPECT_EQ(replay.submissions[i].ring.tail, 0u);
  }
  EXPECT_EQ(ProblemName(replay.submissions[0].problem), "ring-not-mapped");
}

TEST(AubReader, NamesAddressingModesThatExeclistsDoNotHave) {
  OneContext builder(0, 16);
  builder.Elsp(hw::Engine::kRcs, 0, kLrca | 1);
  builder.Elsp(hw::Engine::kRcs, 0, kLrca | 1 | 2 << 3);
  const Replay replay = ReplayMemory(builder.bytes());
  ASSERT_EQ(replay.submissions.size(), 2u);
  EXPECT_EQ(replay.submissions[0].problem, SubmissionProblem::kAddressingMode);
  EXPECT_EQ(replay.submissions[1].problem, SubmissionProblem::kAddressingMode);
}

TEST(AubReader, IgnoresElementsThatAreNotValid) {
  OneContext builder(0, 16);
  builder.Elsp(hw::Engine::kRcs, kLrca | 3 << 3, 0);
  EXPECT_TRUE(ReplayMemory(builder.bytes()).submissions.empty());
}

TEST(AubReader, ShowsMemoryAsOfTheSubmission) {
  OneContext builder(0, 8);
  builder.Elsp(hw::Engine::kRcs, 0, kLrca | kValid64);
  builder.Write32(AubSpace::kGgtt, kRing, 0xaaaa);
  builder.Write32(AubSpace::kGgtt, kLrca + 0x1000 + 5 * 4, 0);
  builder.Elsp(hw::Engine::kRcs, 0, kLrca | kValid64);
  const Replay replay = ReplayMemory(builder.bytes());
  ASSERT_EQ(replay.rings.size(), 2u);
  EXPECT_EQ(replay.rings[0][0], 0x100u);
  EXPECT_EQ(replay.rings[1][0], 0xaaaau);
}

TEST(AubReader, WalksTablesWrittenInTheSpacesOfComputeRuntime) {
  OneContext builder(0, 8);
  builder.Write64(AubSpace::kPpgttPml4e, 0x5000 + 1 * 8, 0x6003);
  builder.Write64(AubSpace::kPpgttPdpe, 0x6000 + 2 * 8, 0x7003);
  builder.Write64(AubSpace::kPpgttPde, 0x7000 + 3 * 8, 0x8003);
  builder.Write64(AubSpace::kPpgttPte, 0x8000 + 4 * 8, 0x9003);
  builder.Write64(AubSpace::kPpgttPte, 0x8000 + 5 * 8, 0xa003);
  builder.Write32(AubSpace::kPhysical, 0x9ffc, 0xfeed);
  builder.Elsp(hw::Engine::kRcs, 0, kLrca | kValid64);
  auto file = OpenCaptureMemory("memory", builder.bytes(), {});
  ASSERT_TRUE(file.has_value());
  Submission submission;
  ASSERT_EQ((*file)->NextSubmission(&submission), NextResult::kSubmission);
  const Gma page(uint64_t{1} << 39 | uint64_t{2} << 30 | uint64_t{3} << 21 | uint64_t{4} << 12);
  const GpuMemory& memory = (*file)->memory();
  EXPECT_EQ(ReadDwords(memory, hw::AddressSpace::kPpgtt, page + 0xffc, 2),
            (std::vector<uint32_t>{0xfeed, 0}))
      << "the next page is mapped but was never written";
  EXPECT_EQ(ReadDwords(memory, hw::AddressSpace::kPpgtt, page + 0xffc, 4096).size(), 1025u)
      << "the page after that is not mapped";
  EXPECT_EQ(memory.Page(hw::AddressSpace::kPpgtt, Gma(0)), nullptr);
  EXPECT_EQ(memory.Page(hw::AddressSpace::kGgtt, Gma(uint64_t{1} << 32)), nullptr);
}

TEST(AubReader, WalksThreeLevelsFromFourRoots) {
  OneContext builder(0, 8);
  // PDP0 of the image is 0x5000; PDP3 and its tables are added.
  builder.Write32(AubSpace::kGgtt, kLrca + 0x1000 + (hw::kContextPdp3Udw + 2) * 4, 0x6000);
  builder.Write64(AubSpace::kPhysical, 0x6000 + 3 * 8, 0x7003);
  builder.Write64(AubSpace::kPhysical, 0x7000 + 4 * 8, 0x9003);
  builder.Write32(AubSpace::kPhysical, 0x9000, 0xfeed);
  builder.Elsp(hw::Engine::kRcs, 0, kLrca | kValid32);
  auto file = OpenCaptureMemory("memory", builder.bytes(), {});
  ASSERT_TRUE(file.has_value());
  Submission submission;
  ASSERT_EQ((*file)->NextSubmission(&submission), NextResult::kSubmission);
  EXPECT_EQ(submission.pdp[3], 0x6000u);
  const GpuMemory& memory = (*file)->memory();
  const Gma page(uint64_t{3} << 30 | uint64_t{3} << 21 | uint64_t{4} << 12);
  EXPECT_EQ(ReadDwords(memory, hw::AddressSpace::kPpgtt, page, 1), std::vector<uint32_t>{0xfeed});
  EXPECT_EQ(memory.Page(hw::AddressSpace::kPpgtt, page + (uint64_t{1} << 32)), nullptr);
  EXPECT_EQ(memory.Page(hw::AddressSpace::kPpgtt, Gma(0)), nullptr);
}

TEST(AubReader, ShowsNoPpgttBeforeAContextSetsOne) {
  AubMemory memory(1 << 20);
  memory.SetContext(AddressingMode::kFlatObjects, {});
  EXPECT_EQ(memory.Page(hw::AddressSpace::kPpgtt, Gma(0)), nullptr);
}

TEST(AubReader, TakesThePlatformFromThePciIdOrTheSimulatorId) {
  const auto platform_of =
      [](std::initializer_list<uint32_t> version) -> std::optional<hw::Platform> {
    const Bytes bytes = FromDwords(std::vector<uint32_t>(version));
    auto file = OpenCaptureMemory("memory", bytes, {});
    if (!file) {
      EXPECT_EQ(file.error().code, ErrorCode::kUnsupported);
      return std::nullopt;
    }
    return (*file)->info().platform;
  };
  // "PCI-ID=0x5916" wins over the simulator's id of SKL.
  EXPECT_EQ(platform_of({0xf70e0008, 1, 12 << 8, 0, 0, 0x2d494350, 0x303d4449, 0x31393578, 0x36}),
            hw::Platform::kKbl);
  EXPECT_EQ(platform_of({0xf70e0005, 0, 11 << 8, 0, 0, 0x004f454e}), hw::Platform::kBdw);
  EXPECT_EQ(platform_of({0xf70e0005, 0, 12 << 8, 0, 0, 0x004f454e}), hw::Platform::kSkl);
  EXPECT_EQ(platform_of({0xf70e0005, 0, 14 << 8, 0, 0, 0x004f454e}), hw::Platform::kBxt);
  EXPECT_EQ(platform_of({0xf70e0005, 0, 16 << 8, 0, 0, 0x004f454e}), hw::Platform::kKbl);
  EXPECT_EQ(platform_of({0xf70e0005, 0, 24 << 8, 0, 0, 0x004f454e}), hw::Platform::kCfl);
  EXPECT_EQ(platform_of({0xf70e0005, 0, 13 << 8, 0, 0, 0x004f454e}), std::nullopt);
}

TEST(AubReader, NeedsAPlatformIfTheFileStartsWithoutAVersion) {
  OneContext builder(0, 16);
  builder.Elsp(hw::Engine::kRcs, 0, kLrca | kValid64);
  const auto headless =
      std::span(builder.bytes()).subspan(testing::PacketBoundaries(builder.bytes())[1]);
  EXPECT_EQ(ReplayMemory(headless).error->code, ErrorCode::kUnsupported);
  CaptureOptions options;
  options.platform = hw::Platform::kBdw;
  const Replay replay = ReplayMemory(headless, options);
  EXPECT_FALSE(replay.error);
  EXPECT_EQ(replay.submissions.size(), 1u) << "its first packet counts";
}

TEST(AubReader, RefusesWritesThatContradictTheFile) {
  struct Case {
    AubSpace space;
    uint64_t address;
    ErrorCode code;
  };
  for (const Case& c : {Case{AubSpace::kGgtt, 0x70000, ErrorCode::kCorrupt},
                        Case{AubSpace::kGgttEntry, 8u << 20, ErrorCode::kCorrupt},
                        Case{AubSpace::kGgttEntry, (8u << 20) - 4, ErrorCode::kCorrupt},
                        Case{AubSpace::kPhysical, (uint64_t{1} << 48) - 4, ErrorCode::kCorrupt},
                        Case{AubSpace{5}, 0, ErrorCode::kUnsupported},
                        Case{AubSpace{15}, 0, ErrorCode::kUnsupported}}) {
    AubBuilder builder;
    const uint64_t at = builder.bytes().size();
    builder.Write64(c.space, c.address, 0);
    const Replay replay = ReplayMemory(builder.bytes());
    ASSERT_TRUE(replay.error);
    EXPECT_EQ(replay.error->code, c.code) << static_cast<int>(c.space);
    EXPECT_EQ(replay.error->offset, at);
    EXPECT_EQ(replay.error->file, "memory");
    EXPECT_FALSE(replay.error->reason.empty());
  }
}

TEST(AubReader, StopsAtTheLiveBytesLimitAndNamesIt) {
  AubBuilder builder;
  for (uint64_t page = 0; page < 5; ++page) builder.Write32(AubSpace::kPhysical, page << 30, 1);
  CaptureOptions options;
  options.live_bytes_limit = 4 * kPageSize;
  const Replay replay = ReplayMemory(builder.bytes(), options);
  ASSERT_TRUE(replay.error);
  EXPECT_EQ(replay.error->code, ErrorCode::kNoSpace);
  EXPECT_NE(replay.error->reason.find("16384"), std::string::npos) << replay.error->reason;
  EXPECT_EQ(replay.progress.live_bytes, options.live_bytes_limit);
}

TEST(AubReader, AppliesDiscontiguousWrites) {
  OneContext builder(0, 8);
  std::vector<uint32_t> dwords(2 + 3 * kMaxAubPieces);
  dwords[0] = 0xf70b0000 | (1 + 3 * 63 + 2);
  dwords[1] = 2u << 28 | 2u << 4;
  dwords[2] = kRing;
  dwords[4] = 4;
  dwords[5] = kRing + 4;
  dwords[7] = 4;
  dwords.insert(dwords.end(), {0xaaaa, 0xbbbb});
  builder.Dwords(dwords);
  builder.Elsp(hw::Engine::kRcs, 0, kLrca | kValid64);
  const Replay replay = ReplayMemory(builder.bytes());
  ASSERT_EQ(replay.rings.size(), 1u);
  EXPECT_EQ(replay.rings[0], (std::vector<uint32_t>{0xaaaa, 0xbbbb}));
}

TEST(AubReader, FollowsLegacyRings) {
  AubBuilder builder;
  builder.Dwords(std::array<uint32_t, 8>{0xe0c10004, 1, 0, 0x8000, 8, 0, 0x11, 0x22});  // data
  builder.Dwords(std::array<uint32_t, 8>{0xe0c10004, 2 | 4 << 8, 0, 0x3010, 8, 0, 0x33, 0x44});
  builder.Dwords(std::array<uint32_t, 8>{0xe0c10004, 1 | 4 << 16, 0, 0, 8, 0, 1, 0});   // GTT entry
  builder.Dwords(std::array<uint32_t, 7>{0xe0c10004, 2 | 9 << 8, 0, 0x5000, 4, 0, 0});  // no ring
  const Replay replay = ReplayMemory(builder.bytes());
  EXPECT_FALSE(replay.error);
  ASSERT_EQ(replay.submissions.size(), 1u);
  const Submission& s = replay.submissions[0];
  EXPECT_EQ(s.engine, hw::Engine::kBcs);
  EXPECT_EQ(s.addressing, AddressingMode::kGgttOnly);
  EXPECT_EQ(s.ring.start.value, 0x3000u);
  EXPECT_EQ(s.ring.head, 0x10u);
  EXPECT_EQ(s.ring.tail, 0x18u);
  EXPECT_EQ(replay.rings[0], (std::vector<uint32_t>{0x33, 0x44}));
}

TEST(AubReader, ShowsLegacyMemoryInBothSpaces) {
  AubBuilder builder;
  builder.Dwords(std::array<uint32_t, 7>{0xe0c10004, 1, 0, 0x8000, 4, 0, 0x11});
  builder.Dwords(std::array<uint32_t, 7>{0xe0c10004, 2 | 3 << 8, 0, 0x3000, 4, 0, 0x33});
  auto file = OpenCaptureMemory("memory", builder.bytes(), {});
  ASSERT_TRUE(file.has_value());
  Submission submission;
  ASSERT_EQ((*file)->NextSubmission(&submission), NextResult::kSubmission);
  EXPECT_EQ(submission.engine, hw::Engine::kVcs);
  for (const auto space : {hw::AddressSpace::kGgtt, hw::AddressSpace::kPpgtt}) {
    EXPECT_EQ(ReadDwords((*file)->memory(), space, Gma(0x8000), 1), std::vector<uint32_t>{0x11});
  }
}

TEST(AubReader, NamesACutInsideDiscontiguousData) {
  std::vector<uint32_t> dwords(2 + 3 * kMaxAubPieces);
  dwords[0] = 0xf70b0000 | (1 + 3 * 63 + 2);
  dwords[1] = 2u << 28 | 1u << 4;
  dwords[4] = 8;
  dwords.push_back(1);
  AubBuilder builder;
  builder.Dwords(dwords);
  const Replay replay = ReplayMemory(builder.bytes());
  ASSERT_TRUE(replay.error);
  EXPECT_EQ(replay.error->code, ErrorCode::kTruncated);
}

TEST(AubReader, NamesALegacyRingLargerThanAnyRing) {
  AubBuilder builder;
  builder.Dwords(std::array<uint32_t, 6>{0xe0c10004, 2 | 2 << 8, 0, 0, 4u << 20, 0});
  builder.Dwords(std::vector<uint32_t>(1u << 20));
  const Replay replay = ReplayMemory(builder.bytes());
  EXPECT_FALSE(replay.error);
  ASSERT_EQ(replay.submissions.size(), 1u);
  EXPECT_EQ(replay.submissions[0].problem, SubmissionProblem::kRingOutOfBounds);
}

}  // namespace
}  // namespace gvt::capture
