#include "tests/differential/piece_collector.h"

#include "hw/command_table.h"
#include "scanner/interpreter.h"
#include "scanner/segment_walker.h"
#include "tools/common/capture_workload.h"

namespace gvt::differential {
namespace {

using scanner::ScanReport;
using scanner::Segment;
using scanner::SegmentEnd;

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

}  // namespace

std::vector<Piece> PiecesOf(const CorpusFile& file, Random* random, std::string* error) {
  const scanner::Policy policy;
  std::vector<Piece> pieces;
  uint64_t seen = 0;
  *error =
      ForEachWorkload(file, [&](const capture::CaptureFile& capture, const capture::Submission&,
                                const scanner::Workload& workload) {
        const hw::Platform platform = capture.info().platform;
        const scanner::Interpreter interpreter(platform, policy);
        scanner::SegmentWalker walker(interpreter, policy);
        tools::CaptureSource source(capture.memory());
        PieceCollector collector(platform, random, &pieces, &seen);
        walker.Walk(workload, source, &collector);
      });
  return pieces;
}

Mutation NextMutation(MutationKind kind, const std::vector<Piece>& pieces,
                      const scanner::Policy& policy, Random& random) {
  for (;;) {
    const Piece& piece = pieces[random() % pieces.size()];
    if (auto mutation = Mutate(kind, piece, policy, random)) return *mutation;
    if (kind == MutationKind::kPayload && random() % 64 == 0) kind = MutationKind::kHeader;
  }
}

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

}  // namespace gvt::differential
