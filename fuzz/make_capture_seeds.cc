// Seeds cut out of a capture.
//
// scan, disasm  slices of segments, one for each command that no earlier slice of that generation,
//               engine and privilege had
// jit           the first batch of the render engine that is long, but not too long
// walk          the first submissions of each engine with the pages that their walk fetched
// roundtrip     the same
// aub           the file, cut behind its second submission and without the packets that change
//               nothing about how these submissions are walked
#include <algorithm>
#include <map>
#include <set>
#include <span>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "base/bits.h"
#include "capture/capture_file.h"
#include "fuzz/scan_input.h"
#include "fuzz/seed_writer.h"
#include "fuzz/walk_input.h"
#include "scanner/disasm_cursor.h"
#include "scanner/interpreter.h"
#include "scanner/segment_walker.h"
#include "tools/common/capture_workload.h"

namespace gvt::fuzz {
namespace {

constexpr uint32_t kBatchBufferEnd = 0x0au << 23;
constexpr size_t kSliceDwords = 256;
constexpr size_t kMinCompiledDwords = 128;
constexpr size_t kMaxCompiledDwords = 1024;
constexpr unsigned kWalksPerEngine = 1;
constexpr unsigned kMaxSubmissions = 256;
constexpr uint64_t kAubSubmissions = 2;
// A longer beginning is not made small in reasonable time.
constexpr uint64_t kMaxAubBytes = uint64_t{2} << 20;

// Commands that some seed has, over all captures: generation, engine, privilege, row.
using CommandKey = std::tuple<hw::Generation, hw::Engine, bool, const hw::CommandRow*>;
std::set<CommandKey>& SeenCommands() {
  static std::set<CommandKey> seen;
  return seen;
}

class SliceMaker final : public scanner::WalkObserver {
 public:
  SliceMaker(std::string name, hw::Platform platform, SeedWriter* out)
      : name_(std::move(name)), platform_(platform), out_(out) {}

  void OnSegment(const scanner::Segment& segment, const scanner::ScanReport& report) override {
    const auto dwords = segment.dwords.first(report.position);
    WriteForCompiling(segment, dwords);
    scanner::CommandCursor cursor(platform_, segment.engine, dwords, segment.start);
    scanner::Command command;
    size_t slice_end = 0;
    size_t slice_begin = 0;
    while (cursor.Next(&command)) {
      const size_t end = command.position + command.dwords.size();
      if (command.position >= slice_end) {
        if (!IsNew(segment, command.row)) continue;
        Write(segment, slice_begin, slice_end);
        slice_begin = command.position;
        slice_end = std::max(end, slice_begin + kSliceDwords);
      }
      SeenCommands().insert(Key(segment, command.row));
      if (end >= slice_end) slice_end = end;
    }
    Write(segment, slice_begin, std::min(slice_end, dwords.size()));
  }

 private:
  CommandKey Key(const scanner::Segment& segment, const hw::CommandRow* row) const {
    return {hw::GenerationOf(platform_), segment.engine, segment.privileged, row};
  }
  bool IsNew(const scanner::Segment& segment, const hw::CommandRow* row) const {
    return !SeenCommands().contains(Key(segment, row));
  }

  ScanInput InputOf(const scanner::Segment& segment, size_t begin, size_t end) const {
    ScanInput input;
    input.platform = platform_;
    input.engine = segment.engine;
    input.kind = segment.kind;
    input.space = segment.space;
    input.privileged = segment.privileged;
    input.start = segment.start + begin * 4;
    input.split = 5;
    const auto slice = segment.dwords.subspan(begin, end - begin);
    input.dwords.assign(slice.begin(), slice.end());
    return input;
  }

  void WriteForCompiling(const scanner::Segment& segment, std::span<const uint32_t> dwords) {
    if (has_compiled_ || segment.engine != hw::Engine::kRcs || !scanner::IsBatch(segment.kind)) {
      return;
    }
    if (dwords.size() < kMinCompiledDwords || dwords.size() > kMaxCompiledDwords) return;
    ScanInput input = InputOf(segment, 0, dwords.size());
    input.split = 4;
    out_->Write("jit", name_, SerializeScanInput(input));
    has_compiled_ = true;
  }

  void Write(const scanner::Segment& segment, size_t begin, size_t end) {
    if (begin >= end) return;
    ScanInput input = InputOf(segment, begin, end);
    if (scanner::IsBatch(segment.kind)) input.dwords.push_back(kBatchBufferEnd);
    const std::string name =
        name_ + "-" + std::string(hw::EngineName(segment.engine)) + "-" + std::to_string(number_++);
    out_->Write("scan", name, SerializeScanInput(input));
    if (number_ % 4 == 1) out_->Write("disasm", name, SerializeScanInput(input));
  }

  std::string name_;
  hw::Platform platform_;
  SeedWriter* out_;
  unsigned number_ = 0;
  bool has_compiled_ = false;
};

// Memory that notes the pages which are fetched.
class RecordingSource final : public scanner::SegmentSource {
 public:
  explicit RecordingSource(const capture::GpuMemory& memory) : source_(memory) {}

  uint32_t Fetch(hw::AddressSpace space, Gma address, std::span<uint32_t> out) override {
    const uint32_t got = source_.Fetch(space, address, out);
    for (uint64_t page = address.page(); got != 0 && page <= (address + (got * 4 - 1)).page();
         ++page) {
      pages_.insert({space, page});
    }
    return got;
  }

