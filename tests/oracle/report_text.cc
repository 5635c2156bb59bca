#include "tests/oracle/report_text.h"

#include <cinttypes>
#include <cstdarg>
#include <cstdio>

#include "scanner/rule.h"

namespace gvt::oracle {
namespace {

[[gnu::format(printf, 2, 3)]] void Append(std::string* text, const char* format, ...) {
  char line[256];
  va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(line, sizeof line, format, arguments);
  va_end(arguments);
  *text += line;
}

const char* SpaceWord(hw::AddressSpace space) {
  return space == hw::AddressSpace::kGgtt ? "ggtt" : "ppgtt";
}

void AppendRefusal(std::string* text, const scanner::Refusal& refusal) {
  Append(text, "  refusal %s %s dword=%" PRIu32 " detail=%" PRIu32,
         std::string(scanner::RuleName(refusal.rule)).c_str(),
         std::string(scanner::ActionName(refusal.action)).c_str(), refusal.dword, refusal.detail);
  if (refusal.reg != 0) Append(text, " register=0x%" PRIx32, refusal.reg);
  if (refusal.address != 0) Append(text, " address=0x%" PRIx64, refusal.address);
  *text += "\n";
}

void AppendStore(std::string* text, const scanner::Store& store) {
  Append(text, "  store %s 0x%" PRIx64 " bytes=%u next=%" PRIu32, SpaceWord(store.space),
         store.address.value, unsigned{store.size_bytes}, store.next_dword);
  if (store.value_bytes != 0) {
    Append(text, " value=0x%0*" PRIx64, store.value_bytes * 2, store.value);
  }
  *text += "\n";
}

}  // namespace

const char* KindWord(scanner::BufferKind kind) {
  switch (kind) {
    case scanner::BufferKind::kRing: return "ring";
    case scanner::BufferKind::kFirstLevelBatch: return "batch";
    case scanner::BufferKind::kSecondLevelBatch: return "second-level";
    case scanner::BufferKind::kIndirectContext: return "indirect";
    case scanner::BufferKind::kPerContextBatch: return "per-context";
    case scanner::BufferKind::kContextImage: return "image";
  }
  return "?";
}

std::string SegmentText(const scanner::Segment& segment) {
  std::string text;
  Append(&text, "segment %s %s %s 0x%" PRIx64 "\n", KindWord(segment.kind),
         segment.privileged ? "privileged" : "user", SpaceWord(segment.space), segment.start.value);
  return text;
}

std::string ReportText(const scanner::ScanReport& report) {
  std::string text;
  Append(&text, "  end %s position=%" PRIu32 " commands=%" PRIu32 "\n",
         scanner::SegmentEndName(report.end), report.position, report.commands);
  if (report.end == scanner::SegmentEnd::kChain || report.end == scanner::SegmentEnd::kCall) {
    Append(&text, "  target %s 0x%" PRIx64 "%s%s\n", SpaceWord(report.target.space),
           report.target.address.value, report.target.second_level ? " second-level" : "",
           report.target.predicated ? " predicated" : "");
  }
  for (const scanner::Refusal& refusal : report.refusals) AppendRefusal(&text, refusal);
  if (report.refusal_count != report.refusals.size()) {
    Append(&text, "  refusals %" PRIu32 "\n", report.refusal_count);
  }
  for (const scanner::Patch& patch : report.patches) {
    Append(&text, "  patch dword=%" PRIu32 " count=%" PRIu32 " value=0x%08" PRIx32 "\n",
           patch.dword, patch.count, patch.value);
  }
  for (const scanner::Event& event : report.events) {
    Append(&text, "  event %s dword=%" PRIu32 " argument=0x%" PRIx32 "\n",
           scanner::EventKindName(event.kind), event.dword, event.argument);
  }
  for (const scanner::Store& store : report.stores) AppendStore(&text, store);
  return text;
}

std::string TotalsText(const scanner::WalkTotals& totals) {
  std::string text;
  Append(&text,
         "totals batches=%" PRIu64 " second-level=%" PRIu64 " chained=%" PRIu64 " cycles=%" PRIu64
         " refusals=%" PRIu64,
         totals.batches, totals.second_level, totals.chained, totals.cycles, totals.refusals);
  if (totals.refusals != 0) {
    Append(&text, " worst=%s", std::string(scanner::ActionName(totals.worst)).c_str());
  }
  text += "\n";
  return text;
}

}  // namespace gvt::oracle
