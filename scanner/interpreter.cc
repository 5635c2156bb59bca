// The scan loop.
//
// Idea: almost every command of a real stream is stepped over. The loop looks up the header's top
// half, adds the stated length and goes on. What the entry alone does not clear gets a second look
// (StepOver): the batch end, flushes that only flush, odd but allowed lengths. Whatever is left
// falls into one slow function that decides by the command's row: scanner/command_audit.h.
//
// Invariants:
// 1. No dword at or behind segment.dwords.size() is ever read.
// 2. The position only grows, by at least one dword a turn: length 0 does not exist in the tables.
// 3. The report depends on the dwords up to where the segment ends, never on how many lie behind it
// or how often kNeedMore was said.
//
// Cost: about 5 ns a plain command, the latency of header load, table load and two adds. Thread
// rule: const, no shared writes.
#include "scanner/interpreter.h"

#include "base/check.h"
#include "scanner/command_audit.h"
#include "scanner/limits.h"
#include "scanner/shortcuts.h"

namespace gvt::scanner {
namespace {

uint8_t FlagsToAudit(const Segment& segment) {
  uint8_t flags = kAuditEffect;
  if (!segment.privileged) flags |= kAuditUser;
  if (segment.kind == BufferKind::kRing || segment.kind == BufferKind::kIndirectContext) {
    flags |= kAuditRing;
  }
  return flags;
}

// Whether a length that the entry does not hold is allowed after all.
inline bool LengthIsAllowed(const OpcodeTable& table, uint32_t header, uint32_t length) {
  const hw::CommandRow* row = table.RowOf(header);
  return row != nullptr && row->length.Allows(length);
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

// HOT: bench/scan_bench.cc BM_Interpreter; no alloc, no lock, no virtual call, no syscall
GVT_HOT void Interpreter::Scan(const Segment& segment, ScanReport* report) const {
  const OpcodeTable& table = *tables_[static_cast<size_t>(segment.engine)];
  const OpcodeEntry* const entries = table.entries();
  const uint32_t* const dwords = segment.dwords.data();
  const auto count = static_cast<uint32_t>(segment.dwords.size());
  const uint8_t audited = FlagsToAudit(segment);

  uint32_t position = report->position;
  uint32_t commands = report->commands;
  while (position < count) {
    const uint32_t header = dwords[position];
    const OpcodeEntry& entry = entries[header >> 16];
    const uint32_t length = entry.LengthOf(header);
    const unsigned findings = entry.flags & audited;
    Look look = Look::kStepOver;
    if (length > count - position) [[unlikely]] {
      look = Look::kAudit;
    } else if (!entry.LengthIsPlain(length)) [[unlikely]] {
      const bool allowed = findings == 0 && LengthIsAllowed(table, header, length);
      look = allowed ? Look::kStepOver : Look::kAudit;
    } else if (findings != 0) [[unlikely]] {
      if (findings == kAuditEffect)
        look = LookAt(entry.shortcut, dwords + position, segment, position + length);
      else
        look = Look::kAudit;
    }
    if (look != Look::kStepOver) [[unlikely]] {
      if (look == Look::kBatchEnd && report->stores.empty()) {
        report->end = SegmentEnd::kBatchEnd;
        report->position = position + length;
        report->commands = commands + 1;
        return;
      }
      if (look != Look::kNotify || !Notify(position, report)) {
        if (!Audit(segment, position, commands, report)) return;
        position = report->position;
        commands = report->commands;
        continue;
      }
    }
    position += length;
    ++commands;
  }
  report->position = position;
  report->commands = commands;
  EndOfCopy(segment, report);
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
