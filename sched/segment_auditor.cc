// One segment entry: copy, audit, patch.
//
// The copy grows by a page at a time and the audit goes along, so that a segment costs what it
// holds and not what lies behind it: a ring with a batch start in every line is audited up to the
// first one.
//
// Invariants:
// 1. Each dword of guest memory is read once an entry, and only audited dwords are handed out.
// 2. An entry that ends well hands out at least one command, so that whoever runs it makes
//    progress; if the first command is longer than kMaxEntryDwords, the copy grows until it is
//    whole. Commands state at most 64 Ki dwords, which bounds the copy.
// 3. A segment that is cut for its length ends as if it had written into its rest (kReenter).
// 4. Code in the GGTT lies in the vGPU's own windows, by policy and by translation.
//
// Cost: a page copy, then about 5 ns a command.
#include "sched/segment_auditor.h"

#include <algorithm>
#include <span>

#include "base/bits.h"
#include "scanner/opcode_table.h"

namespace gvt::sched {
namespace {

using gpu::SegmentFault;
using gpu::SegmentKind;
using scanner::SegmentEnd;

// Longer than any command.
constexpr uint32_t kMaxCopyDwords = SegmentAuditor::kMaxEntryDwords + (2u << 16);

scanner::BufferKind BufferKindOf(SegmentKind kind) {
  switch (kind) {
    case SegmentKind::kRing: return scanner::BufferKind::kRing;
    case SegmentKind::kFirstLevelBatch: return scanner::BufferKind::kFirstLevelBatch;
    case SegmentKind::kSecondLevelBatch: return scanner::BufferKind::kSecondLevelBatch;
    case SegmentKind::kIndirectContext: return scanner::BufferKind::kIndirectContext;
    case SegmentKind::kPerContextBatch: return scanner::BufferKind::kPerContextBatch;
  }
  return scanner::BufferKind::kFirstLevelBatch;
}

// To a counter that no other thread writes.
void Add(std::atomic<uint64_t>* counter, uint64_t count) {
  counter->store(counter->load(std::memory_order_relaxed) + count, std::memory_order_relaxed);
}

bool HasLimit(SegmentKind kind) {
  return kind == SegmentKind::kRing || kind == SegmentKind::kIndirectContext;
}

}  // namespace

SegmentAuditor::SegmentAuditor(hw::Platform platform, hw::Engine engine,
                               const hostif::GuestMemory& memory, Translator& translator,
                               const scanner::ScanEngine* scan, const scanner::Policy& policy,
                               LogSink* log)
    : platform_(platform),
      engine_(engine),
      memory_(memory),
      translator_(translator),
      scan_(scan),
      policy_(policy),
      log_(log) {}

// Copies what the page at dword `have` holds of the segment, up to dword `stop`; returns how many
// dwords that were.
uint32_t SegmentAuditor::FetchPage(const gpu::SegmentEntry& entry, uint32_t have, uint32_t stop) {
  const Gma from = MaskGma(entry.address.value + uint64_t{have} * sizeof(uint32_t));
  const auto page_rest = static_cast<uint32_t>((kPageSize - from.page_offset()) / sizeof(uint32_t));
  const uint32_t want = std::min(page_rest, stop - have);
  const uint64_t bytes = uint64_t{want} * sizeof(uint32_t);
  if (entry.space == hw::AddressSpace::kGgtt && !policy_.OwnsGgtt(from.value, bytes)) return 0;
  const Gpa page = translator_.Translate(entry.space, from, false);
  if (page == kNoPage) return 0;
  if (room_.size() < have + size_t{want}) room_.resize(2 * (have + size_t{want}));
  const std::span<uint32_t> out = std::span(room_).subspan(have, want);
  return memory_.Read(page, std::as_writable_bytes(out)) ? want : 0;
}

// What a scan would say if nothing were ever refused for what it does.
void SegmentAuditor::Measure(const scanner::Segment& segment) {
  const scanner::OpcodeTable& table =
      scanner::OpcodeTableFor(hw::GenerationOf(platform_), segment.engine);
  const auto count = static_cast<uint32_t>(segment.dwords.size());
  while (report_.position < count) {
    const uint32_t header = segment.dwords[report_.position];
    const hw::CommandRow* row = table.RowOf(header);
    const uint32_t length = row == nullptr ? 0 : row->length.Of(header);
    const bool is_known = row != nullptr && row->length.Allows(length);
    if (is_known && length > count - report_.position && !segment.complete) return;
    if (!is_known || length > count - report_.position) {
      scanner::Refusal refusal;
      refusal.rule = is_known ? scanner::Rule::kTruncatedCommand : scanner::Rule::kUnknownCommand;
      refusal.dword = report_.position;
      refusal.header = header;
      report_.refusals.push_back(refusal);
      report_.refusal_count = 1;
      report_.end = SegmentEnd::kRefused;
      return;
    }
    report_.position += length;
    ++report_.commands;
    if (row->effect == hw::Effect::kBatchStart) {
      report_.end = SegmentEnd::kChain;
      return;
    }
    if (row->effect == hw::Effect::kBatchEnd && scanner::IsBatch(segment.kind)) {
      report_.end = SegmentEnd::kBatchEnd;
      return;
    }
  }
  if (!segment.complete) return;
  report_.end = scanner::IsBatch(segment.kind) ? SegmentEnd::kRefused : SegmentEnd::kEndOfBuffer;
}

void SegmentAuditor::Examine(const scanner::Segment& segment) {
  if (const auto* scan = scan_.load(std::memory_order_acquire); scan != nullptr) {
    scan->Scan(segment, &report_);
  } else {
    Measure(segment);
  }
}

void SegmentAuditor::ApplyPatches(std::span<uint32_t> segment) const {
  for (const scanner::Patch& patch : report_.patches) {
    if (patch.dword >= segment.size()) continue;
    const size_t count = std::min<size_t>(patch.count, segment.size() - patch.dword);
    std::fill_n(segment.begin() + patch.dword, count, patch.value);
  }
}

SegmentFault SegmentAuditor::FaultOf(const scanner::Segment& segment, bool unmapped) const {
  switch (report_.end) {
    case SegmentEnd::kNeedMore:
    case SegmentEnd::kReenter: return SegmentFault::kReenter;
    case SegmentEnd::kBatchEnd:
    case SegmentEnd::kChain:
    case SegmentEnd::kCall: return SegmentFault::kNone;
    case SegmentEnd::kEndOfBuffer: return unmapped ? SegmentFault::kUnmapped : SegmentFault::kNone;
    case SegmentEnd::kRefused: break;
  }
  // A command that is cut off by a missing page is a missing page.
  const bool at_end = report_.position >= segment.dwords.size();
  const bool truncated =
      !report_.refusals.empty() && report_.refusals.back().rule == scanner::Rule::kTruncatedCommand;
  return unmapped && (at_end || truncated) ? SegmentFault::kUnmapped : SegmentFault::kRefused;
}

void SegmentAuditor::Count() {
  Add(&counters_.segments, 1);
  Add(&counters_.commands, report_.commands);
  Add(&counters_.scanned_bytes, uint64_t{report_.position} * sizeof(uint32_t));
  if (report_.end == SegmentEnd::kChain || report_.end == SegmentEnd::kCall) {
    Add(&counters_.batches, 1);
  }
  if (report_.refusal_count != 0) Add(&counters_.refusals, report_.refusal_count);
  for (const scanner::Refusal& refusal : report_.refusals) {
    Add(&counters_.refusals_by_rule[static_cast<size_t>(refusal.rule)], 1);
  }
}

// The first finding, and how many more there are.
void SegmentAuditor::LogRefusals(const scanner::Segment& segment) {
  if (report_.refusals.empty()) return;
  const scanner::Refusal& first = report_.refusals.front();
  const hw::CommandRow* row =
      scanner::OpcodeTableFor(hw::GenerationOf(platform_), engine_).RowOf(first.header);
  const bool ggtt = segment.space == hw::AddressSpace::kGgtt;
  const uint64_t at = MaskGma(segment.start.value + uint64_t{first.dword} * 4).value;
  Log(log_, {EventKind::kCommandRefused, static_cast<uint32_t>(engine_), at}, LogLevel::kWarning,
      "%s: refused %s (0x%08x) at %s:0x%llx: %s, dword %u, register 0x%x, address 0x%llx: %s;"
      " %u more",
      hw::EngineName(engine_).data(), row != nullptr ? row->name.data() : "unknown command",
      first.header, ggtt ? "ggtt" : "ppgtt", static_cast<unsigned long long>(at),
      scanner::RuleName(first.rule).data(), first.detail, first.reg,
      static_cast<unsigned long long>(first.address), scanner::ActionName(first.action).data(),
      report_.refusal_count - 1);
}

gpu::AuditedSegment SegmentAuditor::Enter(const gpu::SegmentEntry& entry) {
  scanner::Segment segment;
  segment.engine = engine_;
  segment.kind = BufferKindOf(entry.kind);
  segment.space = entry.space;
  segment.privileged = entry.privileged;
  segment.start = entry.address;
  const uint32_t limit = HasLimit(entry.kind) ? entry.limit_dwords : kMaxCopyDwords;
  report_.Clear();
  // As much as batches mostly take, then page by page.
  uint32_t stop = HasLimit(entry.kind) ? limit : copy_guess_.dwords();
  uint32_t have = 0;
  bool unmapped = false;
  for (;;) {
    uint32_t got = 0;
    do {
      got = have < limit ? FetchPage(entry, have, stop) : 0;
      have += got;
    } while (got != 0 && have < stop && stop != limit);
    unmapped = got == 0 && have < limit;
    stop = limit;
    segment.dwords = std::span(room_).first(have);
    segment.complete = got == 0 || (HasLimit(entry.kind) && have == limit);
    Examine(segment);
    if (report_.end != SegmentEnd::kNeedMore || segment.complete) break;
    if (have >= kMaxEntryDwords && report_.position > 0) break;
  }
  if (!HasLimit(entry.kind)) copy_guess_.Saw(report_.position);
  ApplyPatches(std::span(room_).first(have));
  Count();
  LogRefusals(segment);
  gpu::AuditedSegment audited;
  audited.dwords = std::span<const uint32_t>(room_).first(std::min<size_t>(report_.position, have));
  audited.fault = FaultOf(segment, unmapped);
  if (audited.fault == SegmentFault::kRefused && !report_.refusals.empty()) {
    audited.fault_header = report_.refusals.back().header;
  }
  return audited;
}

}  // namespace gvt::sched
