// No false accept, no false refuse: at least a thousand changes to the batches of each capture,
// each with the verdict that follows from how it was made.
//
// GVT_SEED chooses other changes, GVT_TEST_SCALE multiplies their number; a failure names the seed
// and the number of the change.
#include "tests/differential/mutation.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "hw/command_table.h"
#include "scanner/interpreter.h"
#include "scanner/segment_walker.h"
#include "tests/differential/corpus.h"
#include "tests/oracle/naive_scanner.h"
#include "tests/oracle/report_text.h"
#include "tests/oracle/test_scale.h"
#include "tools/common/capture_workload.h"

namespace gvt::differential {
namespace {

using scanner::Action;
using scanner::Rule;
using scanner::ScanReport;
using scanner::Segment;
using scanner::SegmentEnd;

constexpr uint32_t kMutationsPerCapture = 1200;
constexpr size_t kCommandsPerPiece = 100;
constexpr size_t kPiecesPerCapture = 600;
constexpr uint32_t kBatchEnd = 0x0a << 23;  // MI_BATCH_BUFFER_END

// Cuts the batches of a walk into pieces and keeps a fair choice of them.
class PieceCollector final : public scanner::WalkObserver {
 public:
  PieceCollector(hw::Platform platform, Random* random, std::vector<Piece>* pieces, uint64_t* seen)
      : platform_(platform), random_(*random), pieces_(*pieces), seen_(*seen) {}

  void OnSegment(const Segment& segment, const ScanReport& report) override {
    const bool batch = segment.kind == scanner::BufferKind::kFirstLevelBatch ||
                       segment.kind == scanner::BufferKind::kSecondLevelBatch;
    if (!batch || segment.privileged || !report.clean()) return;
    Piece piece = Empty(segment, 0);
    uint32_t position = 0;
    while (position < report.position) {
      const uint32_t header = segment.dwords[position];
      const uint32_t length =
          hw::FindCommand(hw::GenerationOf(platform_), segment.engine, header)->length.Of(header);
      piece.commands.push_back(static_cast<uint32_t>(piece.dwords.size()));
      const auto dwords = segment.dwords.subspan(position, length);
      piece.dwords.insert(piece.dwords.end(), dwords.begin(), dwords.end());
      position += length;
      if (piece.commands.size() < kCommandsPerPiece || position == report.position) continue;
      piece.commands.push_back(static_cast<uint32_t>(piece.dwords.size()));
      piece.dwords.push_back(kBatchEnd);
      Keep(piece);
      piece = Empty(segment, position);
    }
    if (report.end == SegmentEnd::kBatchEnd || report.end == SegmentEnd::kChain) Keep(piece);
  }

 private:
  Piece Empty(const Segment& segment, uint32_t position) const {
    Piece piece;
    piece.platform = platform_;
    piece.engine = segment.engine;
    piece.kind = segment.kind;
    piece.start = segment.start + uint64_t{position} * 4;
    return piece;
  }

  void Keep(const Piece& piece) {
    ++seen_;
    if (pieces_.size() < kPiecesPerCapture) {
      pieces_.push_back(piece);
    } else if (const uint64_t at = random_() % seen_; at < pieces_.size()) {
      pieces_[at] = piece;
    }
  }

  const hw::Platform platform_;
  Random& random_;
  std::vector<Piece>& pieces_;
  uint64_t& seen_;
};

Segment SegmentOf(const Mutation& mutation) {
  Segment segment;
  segment.engine = mutation.engine;
  segment.kind = mutation.piece.kind;
  segment.privileged = mutation.privileged;
  segment.space = mutation.privileged ? hw::AddressSpace::kGgtt : hw::AddressSpace::kPpgtt;
  segment.start = mutation.privileged ? kPrivilegedStart : mutation.piece.start;
  segment.dwords = mutation.piece.dwords;
  segment.complete = mutation.complete;
  return segment;
}

// What is wrong with the report on a mutation, or "".
std::string Judge(const Mutation& mutation, const ScanReport& report) {
  if (!mutation.rule) return report.clean() ? "" : "false refuse";
  if (report.clean()) return "false accept";
  // Of very many findings the last ones are only counted.
  if (mutation.only_last && report.refusal_count > report.refusals.size()) return "";
  const scanner::Refusal& refusal = report.refusals.back();
  if (refusal.rule != *mutation.rule) return "wrong rule";
  if (refusal.dword != mutation.dword) return "wrong command";
  if (mutation.detail && refusal.detail != *mutation.detail) return "wrong operand";
  if (!mutation.only_last && report.refusal_count != 1) return "too many refusals";
  const bool goes_on = scanner::MildestAction(*mutation.rule) == Action::kNoop;
  if (goes_on == (report.end == SegmentEnd::kRefused)) return "wrong end";
  return "";
}

// The audited, patched copy holds nothing that would be refused.
std::string JudgePatched(const scanner::Interpreter& interpreter, const Mutation& mutation,
                         const ScanReport& report) {
  if (report.end == SegmentEnd::kRefused) return "";
  std::vector<uint32_t> patched(mutation.piece.dwords);
  for (const scanner::Patch& patch : report.patches) {
    std::fill_n(patched.begin() + patch.dword, patch.count, patch.value);
  }
  Segment segment = SegmentOf(mutation);
  segment.dwords = patched;
  ScanReport again;
  interpreter.Scan(segment, &again);
  if (!again.clean()) return "patched copy is not clean\n" + oracle::ReportText(again);
  return again.end == report.end && again.position == report.position ? ""
                                                                      : "patched copy ends "
                                                                        "elsewhere";
}

class Mutations : public testing::TestWithParam<CorpusFile> {
 protected:
  // Pieces of the capture's batches.
  std::vector<Piece> Pieces(Random* random) const {
    const scanner::Policy policy;
    std::vector<Piece> pieces;
    uint64_t seen = 0;
    const std::string error = ForEachWorkload(
        GetParam(), [&](const capture::CaptureFile& capture, const capture::Submission&,
                        const scanner::Workload& workload) {
          const hw::Platform platform = capture.info().platform;
          const scanner::Interpreter interpreter(platform, policy);
          scanner::SegmentWalker walker(interpreter, policy);
          tools::CaptureSource source(capture.memory());
          PieceCollector collector(platform, random, &pieces, &seen);
          walker.Walk(workload, source, &collector);
        });
    EXPECT_EQ(error, "");
    return pieces;
  }

