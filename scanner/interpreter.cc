// The scan loop.
//
// Idea: almost every command of a real stream is stepped over. The loop looks up the header's top
// half, adds the stated length and goes on. What the entry alone does not clear gets a closer look:
// lengths other than the usual one, the batch end, flushes that only flush. Whatever is left falls
// into one slow function that decides by the command's row: scanner/command_audit.h.
//
// Long segments of 3D streams are walked in lanes (scanner/lanes.h), which only mark what needs
// that look; it follows in stream order, lane by lane, as far as the lanes turn out to be one walk.
//
// Invariants:
// 1. No dword at or behind segment.dwords.size() is ever read.
// 2. The position only grows, by at least one dword a turn: length 0 does not exist in the tables.
// 3. The report depends on the dwords up to where the segment ends, never on how many lie behind it
// or how often kNeedMore was said.
//
// Who hands over a large batch page by page has its pages of MI_NOOPs compared, not stepped
// through.
//
// Cost: 5 ns a plain command, the latency of header load, table load and two adds; 1.5 to 3 ns in
// lanes. No jump depends on what a plain command is: where the branch predictor is busy with other
// things, as it is between two segments of a guest, guessing lengths cost more than waiting. Thread
// rule: const, no shared writes.
#include "scanner/interpreter.h"

#include <algorithm>
#include <bit>

#include "base/bits.h"
#include "base/check.h"
#include "hw/noop_run.h"
#include "scanner/command_audit.h"
#include "scanner/lanes.h"
#include "scanner/quick_audit.h"
#include "scanner/shortcuts.h"
#include "scanner/step_table.h"