  // Each page's dwords up to the last that is not zero.
  std::vector<WalkPage> Pages() {
    std::vector<WalkPage> pages;
    for (const auto& [space, number] : pages_) {
      WalkPage page;
      page.space = space;
      page.number = number;
      page.dwords.resize(kPageSize / 4);
      source_.Fetch(space, Gma(number << kPageShift), page.dwords);
      while (!page.dwords.empty() && page.dwords.back() == 0) page.dwords.pop_back();
      pages.push_back(std::move(page));
    }
    return pages;
  }

 private:
  tools::CaptureSource source_;
  std::set<std::pair<hw::AddressSpace, uint64_t>> pages_;
};

void MakeStreamSeeds(const std::string& name, capture::CaptureFile* file, SeedWriter* out) {
  const hw::Platform platform = file->info().platform;
  const scanner::Policy policy;
  const scanner::Interpreter interpreter(platform, policy);
  scanner::SegmentWalker walker(interpreter, policy);
  SliceMaker slices(name, platform, out);
  std::map<hw::Engine, unsigned> walks;
  capture::Submission submission;
  for (unsigned i = 0; i < kMaxSubmissions; ++i) {
    if (file->NextSubmission(&submission) != capture::NextResult::kSubmission) return;
    WalkInput input;
    input.platform = platform;
    input.workload = tools::WorkloadOf(submission, file->memory(), platform);
    RecordingSource source(file->memory());
    walker.Walk(input.workload, source, &slices);
    if (++walks[submission.engine] > kWalksPerEngine) continue;
    input.pages = source.Pages();
    if (input.pages.size() > kMaxWalkPages) continue;
    const std::string seed = name + "-" + std::string(hw::EngineName(submission.engine));
    const auto bytes = SerializeWalkInput(input);
    out->Write("walk", seed, bytes);
    out->Write("roundtrip", seed, bytes);
  }
}

// What the first submissions of an AUB file come to: equal for two files that are walked alike.
struct Outcome {
  uint64_t submissions = 0;
  scanner::WalkTotals totals;
  bool operator==(const Outcome& other) const {
    return submissions == other.submissions && totals.segments == other.totals.segments &&
           totals.commands == other.totals.commands && totals.dwords == other.totals.dwords;
  }
};

Outcome WalkFirst(std::span<const std::byte> bytes, uint64_t* end_of_last) {
  Outcome outcome;
  auto file = capture::OpenCaptureMemory("seed", bytes, {});
  if (!file) return outcome;
  const hw::Platform platform = (*file)->info().platform;
  const scanner::Policy policy;
  const scanner::Interpreter interpreter(platform, policy);
  scanner::SegmentWalker walker(interpreter, policy);
  capture::Submission submission;
  while (outcome.submissions < kAubSubmissions &&
         (*file)->NextSubmission(&submission) == capture::NextResult::kSubmission) {
    ++outcome.submissions;
    *end_of_last = (*file)->progress().stream_bytes;
    tools::CaptureSource source((*file)->memory());
    outcome.totals +=
        walker.Walk(tools::WorkloadOf(submission, (*file)->memory(), platform), source, nullptr);
  }
  return outcome;
}

using Packets = std::vector<std::span<const std::byte>>;

Packets SplitPackets(std::span<const std::byte> bytes) {
  Packets packets;
  while (bytes.size() >= 4) {
    const size_t length = std::to_integer<size_t>(bytes[0]) | std::to_integer<size_t>(bytes[1])
                                                                  << 8;
    const size_t size = std::min((length + 1) * 4, bytes.size());
    packets.push_back(bytes.first(size));
    bytes = bytes.subspan(size);
  }
  return packets;
}

std::vector<std::byte> Join(const Packets& packets) {
  std::vector<std::byte> bytes;
  for (const auto packet : packets) bytes.insert(bytes.end(), packet.begin(), packet.end());
  return bytes;
}

// Drops runs of packets, long ones first, as long as the outcome stays.
void MakeAubSeed(const std::string& name, std::span<const std::byte> file, SeedWriter* out) {
  uint64_t end = 0;
  const Outcome wanted = WalkFirst(file, &end);
  if (wanted.submissions == 0 || end > kMaxAubBytes) return;
  Packets packets = SplitPackets(file.first(static_cast<size_t>(end)));
  uint64_t ignored = 0;
  for (size_t run = std::max<size_t>(packets.size() / 2, 1);; run /= 2) {
    for (size_t at = 0; at < packets.size();) {
      Packets fewer = packets;
      const auto from = fewer.begin() + static_cast<std::ptrdiff_t>(at);
      fewer.erase(from, from + static_cast<std::ptrdiff_t>(std::min(run, fewer.size() - at)));
      if (WalkFirst(Join(fewer), &ignored) == wanted) {
        packets = std::move(fewer);
      } else {
        at += run;
      }
    }
    if (run == 1) break;
  }
  const std::vector<std::byte> small = Join(packets);
  out->Write("aub", name, {reinterpret_cast<const uint8_t*>(small.data()), small.size()});
}

}  // namespace

void MakeCaptureSeeds(const std::string& name, const std::vector<std::byte>& bytes,
                      SeedWriter* out) {
  auto file = capture::OpenCaptureMemory(name, bytes, {});
  if (!file) return;
  MakeStreamSeeds(name, file->get(), out);
  if ((*file)->info().kind == capture::CaptureKind::kAub) MakeAubSeed(name, bytes, out);
}

}  // namespace gvt::fuzz
