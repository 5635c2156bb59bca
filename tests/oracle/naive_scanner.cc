// One pass over the commands of a segment.
//
// Idea: a command is decoded by searching the table; its effect is judged by one function that
// returns notes, in the order in which a reader of the manual would come upon them; the loop then
// applies the notes to the report and knows the policy ladder. Nothing is fast, nothing is shared
// between commands.
//
// A segment that stored into its own rest is handled by scanning it again up to the store and no
// further.
//
// Source: PRM SKL vol 2a (operands), vol 7 (privilege); linux v6.1 gvt/cmd_parser.c (which operands
// need an audit).
#include "tests/oracle/naive_scanner.h"

#include <algorithm>

#include "hw/command_table.h"
#include "scanner/limits.h"
#include "tests/oracle/naive_command.h"

namespace gvt::oracle {
namespace {

using scanner::Action;
using scanner::BufferKind;
using scanner::Refusal;
using scanner::Rule;
using scanner::ScanReport;
using scanner::SegmentEnd;
using scanner::Store;

bool EndsByCommand(BufferKind kind) {
  return kind == BufferKind::kFirstLevelBatch || kind == BufferKind::kSecondLevelBatch ||
         kind == BufferKind::kPerContextBatch;
}

// Where the next command is likely to start behind one that no table knows. Source: PRM SKL vol 2a,
// "Command Header Format": MI commands below opcode 0x10 are one dword, video units have a 12-bit
// length field, all others an 8-bit one.
uint32_t LikelyLength(uint32_t header, hw::Engine engine) {
  const uint32_t type = header >> 29;
  if (type == 0 && ((header >> 23) & 0x3f) < 0x10) return 1;
  const bool video =
      engine == hw::Engine::kVcs || engine == hw::Engine::kVcs2 || engine == hw::Engine::kVecs;
  return (type == 3 && video ? header & 0xfff : header & 0xff) + 2;
}

class Pass {
 public:
  Pass(hw::Platform platform, const scanner::Policy& policy, const scanner::Segment& segment)
      : platform_(platform), policy_(policy), segment_(segment) {}

  ScanReport Run() {
    while (running_) {
      if (report_.position == segment_.dwords.size()) {
        EndOfDwords();
      } else {
        OneCommand();
      }
    }
    return report_;
  }

  // First dword behind what the segment's end depends on: a refused command is part of it.
  uint32_t reach() const { return std::max(reach_, report_.position); }

 private:
  uint32_t Left() const { return static_cast<uint32_t>(segment_.dwords.size()) - report_.position; }

  void Leave(SegmentEnd end) {
    report_.end = end;
    running_ = false;
  }

  // Counts a finding. True: the ladder lets the segment go on.
  bool Count(Refusal refusal) {
    refusal.action = policy_.ActionFor(refusal.rule);
    report_.worst =
        report_.refusal_count == 0 ? refusal.action : std::max(report_.worst, refusal.action);
    report_.refusal_count += 1;
    if (report_.refusals.size() < scanner::kMaxRefusalsPerSegment) {
      report_.refusals.push_back(refusal);
    }
    return policy_.audit_only || refusal.action == Action::kNoop;
  }

  void EndOfDwords() {
    if (!segment_.complete) return Leave(SegmentEnd::kNeedMore);
    if (!EndsByCommand(segment_.kind)) return Leave(SegmentEnd::kEndOfBuffer);
    RefuseAtEnd(Rule::kBatchUnmapped, 0);
  }

  // The dwords end where the segment may not end.
  void RefuseAtEnd(Rule rule, uint32_t header) {
    Refusal refusal;
    refusal.rule =
        segment_.dwords.size() >= scanner::kMaxSegmentDwords ? Rule::kSegmentLimit : rule;
    refusal.dword = report_.position;
    refusal.header = header;
    refusal.address = segment_.start.value + uint64_t{report_.position} * 4;
    Count(refusal);
    Leave(SegmentEnd::kRefused);
  }

  // A header that leaves the place of the next command unknown. True: audit-only, go on.
  bool RefuseHeader(Rule rule, uint32_t header, uint32_t length) {
    Refusal refusal;
    refusal.rule = rule;
    refusal.dword = report_.position;
    refusal.header = header;
    if (Count(refusal)) return true;
    reach_ = report_.position + std::min(length, Left());
    Leave(SegmentEnd::kRefused);
    return false;
  }

