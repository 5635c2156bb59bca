// The scan loop.
//
// Idea: almost every command of a real stream is stepped over. The loop looks up the header's top
// half, adds the stated length and goes on; whatever is not plainly harmless (an effect, a length
// outside the run, the end of the copy) falls into one slow function that decides by the command's
// row. The audit of a single command is scanner/command_audit.h.
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

namespace gvt::scanner {
namespace {

uint8_t FlagsToAudit(const Segment& segment) {
  uint8_t flags = kAuditAlways;
  if (!segment.privileged) flags |= kAuditUser;
  if (segment.kind == BufferKind::kRing || segment.kind == BufferKind::kIndirectContext) {
    flags |= kAuditRing;
  }
  return flags;
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
  CommandAudit audit(platform_, policy_, table, segment, report);

  uint32_t position = report->position;
  uint32_t commands = report->commands;
  while (position < count) {
    const uint32_t header = dwords[position];
    const OpcodeEntry entry = entries[header >> 16];
    const uint32_t length = entry.LengthOf(header);
    if ((entry.flags & audited) != 0 || !entry.LengthIsPlain(length) || length > count - position)
        [[unlikely]] {
      if (!audit.Audit(position, commands)) return;
      position = report->position;
      commands = report->commands;
      continue;
    }
    position += length;
    ++commands;
  }
  report->position = position;
  report->commands = commands;
  audit.EndOfCopy();
}

}  // namespace gvt::scanner
