// Fuzz target: the engine that remembers and compiles beside the interpreter.
//
// One input is a stream and a seed from which changes of it are made. One engine meets them all:
// cold; when it has learned a change of the stream, but never met the stream; when it has learned
// the stream; when the stream is where its own addresses point; and when it meets further changes,
// each of which it learns, too. Half of the inputs give it so little memory that it forgets
// meanwhile. It compiles what it meets a third time.
//
// Property: whatever the engine knows, and however the copy was cut, its report is the
// interpreter's, bit for bit.
#include <algorithm>
#include <random>
#include <span>
#include <utility>
#include <vector>

#include "fuzz/fuzz_target.h"
#include "fuzz/scan_input.h"
#include "fuzz/stream_mutator.h"
#include "jit/sequence_compiler.h"
#include "recall/recall_engine.h"
#include "scanner/interpreter.h"
#include "scanner/opcode_table.h"

namespace gvt::fuzz {
namespace {

using scanner::ScanReport;
using scanner::Segment;
using scanner::SegmentEnd;

// Every stream is scanned some thirty times.
constexpr size_t kMaxDwords = 1u << 11;
// MI_NOOP in front of what is short: enough that it is not left to the interpreter.
constexpr size_t kPrefixDwords = 24;
// Scans that are enough until a stream is known and compiled.
constexpr unsigned kLessons = 4;
constexpr unsigned kChanges = 4;
constexpr unsigned kPlaces = 24;
constexpr unsigned kMaxPieces = 8;
recall::MemorySettings SettingsOf(bool forgets) {
  recall::MemorySettings settings;
  // Room for a few sequences.
  if (forgets) settings = {.sequences = 16, .checks = 2048, .effects = 512};
  settings.commands_per_learned = 0;
  settings.hot = 1;
  settings.commands_per_compiled = 0;
  settings.min_dwords = 1;
  return settings;
}

class Twins {
 public:
  Twins(const ScanInput& input, bool forgets)
      : input_(input),
        interpreter_(input.platform, PolicyOf(input)),
        engine_(input.platform, interpreter_.policy(), &jit::MakeSequenceCompiler,
                SettingsOf(forgets)) {}

  // Scans `dwords` with both.
  void Compare(std::span<const uint32_t> dwords) const {
    const Segment segment = Of(dwords);
    ScanReport expected;
    interpreter_.Scan(segment, &expected);
    ScanReport report;
    engine_.Scan(segment, &report);
    Require(report == expected, "what is remembered and interpreter give the same report");
  }

  // Scans `dwords` where the operands at `at` point to the dword `ahead` from there: what that
  // command stores, it stores into its own segment.
  void CompareAimed(std::span<const uint32_t> dwords, size_t at, uint32_t ahead) {
    const uint64_t target = uint64_t{dwords[at + 1]} << 32 | dwords[at];
    input_.start = MaskGma((target & ~uint64_t{3}) - (at + ahead) * sizeof(uint32_t));
    Compare(dwords);
  }

  // Scans a copy that grows by `piece` dwords, seen to the end by the compiled scanner alone.
  void CompareInPieces(std::span<const uint32_t> dwords, size_t piece) const {
    ScanReport expected;
    interpreter_.Scan(Of(dwords), &expected);
    ScanReport report;
    Segment part = Of(dwords);
    part.complete = false;
    size_t have = 0;
    for (unsigned pieces = 0; !part.complete; ++pieces) {
      have = pieces < kMaxPieces ? std::min(have + piece, dwords.size()) : dwords.size();
      part.dwords = dwords.first(have);
      part.complete = have == dwords.size();
      engine_.Scan(part, &report);
      if (report.end != SegmentEnd::kNeedMore) break;
    }
    Require(report == expected, "the report does not depend on where the copy was cut");
  }

  void Learn(std::span<const uint32_t> dwords) {
    for (unsigned i = 0; i < kLessons; ++i) Compare(dwords);
  }

 private:
  Segment Of(std::span<const uint32_t> dwords) const {
    Segment segment = SegmentOf(input_);
    segment.dwords = dwords;
    return segment;
  }

  ScanInput input_;
  const scanner::Interpreter interpreter_;
  const recall::RecallEngine engine_;
};

// Where commands begin that have a flag and an address.
std::vector<size_t> Starts(const ScanInput& input) {
  const scanner::OpcodeEntry* const entries =
      scanner::OpcodeTableFor(hw::GenerationOf(input.platform), input.engine).entries();
  std::vector<size_t> starts;
  for (size_t at = 0; at + 3 < input.dwords.size();) {
    const uint32_t length =
        std::max(entries[input.dwords[at] >> 16].LengthOf(input.dwords[at]), 1u);
    if (length >= 4) starts.push_back(at);
    at += length;
  }
  return starts;
}

// Makes the input one of those that are remembered.
void MakeMemorable(ScanInput* input) {
  if (!scanner::IsBatch(input->kind)) input->kind = scanner::BufferKind::kFirstLevelBatch;
  if (input->dwords.size() < kPrefixDwords) {
    input->dwords.insert(input->dwords.begin(), kPrefixDwords, 0u);
  }
}

void Run(ScanInput input) {
  MakeMemorable(&input);
  Twins twins(input, (input.split & 1) != 0);
  StreamMutator mutator(input.platform, input.engine, input.split);
  const auto change = [&] {
    std::vector<uint32_t> changed = input.dwords;
    mutator.Mutate(&changed, kMaxDwords + kPrefixDwords);
    if (changed.empty()) changed.push_back(0);
    return changed;
  };
  const std::vector<uint32_t>& stream = input.dwords;
  twins.Compare(stream);
  twins.Learn(change());
  twins.Compare(stream);
  twins.Learn(stream);
  const std::vector<size_t> starts = Starts(input);
  std::minstd_rand random(input.split + 1u);
  for (unsigned i = 0; i < kPlaces && !starts.empty(); ++i) {
    // Behind header and flags: where flushes have their address.
    const auto which = static_cast<size_t>(random()) % starts.size();
    const auto ahead = static_cast<uint32_t>(random()) % 16;
    twins.CompareAimed(stream, starts[which] + 2, ahead);
  }
  for (unsigned i = 0; i < kChanges; ++i) twins.Learn(change());
  twins.Learn(stream);
  twins.CompareInPieces(stream, 1 + input.split % stream.size());
}

}  // namespace
}  // namespace gvt::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto input = gvt::fuzz::ParseScanInput(std::span(data, size));
  if (input && input->dwords.size() <= gvt::fuzz::kMaxDwords) gvt::fuzz::Run(*input);
  return 0;
}
