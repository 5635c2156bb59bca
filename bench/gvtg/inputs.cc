#include "bench/gvtg/inputs.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <set>
#include <span>
#include <vector>

#include "fuzz/scan_input.h"
#include "hw/command_table.h"
#include "scanner/interpreter.h"
#include "scanner/segment_walker.h"
#include "tests/differential/corpus.h"
#include "tests/differential/piece_collector.h"
#include "tools/common/capture_workload.h"

namespace gvt::bench {
namespace {

namespace fs = std::filesystem;

// Headers of commands that name registers, with their usual lengths.
constexpr uint32_t kLri = 0x22 << 23 | 1;
constexpr uint32_t kSrm = 0x24 << 23 | 2;
constexpr uint32_t kLrm = 0x29 << 23 | 2;
constexpr uint32_t kLrr = 0x2a << 23 | 1;
constexpr uint32_t kPipeControl = 0x7a000004;

class Forwarder final : public scanner::WalkObserver {
 public:
  Forwarder(hw::Platform platform, const scanner::Policy& policy, const UseSegment& use)
      : platform_(platform), policy_(policy), use_(use) {}

  void OnSegment(const scanner::Segment& segment, const scanner::ScanReport& report) override {
    scanner::Segment used = segment;
    if (report.end != scanner::SegmentEnd::kRefused) {
      used.dwords = segment.dwords.first(report.position);
      used.complete = report.end != scanner::SegmentEnd::kReenter;
    }
    use_(platform_, policy_, used);
  }

 private:
  const hw::Platform platform_;
  const scanner::Policy& policy_;
  const UseSegment& use_;
};

// As tests/differential/mutation_test.cc has them.
scanner::Policy MutationPolicy() {
  scanner::Policy policy;
  policy.aperture = Range{0x1000000, 0x8000000};
  policy.hidden = Range{0x10000000, 0x20000000};
  return policy;
}

// The headers with that upper half which are worth a look: no length, shortest, longest; of MI
// commands also with bit 8, which says PPGTT, notify or another plane.
std::set<uint32_t> HeadersOf(uint32_t upper, const hw::CommandRow* row) {
  std::set<uint32_t> headers = {upper << 16};
  if (row == nullptr || row->length.fixed_dwords != 0) return headers;
  const bool has_bit_8 = row->client == hw::Client::kMi && row->length.field_high < 8;
  for (const hw::LengthRun& run : row->length.allowed) {
    if (run.max == 0) break;
    for (const uint32_t length : {run.min, run.max}) {
      const uint32_t header = upper << 16 | (length - row->length.bias);
      headers.insert(header);
      if (has_bit_8) headers.insert(header | 1u << 8);
    }
  }
  return headers;
}

// One command, as a user batch and as a ring part.
void UseCommand(hw::Platform platform, hw::Engine engine, std::span<const uint32_t> dwords,
                const UseSegment& use) {
  static const scanner::Policy kPolicy;
  scanner::Segment segment;
  segment.engine = engine;
  segment.start = Gma(0x4000000);
  segment.dwords = dwords;
  use(platform, kPolicy, segment);
  segment.kind = scanner::BufferKind::kRing;
  segment.space = hw::AddressSpace::kGgtt;
  segment.privileged = true;
  use(platform, kPolicy, segment);
}

void UseHeader(hw::Platform platform, hw::Engine engine, uint32_t header, const UseSegment& use) {
  const hw::CommandRow* row = hw::FindCommand(hw::GenerationOf(platform), engine, header);
  std::vector<uint32_t> dwords(row == nullptr ? 1 : std::max(row->length.Of(header), 1u));
  dwords[0] = header;
  UseCommand(platform, engine, dwords, use);
  if (dwords.size() > 1)
    UseCommand(platform, engine, std::span(dwords).first(dwords.size() - 1), use);
}

}  // namespace

std::string UseCaptures(const UseSegment& use) {
  const scanner::Policy policy;
  for (const differential::CorpusFile& file : differential::CorpusFiles()) {
    std::string error = differential::ForEachWorkload(
        file, [&](const capture::CaptureFile& capture, const capture::Submission&,
                  const scanner::Workload& workload) {
          const hw::Platform platform = capture.info().platform;
          const scanner::Interpreter interpreter(platform, policy);
          scanner::SegmentWalker walker(interpreter, policy);
          tools::CaptureSource source(capture.memory());
          Forwarder forwarder(platform, policy, use);
          walker.Walk(workload, source, &forwarder);
        });
    if (!error.empty()) return error;
  }
  return {};
}

std::string UseMutations(uint64_t seed, uint32_t count, const UseSegment& use) {
  const scanner::Policy policy = MutationPolicy();
  uint64_t number = seed * 1000003;
  for (const differential::CorpusFile& file : differential::CorpusFiles()) {
    differential::Random pieces_random(seed);
    std::string error;
    const std::vector<differential::Piece> pieces =
        differential::PiecesOf(file, &pieces_random, &error);
    if (!error.empty()) return error;
    if (pieces.empty()) continue;
    for (uint32_t i = 0; i < count; ++i) {
      differential::Random random(number++);
      const auto kind =
          static_cast<differential::MutationKind>(i % differential::kMutationKindCount);
      const differential::Mutation mutation =
          differential::NextMutation(kind, pieces, policy, random);
      use(mutation.piece.platform, policy, differential::SegmentOf(mutation));
    }
  }
  return {};
}

std::string UseFuzzSeeds(const UseSegment& use) {
  std::vector<fs::path> paths;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(GVT_FUZZ_SEEDS "/scan", error)) {
    paths.push_back(entry.path());
  }
  if (error) return "no seeds in " GVT_FUZZ_SEEDS "/scan";
  std::sort(paths.begin(), paths.end());
  for (const fs::path& path : paths) {
    std::ifstream file(path, std::ios::binary);
    const std::vector<uint8_t> bytes{std::istreambuf_iterator<char>(file), {}};
    std::optional<fuzz::ScanInput> input = fuzz::ParseScanInput(bytes);
    if (!input) continue;
    input->audit_only = false;
    input->own_slots = false;
    input->raised_action = 0;
    use(input->platform, fuzz::PolicyOf(*input), fuzz::SegmentOf(*input));
  }
  return {};
}