  // A mutation of that kind of any piece.
  static Mutation Next(MutationKind kind, const std::vector<Piece>& pieces,
                       const scanner::Policy& policy, Random& random) {
    for (;;) {
      const Piece& piece = pieces[random() % pieces.size()];
      if (auto mutation = Mutate(kind, piece, policy, random)) return *mutation;
      // Pieces without a single operand cannot have one changed.
      if (kind == MutationKind::kPayload && random() % 64 == 0) kind = MutationKind::kHeader;
    }
  }
};

uint64_t Seed() {
  const char* seed = std::getenv("GVT_SEED");
  return seed == nullptr ? 1 : std::strtoull(seed, nullptr, 10);
}

TEST_P(Mutations, AreJudgedAsTheyWereMade) {
  Random pieces_random(Seed());
  const std::vector<Piece> pieces = Pieces(&pieces_random);
  ASSERT_FALSE(pieces.empty());
  scanner::Policy policy;
  policy.aperture = Range{0x1000000, 0x8000000};
  policy.hidden = Range{0x10000000, 0x20000000};
  const scanner::Interpreter interpreter(pieces[0].platform, policy);
  const uint32_t count = kMutationsPerCapture * oracle::TestScale();
  std::printf("seed %" PRIu64 ", %" PRIu32 " mutations of %zu pieces\n", Seed(), count,
              pieces.size());
  for (uint32_t i = 0; i < count; ++i) {
    Random random(Seed() * 1000003 + i);
    const auto kind = static_cast<MutationKind>(i % kMutationKindCount);
    const Mutation mutation = Next(kind, pieces, policy, random);
    const Segment segment = SegmentOf(mutation);
    ScanReport report;
    interpreter.Scan(segment, &report);
    std::string wrong = Judge(mutation, report);
    if (wrong.empty()) wrong = JudgePatched(interpreter, mutation, report);
    const ScanReport naive = oracle::NaiveScan(mutation.piece.platform, policy, segment);
    if (wrong.empty() && !(naive == report)) wrong = "naive scanner:\n" + oracle::ReportText(naive);
    ASSERT_EQ(wrong, "") << "GVT_SEED=" << Seed() << ", mutation " << i << ": " << mutation.what
                         << " at dword " << mutation.dword << "\n"
                         << oracle::SegmentText(segment) << oracle::ReportText(report);
  }
}

// What a user batch may do, a privileged one may do as well.
TEST_P(Mutations, PiecesAreCleanAsPrivilegedBatchesToo) {
  Random random(Seed());
  const scanner::Policy policy;
  const std::vector<Piece> pieces = Pieces(&random);
  for (const Piece& piece : pieces) {
    Mutation unchanged;
    unchanged.piece = piece;
    unchanged.engine = piece.engine;
    for (const bool privileged : {false, true}) {
      unchanged.privileged = privileged;
      ScanReport report;
      scanner::Interpreter(piece.platform, policy).Scan(SegmentOf(unchanged), &report);
      ASSERT_TRUE(report.clean()) << oracle::SegmentText(SegmentOf(unchanged))
                                  << oracle::ReportText(report);
    }
  }
}

std::string CaseName(const testing::TestParamInfo<CorpusFile>& file) {
  return CorpusCaseName(file.param);
}

INSTANTIATE_TEST_SUITE_P(Files, Mutations, testing::ValuesIn(CorpusFiles()), CaseName);
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(Mutations);

}  // namespace
}  // namespace gvt::differential
