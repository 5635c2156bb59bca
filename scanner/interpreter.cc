// The scan loop.
//
// Idea: almost every command of a real stream is stepped over. The loop looks up the header's top
// half, adds the stated length and goes on. What the entry alone does not clear gets a closer look:
// lengths other than the usual one, the batch end, flushes that only flush. Whatever is left falls
// into one slow function that decides by the command's row: scanner/command_audit.h.
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
// Cost: 2 to 3 ns a plain command in a stream that the branch predictor has come to know, else 4 to
// 5: the latency of header load, table load and two adds. Thread rule: const, no shared writes.
#include "scanner/interpreter.h"

#include "base/check.h"
#include "hw/noop_run.h"
#include "scanner/command_audit.h"
#include "scanner/limits.h"
#include "scanner/shortcuts.h"

namespace gvt::scanner {
namespace {

// Whether a length that the entry does not hold is allowed after all.
inline bool LengthIsAllowed(const OpcodeTable& table, uint32_t header, uint32_t length) {
  const hw::CommandRow* row = table.RowOf(header);
  return row != nullptr && row->length.Allows(length);
}

// A number whose origin the compiler does not know: it must not turn the switch below back into a
// sum.
inline uint64_t Opaque(uint64_t value) {
  asm("" : "+r"(value));
  return value;
}

// position + length, chosen by a jump where the length is a usual one. Where the next command
// starts then no longer waits for this one's header and table entry (14 cycles): streams repeat
// themselves, so that the processor predicts the jump and runs ahead.
inline uint64_t Behind(uint64_t position, uint32_t length) {
  switch (length) {
    case 1: return Opaque(position + 1);
    case 2: return Opaque(position + 2);
    case 3: return Opaque(position + 3);
    case 4: return Opaque(position + 4);
    case 5: return Opaque(position + 5);
    case 6: return Opaque(position + 6);
    case 7: return Opaque(position + 7);
    case 8: return Opaque(position + 8);
    case 9: return Opaque(position + 9);
    case 10: return Opaque(position + 10);
    case 11: return Opaque(position + 11);
    default: return position + length;
  }
}

// What a command that lies wholly in the copy comes to, if its entry and length leave a doubt.
// `findings`: the flags of its entry that matter in the segment; `behind`: the dword behind it.
inline Look LookCloser(const OpcodeEntry& entry, unsigned findings, const uint32_t* command,
                       const Segment& segment, uint32_t behind) {
  if (findings == 0) return Look::kStepOver;
  if (findings != kAuditEffect) return Look::kAudit;
  return LookAt(entry.shortcut, command, segment, behind);
}

// Leaves the event; false if the list would be full by it.
inline bool Notify(uint32_t position, ScanReport* report) {
  if (report->events.size() + 1 >= kMaxEventsPerSegment) return false;
  report->events.push_back(Event{EventKind::kNotify, position, 0});
  return true;
}

}  // namespace

Interpreter::Interpreter(hw::Platform platform, const Policy& policy)
    : platform_(platform), policy_(policy) {
  for (unsigned i = 0; i < hw::kEngineCount; ++i) {
    tables_[i] = &OpcodeTableFor(hw::GenerationOf(platform), static_cast<hw::Engine>(i));
  }
}

// What a command comes to that the entry alone does not clear. `findings`: the flags of its entry
// that matter in the segment.
inline Look Interpreter::Examine(const Segment& segment, uint64_t position, uint32_t length,
                                 unsigned findings) const {
  const OpcodeTable& table = *tables_[static_cast<size_t>(segment.engine)];
  const uint32_t* const command = segment.dwords.data() + position;
  const OpcodeEntry& entry = table.entries()[*command >> 16];
  if (position + length > segment.dwords.size()) return Look::kAudit;
  if (length != entry.length_min && !entry.LengthIsPlain(length) &&
      !LengthIsAllowed(table, *command, length)) {
    return Look::kAudit;
  }
  return LookCloser(entry, findings, command, segment, static_cast<uint32_t>(position + length));
}

// Does what `look` at the command at `position` asks for. kEnd, kAudited: the report stands behind
// it; kStep: the loop steps over it.
inline Interpreter::Turn Interpreter::Take(Look look, const Segment& segment, uint32_t position,
                                           uint32_t commands, ScanReport* report) const {
  if (look == Look::kStepOver) return Turn::kStep;
  if (look == Look::kBatchEnd && report->stores.empty()) {
    report->end = SegmentEnd::kBatchEnd;
    report->position = position + 1;  // MI_BATCH_BUFFER_END is one dword
    report->commands = commands + 1;
    return Turn::kEnd;
  }
  if (look == Look::kNotify && Notify(position, report)) return Turn::kStep;
  return Audit(segment, position, commands, report) ? Turn::kAudited : Turn::kEnd;
}

// With kToLandmark: true as soon as the last of at least `until` commands was a landmark. Else the
// segment or its copy ends, and the result is false.
template <bool kToLandmark>
inline bool Interpreter::Loop(const Segment& segment, ScanReport* report, uint32_t* landmark,
                              uint64_t until) const {
  const OpcodeEntry* const entries = tables_[static_cast<size_t>(segment.engine)]->entries();
  const uint32_t* const dwords = segment.dwords.data();
  const auto count = static_cast<uint32_t>(segment.dwords.size());
  const unsigned audited = FlagsToAudit(segment);
  const unsigned watched = kToLandmark ? unsigned{kLandmark} : 0;

  uint64_t position = report->position;
  uint32_t commands = report->commands;
  if (position < count && dwords[position] == hw::kPlainNoop &&
      (entries[hw::kPlainNoop].flags & audited) == 0) {
    const size_t noops = hw::NoopsAhead(segment.dwords.subspan(position));
    position += noops;
    commands += static_cast<uint32_t>(noops);
  }
  while (position < count) {
    const uint32_t header = dwords[position];
    const OpcodeEntry& entry = entries[header >> 16];
    const uint32_t length = entry.LengthOf(header);
    const uint64_t behind = position + length;
    const unsigned findings = entry.flags & (audited | watched);
    if (behind > count || findings != 0 || length != entry.length_min) [[unlikely]] {
      const Look look = Examine(segment, position, length, findings & audited);
      const Turn turn = Take(look, segment, static_cast<uint32_t>(position), commands, report);
      if (turn == Turn::kEnd) return false;
      if (turn == Turn::kAudited) {
        position = report->position;
        commands = report->commands;
        if (!kToLandmark || commands < until) continue;
        *landmark = header;
        return true;
      }
      const bool is_landmark = look != Look::kStepOver || (findings & watched) != 0;
      if (kToLandmark && is_landmark && commands + 1 >= until) {
        report->position = static_cast<uint32_t>(behind);
        report->commands = commands + 1;
        *landmark = header;
        return true;
      }
    }
    position = Behind(position, length);
    ++commands;
  }
  report->position = count;
  report->commands = commands;
  EndOfCopy(segment, report);
  return false;
}

// HOT: bench/scan_bench.cc BM_Interpreter; no alloc, no lock, no virtual call, no syscall
GVT_HOT void Interpreter::Scan(const Segment& segment, ScanReport* report) const {
  Loop<false>(segment, report, nullptr, 0);
}

bool Interpreter::ScanToLandmark(const Segment& segment, uint32_t commands, ScanReport* report,
                                 uint32_t* header) const {
  return Loop<true>(segment, report, header, report->commands + uint64_t{commands});
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