namespace gvt::scanner {
namespace {

// Dwords that are scanned as they come: what is over soon, as most batches of compute streams are,
// has no use for lanes.
constexpr uint32_t kFirstStretch = 80;

// Whether the length that the command states is one that its row allows.
inline bool LengthIsAllowed(const OpcodeTable& table, uint32_t header, uint32_t length) {
  if (table.entries()[header >> 16].LengthIsPlain(length)) return true;
  const hw::CommandRow* row = table.RowOf(header);
  return row != nullptr && row->length.Allows(length);
}

}  // namespace

Interpreter::Interpreter(hw::Platform platform, const Policy& policy)
    : platform_(platform), policy_(policy) {
  for (unsigned i = 0; i < hw::kEngineCount; ++i) {
    tables_[i] = &OpcodeTableFor(hw::GenerationOf(platform), static_cast<hw::Engine>(i));
  }
}

// What the command from `position` to `behind` comes to, whose entry leaves a doubt; `commands`
// were scanned before it.
inline Interpreter::Turn Interpreter::Examine(const Segment& segment, const StepEntry& entry,
                                              uint64_t position, uint64_t behind, uint32_t commands,
                                              ScanReport* report) const {
  const auto at = static_cast<uint32_t>(position);
  if (behind > segment.dwords.size()) {
    return Audit(segment, at, commands, report) ? Turn::kAudited : Turn::kEnd;
  }
  // As QuickAudit has it, but for half of what short segments cost.
  if (entry.shortcut == Shortcut::kBatchEnd && report->stores.empty()) {
    report->end = SegmentEnd::kBatchEnd;
    report->position = static_cast<uint32_t>(behind);
    report->commands = commands + 1;
    return Turn::kEnd;
  }
  const OpcodeTable& opcodes = *tables_[static_cast<size_t>(segment.engine)];
  const uint32_t header = segment.dwords[position];
  if (entry.IsUsual(header) ||
      LengthIsAllowed(opcodes, header, static_cast<uint32_t>(behind - position))) {
    const QuickAudit audit(platform_, policy_, segment, at, static_cast<uint32_t>(behind), commands,
                           report);
    const Quick quick = audit.Run(entry.shortcut);
    if (quick == Quick::kStepOver) return Turn::kStep;
    if (quick == Quick::kEnd) return Turn::kEnd;
    if ((opcodes.entries()[header >> 16].flags & FlagsToAudit(segment)) == 0) return Turn::kStep;
  }
  return Audit(segment, at, commands, report) ? Turn::kAudited : Turn::kEnd;
}

// Scans on from report->position to `stop`, and behind it as far as the last command reaches.
// False: the segment ends, or a command lies only in part in the copy.
inline bool Interpreter::Loop(const Segment& segment, const StepTable& table, uint32_t stop,
                              ScanReport* report) const {
  const uint32_t* const dwords = segment.dwords.data();
  const auto count = static_cast<uint32_t>(segment.dwords.size());

  uint64_t position = report->position;
  uint32_t commands = report->commands;
  while (position < stop) {
    const uint32_t header = dwords[position];
    const uint32_t next = dwords[position + 1 < count ? position + 1 : position];
    const StepEntry& entry = table.EntryOf(header);
    const uint64_t behind = position + entry.base + entry.FieldOf(header);
    if (behind > count || table.DoubtOf(entry, header, next) != 0) [[unlikely]] {
      const Turn turn = Examine(segment, entry, position, behind, commands, report);
      if (turn == Turn::kEnd) return false;
      if (turn == Turn::kAudited) {
        position = report->position;
        commands = report->commands;
        continue;
      }
    }
    position = behind;
    ++commands;
  }
  report->position = static_cast<uint32_t>(position);
  report->commands = commands;
  return true;
}

// Looks at what is in doubt of the commands that lanes have found, in their order. kEnd: the
// segment ends. Else the report stands behind what was scanned.
inline Interpreter::Turn Interpreter::TakeLanes(const Segment& segment, const StepTable& table,
                                                Lanes* lanes, ScanReport* report) const {
  uint64_t position = report->position;
  for (uint32_t k = 0; k < Lanes::kCount && position == lanes->begin[k]; ++k) {
    position = lanes->end[k];
    // The last command is not wholly in the copy.
    if (position > segment.dwords.size()) position = lanes->position[k][--lanes->steps[k]];
    lanes->position[k][lanes->steps[k]] = static_cast<uint32_t>(position);
    const Turn turn = TakeLane(segment, table, *lanes, k, report);
    if (turn != Turn::kStep) return turn;
  }
  return Turn::kStep;
}

// The same of one lane, which begins at report->position. kAudited: an audit led away from it.
inline Interpreter::Turn Interpreter::TakeLane(const Segment& segment, const StepTable& table,
                                               const Lanes& lanes, uint32_t lane,
                                               ScanReport* report) const {
  const uint32_t steps = lanes.steps[lane];
  const uint32_t commands = report->commands;
  for (uint32_t first = 0; first < steps; first += Lanes::kBlock) {
    uint32_t doubts = DoubtsOf(lanes, lane, first);
    if (steps - first < Lanes::kBlock) doubts &= LowMask32(steps - first);
    for (; doubts != 0; doubts &= doubts - 1) {
      const uint32_t step = first + static_cast<uint32_t>(std::countr_zero(doubts));
      const uint32_t position = lanes.position[lane][step];
      const uint32_t behind = lanes.position[lane][step + 1];
      const StepEntry& entry = table.EntryOf(segment.dwords[position]);
      const Turn turn = Examine(segment, entry, position, behind, commands + step, report);
      if (turn == Turn::kEnd) return turn;
      if (turn == Turn::kAudited && report->position != behind) return turn;
    }
  }
  report->position = lanes.position[lane][steps];
  report->commands = commands + steps;
  return Turn::kStep;
}

// Steps over MI_NOOPs at report->position as fast as memory is compared.
inline void Interpreter::SkipNoops(const Segment& segment, ScanReport* report) const {
  const OpcodeEntry* const entries = tables_[static_cast<size_t>(segment.engine)]->entries();
  if (report->position >= segment.dwords.size() ||
      segment.dwords[report->position] != hw::kPlainNoop ||
      (entries[hw::kPlainNoop].flags & FlagsToAudit(segment)) != 0) {
    return;
  }
  const size_t noops = hw::NoopsAhead(segment.dwords.subspan(report->position));
  report->position += static_cast<uint32_t>(noops);
  report->commands += static_cast<uint32_t>(noops);
}

// HOT: bench/scan_bench.cc BM_Interpreter; no alloc, no lock, no virtual call, no syscall
GVT_HOT void Interpreter::Scan(const Segment& segment, ScanReport* report) const {
  const StepTable& table =
      StepTable::For(hw::GenerationOf(platform_), segment.engine, FlagsToAudit(segment));
  const auto count = static_cast<uint32_t>(segment.dwords.size());
  SkipNoops(segment, report);
  const bool has_lanes = LanesCanStart(segment.engine);
  const uint32_t stop = has_lanes ? std::min(report->position + kFirstStretch, count) : count;
  if (!Loop(segment, table, stop, report)) return;
  if (report->position < count && !ScanLong(segment, table, report)) return;
  EndOfCopy(segment, report);
}

// Scans on in lanes as far as they can be started. False: the segment ends.
[[gnu::noinline]] bool Interpreter::ScanLong(const Segment& segment, const StepTable& table,
                                             ScanReport* report) const {
  const auto count = static_cast<uint32_t>(segment.dwords.size());
  uint32_t end = 0;
  while (report->position < count) {
    const uint32_t from = report->position;
    if (from >= end) {
      end = count - from < Lanes::kMinStretch ? count : LikelyEnd(segment.dwords, from);
    }
    uint32_t stop = end;
    if (end - from >= Lanes::kMinStretch) {
      Lanes lanes;
      if (FillLanes(table, segment.dwords.first(end), from, &lanes)) {
        if (TakeLanes(segment, table, &lanes, report) == Turn::kEnd) return false;
        // A command that is longer than the copy is not for lanes to take.
        if (report->position != from) continue;
      }
      stop = from + Lanes::kMinStretch;
    }
    if (!Loop(segment, table, stop, report)) return false;
  }
  return true;
}

// The two calls that need an audit object are out of the loop's way, so that it keeps its
// registers.
[[gnu::noinline]] bool Interpreter::Audit(const Segment& segment, uint32_t position,
                                          uint32_t commands, ScanReport* report) const {
  const OpcodeTable& table = *tables_[static_cast<size_t>(segment.engine)];
  return CommandAudit(platform_, policy_, table, segment, report).Audit(position, commands);
}

[[gnu::noinline]] void Interpreter::EndOfCopy(const Segment& segment, ScanReport* report) const {
  const OpcodeTable& table = *tables_[static_cast<size_t>(segment.engine)];
  CommandAudit(platform_, policy_, table, segment, report).EndOfCopy();
}

}  // namespace gvt::scanner