  void OneCommand() {
    const uint32_t header = segment_.dwords[report_.position];
    const hw::CommandRow* row =
        hw::FindCommand(hw::GenerationOf(platform_), segment_.engine, header);
    uint32_t length = 1;
    if (row != nullptr) length = row->length.Of(header);
    if (row == nullptr && policy_.audit_only) length = LikelyLength(header, segment_.engine);
    const bool well_formed = row != nullptr && row->length.Allows(length);

    if (length > Left() && !segment_.complete) return Leave(SegmentEnd::kNeedMore);
    if (!well_formed) {
      const Rule rule = row == nullptr ? Rule::kUnknownCommand : Rule::kBadLength;
      if (!RefuseHeader(rule, header, length)) return;
    }
    if (length > Left()) {
      RefuseAtEnd(Rule::kTruncatedCommand, header);
      reach_ = static_cast<uint32_t>(segment_.dwords.size());
      return;
    }
    if (well_formed) {
      const Command command{platform_,        policy_,
                            segment_,         *row,
                            report_.position, segment_.dwords.subspan(report_.position, length)};
      Apply(AuditCommand(command), length);
    }
    if (!running_) return;
    report_.position += std::max(length, 1u);
    report_.commands += 1;
    const bool full = report_.stores.size() >= scanner::kMaxStoresPerSegment ||
                      report_.events.size() >= scanner::kMaxEventsPerSegment ||
                      report_.patches.size() >= scanner::kMaxPatchesPerSegment;
    if (full) Leave(SegmentEnd::kReenter);
  }

  // Stops at the first finding that is refused on a harder rung than MI_NOOP.
  void Apply(const Notes& notes, uint32_t length) {
    for (const Note& note : notes) {
      switch (note.kind) {
        case Note::Kind::kFinding:
          if (!Count(note.refusal)) {
            reach_ = report_.position + length;
            return Leave(SegmentEnd::kRefused);
          }
          [[fallthrough]];
        case Note::Kind::kDrop:
          if (!policy_.audit_only) report_.patches.push_back(note.patch);
          break;
        case Note::Kind::kEvent: report_.events.push_back(note.event); break;
        case Note::Kind::kStore:
          report_.stores.push_back(note.store);
          report_.stores.back().next_dword = report_.position + length;
          report_.stores.back().commands = report_.commands + 1;
          report_.stores.back().refusals = report_.refusal_count;
          break;
        case Note::Kind::kLeave:
          report_.target = note.target;
          report_.position += length;
          report_.commands += 1;
          Leave(note.end);
          break;
      }
    }
  }

  const hw::Platform platform_;
  const scanner::Policy& policy_;
  const scanner::Segment& segment_;
  ScanReport report_;
  uint32_t reach_ = 0;
  bool running_ = true;
};

// True iff `store` changes a dword that lies behind it and was looked at.
bool HitsOwnRest(const Store& store, const scanner::Segment& segment, uint32_t reach) {
  if (store.space != segment.space) return false;
  const uint64_t rest = segment.start.value + uint64_t{store.next_dword} * 4;
  const uint64_t end = segment.start.value + uint64_t{reach} * 4;
  const uint64_t store_end = store.address.value + store.size_bytes;
  return rest < end && store.address.value < end && store_end > rest;
}

}  // namespace

ScanReport NaiveScan(hw::Platform platform, const scanner::Policy& policy,
                     const scanner::Segment& segment) {
  Pass pass(platform, policy, segment);
  const ScanReport report = pass.Run();
  if (report.end == SegmentEnd::kNeedMore || !EndsByCommand(segment.kind)) return report;
  for (const Store& store : report.stores) {
    if (!HitsOwnRest(store, segment, pass.reach())) continue;
    scanner::Segment before = segment;
    before.dwords = segment.dwords.first(store.next_dword);
    before.complete = false;
    ScanReport cut = Pass(platform, policy, before).Run();
    cut.end = SegmentEnd::kReenter;
    return cut;
  }
  return report;
}

}  // namespace gvt::oracle