std::string UseHeaders(const UseSegment& use) {
  for (const hw::Platform platform : {hw::Platform::kBdw, hw::Platform::kSkl}) {
    for (unsigned e = 0; e < hw::kEngineCount; ++e) {
      const auto engine = static_cast<hw::Engine>(e);
      for (uint32_t upper = 0; upper <= 0xffff; ++upper) {
        const hw::CommandRow* row =
            hw::FindCommand(hw::GenerationOf(platform), engine, upper << 16);
        for (const uint32_t header : HeadersOf(upper, row)) {
          UseHeader(platform, engine, header, use);
        }
      }
    }
  }
  return {};
}

std::string UseRegisters(const UseSegment& use) {
  constexpr uint32_t kRegisterBytes = 2u << 20;
  for (const hw::Platform platform : {hw::Platform::kBdw, hw::Platform::kSkl, hw::Platform::kCfl}) {
    for (const hw::Engine engine : {hw::Engine::kRcs, hw::Engine::kBcs, hw::Engine::kVcs}) {
      const uint32_t gpr = hw::EngineMmioBase(engine) + 0x600;
      for (uint32_t reg = 0; reg < kRegisterBytes; reg += 4) {
        UseCommand(platform, engine, std::array{kLri, reg, 0u}, use);
        UseCommand(platform, engine, std::array{kLri, reg, ~0u}, use);
        UseCommand(platform, engine, std::array{kLrm, reg, 0u, 0u}, use);
        UseCommand(platform, engine, std::array{kSrm, reg, 0u, 0u}, use);
        UseCommand(platform, engine, std::array{kLrr, reg, gpr}, use);
        UseCommand(platform, engine, std::array{kLrr, gpr, reg}, use);
        if (engine != hw::Engine::kRcs) continue;
        UseCommand(platform, engine, std::array{kPipeControl, 1u << 23, reg, 0u, 0u, 0u}, use);
      }
    }
  }
  return {};
}

}  // namespace gvt::bench
