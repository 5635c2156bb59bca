// The jobs, and why they are comparable.
//
// 1. All read the same dwords in the same order; those that copy write to the same private buffer,
// which stays in the cache, as a mediator's would.
// 2. Copies without an audit and the table loop are given where each segment ends; the interpreter
// finds out, in a copy of whole pages. Both step over the same commands, and the constructor checks
// that they do.
// 3. Copying by pages keeps every segment's offset in its first page, so that the number of walks
// is that of the real buffer.
#include "bench/yardsticks.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/bits.h"
#include "base/check.h"
#include "bench/rounds.h"
#include "hw/command_table.h"
#include "jit/make_engine.h"
#include "scanner/opcode_table.h"

namespace gvt::bench {
namespace {

size_t PagesOf(const Corpus& corpus) {
  size_t pages = 0;
  for (const Piece& piece : corpus.pieces) {
    const uint64_t end = piece.copied.start.page_offset() + piece.copied.dwords.size_bytes();
    pages += (end + kPageSize - 1) >> kPageShift;
  }
  return pages;
}

size_t LongestPiece(const Corpus& corpus) {
  size_t longest = 0;
  for (const Piece& piece : corpus.pieces) {
    longest = std::max(longest, piece.copied.dwords.size());
  }
  return longest;
}

}  // namespace

const char* JobName(Job job) {
  constexpr const char* kNames[kJobCount] = {"Memcpy", "PageWalkCopy", "TableLoop",   "Interpreter",
                                             "Jit",    "Queued",       "WalkCopyScan"};
  return kNames[static_cast<size_t>(job)];
}

Yardsticks::Yardsticks(Corpus corpus)
    : corpus_(std::move(corpus)),
      memory_(PagesOf(corpus_)),
      private_copy_(LongestPiece(corpus_) + scanner::CopyGuess::kMost +
                    kPageSize / sizeof(uint32_t)),
      interpreter_(corpus_.platform, scanner::Policy{}),
      jit_(jit::MakeScanEngine(corpus_.platform, scanner::Policy{})) {
  placed_.reserve(corpus_.pieces.size());
  for (const Piece& piece : corpus_.pieces) {
    placed_.push_back(memory_.Place(piece.copied.dwords, piece.copied.start.page_offset()));
    LengthTable& table = tables_[static_cast<size_t>(piece.segment.engine)];
    if (table.empty()) {
      table = MakeTable(hw::GenerationOf(corpus_.platform), piece.segment.engine);
    }
  }
  for (const Job job :
       {Job::kTableLoop, Job::kInterpreter, Job::kJit, Job::kQueued, Job::kWalkCopyScan}) {
    GVT_CHECK(Run(job) == corpus_.commands, "the corpus was collected from complete segments");
  }
}

Yardsticks::LengthTable Yardsticks::MakeTable(hw::Generation generation, hw::Engine engine) {
  LengthTable table(scanner::kOpcodeCount);
  for (uint32_t opcode = 0; opcode < scanner::kOpcodeCount; ++opcode) {
    const hw::CommandRow* row = hw::FindCommand(generation, engine, opcode << 16);
    if (row == nullptr) continue;
    const hw::Length& length = row->length;
    table[opcode].mask = length.fixed_dwords != 0
                             ? uint16_t{0}
                             : static_cast<uint16_t>(LowMask32(length.field_high + 1u));
    table[opcode].base = length.fixed_dwords != 0 ? length.fixed_dwords : length.bias;
  }
  return table;
}

uint64_t Yardsticks::Run(Job job) {
  if (job == Job::kInterpreter) return RunBy(interpreter_, job);
  return RunBy(*jit_, job);
}

uint64_t Yardsticks::RunBy(const scanner::ScanEngine& engine, Job job) {
  switch (job) {
    case Job::kMemcpy: return Memcpy();
    case Job::kPageWalkCopy: return PageWalkCopy();
    case Job::kTableLoop: return TableLoop();
    case Job::kInterpreter:
    case Job::kJit: return Audit(engine);
    case Job::kQueued: return AuditQueued(engine);
    case Job::kWalkCopyScan: return WalkCopyScan(engine);
  }
  return 0;
}

uint64_t Yardsticks::RunFirstSight(Job job, double* ns) {
  const std::unique_ptr<scanner::ScanEngine> engine =
      job == Job::kInterpreter
          ? std::make_unique<scanner::Interpreter>(corpus_.platform, scanner::Policy{})
          : jit::MakeScanEngine(corpus_.platform, scanner::Policy{});
  const double start = ThreadNs();
  const uint64_t commands = RunBy(*engine, job);
  *ns = ThreadNs() - start;
  return commands;
}

uint64_t Yardsticks::Memcpy() {
  uint64_t sum = 0;
  for (const Piece& piece : corpus_.pieces) {
    const auto& dwords = piece.segment.dwords;
    std::memcpy(private_copy_.data(), dwords.data(), dwords.size_bytes());
    sum += private_copy_[dwords.size() - 1];
  }
  return sum;
}

void Yardsticks::WalkCopy(size_t index, size_t count, uint32_t* copy) const {
  size_t have = 0;
  while (have < count) {
    const auto rest = memory_.Rest(placed_[index] + have * sizeof(uint32_t));
    const auto part = rest.first(std::min(rest.size(), count - have));
    std::memcpy(copy + have, part.data(), part.size_bytes());
    have += part.size();
  }
}

uint64_t Yardsticks::PageWalkCopy() {
  uint64_t sum = 0;
  for (size_t i = 0; i < placed_.size(); ++i) {
    const size_t count = corpus_.pieces[i].segment.dwords.size();
    WalkCopy(i, count, private_copy_.data());
    sum += private_copy_[count - 1];
  }
  return sum;
}

uint64_t Yardsticks::TableLoop() const {
  uint64_t commands = 0;
  for (const Piece& piece : corpus_.pieces) {
    const LengthEntry* const table = tables_[static_cast<size_t>(piece.segment.engine)].data();
    const uint32_t* const dwords = piece.segment.dwords.data();
    const size_t count = piece.segment.dwords.size();
    for (size_t position = 0; position < count; ++commands) {
      const uint32_t header = dwords[position];
      const LengthEntry entry = table[header >> 16];
      position += entry.base + (header & entry.mask);
    }
  }
  return commands;
}

uint64_t Yardsticks::Audit(const scanner::ScanEngine& engine) {
  scanner::ScanReport& report = reports_.front();
  uint64_t commands = 0;
  for (const Piece& piece : corpus_.pieces) {
    report.Clear();
    engine.Scan(piece.copied, &report);
    commands += report.commands;
  }
  return commands;
}

uint64_t Yardsticks::AuditQueued(const scanner::ScanEngine& engine) {
  std::array<scanner::Segment, kQueuedSegments> segments;
  uint64_t commands = 0;
  for (size_t first = 0; first < corpus_.pieces.size(); first += kQueuedSegments) {
    const size_t count = std::min(kQueuedSegments, corpus_.pieces.size() - first);
    for (size_t i = 0; i < count; ++i) {
      segments[i] = corpus_.pieces[first + i].copied;
      reports_[i].Clear();
    }
    ScanQueued(engine, std::span(segments).first(count), std::span(reports_).first(count));
    for (size_t i = 0; i < count; ++i) commands += reports_[i].commands;
  }
  return commands;
}

uint64_t Yardsticks::WalkCopyScan(const scanner::ScanEngine& engine) {
  scanner::CopyGuess guess;
  uint64_t commands = 0;
  for (size_t i = 0; i < placed_.size(); ++i) {
    commands += WalkCopyScanOne(engine, i, &guess);
  }
  return commands;
}

uint64_t Yardsticks::WalkCopyScanOne(const scanner::ScanEngine& engine, size_t index,
                                     scanner::CopyGuess* guess) {
  scanner::ScanReport& report = reports_.front();
  report.Clear();
  const scanner::Segment& whole = corpus_.pieces[index].copied;
  scanner::Segment segment = whole;
  segment.complete = false;
  // Rings and context buffers are as long as they are said to be.
  const bool is_batch = scanner::IsBatch(whole.kind);
  const size_t limit = is_batch ? private_copy_.size() : whole.dwords.size();
  // Copies up to dword `stop`, or as far as there is memory.
  size_t have = 0;
  const auto copy = [&](size_t stop) {
    while (have < stop && !segment.complete) {
      const auto rest = memory_.Rest(placed_[index] + have * sizeof(uint32_t));
      const auto part = rest.first(std::min(rest.size(), stop - have));
      std::memcpy(private_copy_.data() + have, part.data(), part.size_bytes());
      have += part.size();
      segment.complete = part.empty() || (have == limit && whole.complete);
    }
  };
  const size_t page_begin = whole.start.page_offset() / sizeof(uint32_t);
  constexpr size_t kPageDwords = kPageSize / sizeof(uint32_t);
  for (size_t stop = is_batch ? guess->dwords() : limit;
       report.end == scanner::SegmentEnd::kNeedMore;
       stop = have + kPageDwords - (page_begin + have) % kPageDwords) {
    copy(std::min(stop, limit));
    segment.dwords = std::span<const uint32_t>(private_copy_).first(have);
    engine.Scan(segment, &report);
    if (have == limit) break;
  }
  if (is_batch) guess->Saw(report.position);
  return report.commands;
}

}  // namespace gvt::bench
