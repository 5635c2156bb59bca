// Fields of the memory interface's commands that act on memory or control.
//
// Source: PRM SKL vol 2a, one page a command; mesa 22.3 genxml gen9.xml; intel compute-runtime
// hw_cmds (atomic opcodes).
#include "base/bits.h"
#include "scanner/disasm_fields.h"

namespace gvt::scanner::disasm {
namespace {

constexpr unsigned kMemoryTypeBit = 22;  // 1: GGTT, of most MI commands

void WriteNoop(FieldWriter& fields) {
  const uint32_t header = fields.command().header();
  constexpr unsigned kIdentificationBit = 22;
  if (Bit(header, kIdentificationBit)) {
    fields.Add(Text("identification number 0x%x", Bits(header, 21, 0)));
  }
}

void WriteBatchStart(FieldWriter& fields) {
  const uint32_t header = fields.command().header();
  constexpr uint64_t kAlignMask = 3;
  fields.AddAddressAt("to", !Bit(header, 8), 1, kAlignMask);
  std::string how = Bit(header, 22) ? "second level" : "first level";
  if (Bit(header, 15)) how += ", predicated";
  if (Bit(header, 16)) how += ", adds BB_OFFSET";
  if (Bit(header, 10)) how += ", resource streamer";
  fields.Add(std::move(how));
}

void WriteStoreDataImm(FieldWriter& fields) {
  fields.AddAddresses();
  if (fields.count() >= 5) {
    const uint64_t value = Join64(fields.Dword(3), fields.Dword(4));
    fields.Add(Text("qword 0x%016llx", static_cast<unsigned long long>(value)));
  } else {
    fields.Add(Text("dword 0x%08x", fields.Dword(3)));
  }
}

void WriteStoreDataIndex(FieldWriter& fields) {
  fields.Add(Text("status page +0x%x", fields.Dword(1) & ~3u));
  for (uint32_t i = 2; i < fields.count(); ++i) fields.Add(Text("dword 0x%08x", fields.Dword(i)));
}

void WriteSemaphoreWait(FieldWriter& fields) {
  constexpr const char* kCompare[] = {">", ">=", "<", "<=", "==", "!=", "compare-6", "compare-7"};
  const uint32_t header = fields.command().header();
  fields.AddAddresses();
  fields.Add(Text("until memory %s 0x%08x, %s", kCompare[Bits(header, 14, 12)], fields.Dword(1),
                  Bit(header, 15) ? "polling" : "on signal"));
}

void WriteSemaphoreSignal(FieldWriter& fields) {
  constexpr const char* kTargets[] = {"rcs",  "vcs",      "bcs",      "vecs",
                                      "vcs2", "target-5", "target-6", "target-7"};
  const uint32_t header = fields.command().header();
  fields.Add(Text("%s, context 0x%x", kTargets[Bits(header, 17, 15)], fields.Dword(1)));
}

// Bits 4:0 say what, bits 6:5 the width: 0 dword, 1 qword, 2 octword.
std::string AtomicName(uint32_t opcode) {
  constexpr const char* kNames[] = {"op-0", "and",  "or",    "xor",   "move", "inc",
                                    "dec",  "add",  "sub",   "rsub",  "imax", "imin",
                                    "umax", "umin", "cmpwr", "predec"};
  constexpr const char* kWidths[] = {"dword", "qword", "octword", "width-3"};
  const uint32_t what = opcode & 0x1f;
  const char* width = kWidths[Bits(opcode, 6, 5)];
  if (what >= std::size(kNames)) return Text("opcode 0x%02x", opcode);
  return Text("%s %s", width, kNames[what]);
}

void WriteAtomic(FieldWriter& fields) {
  const uint32_t header = fields.command().header();
  fields.Add(AtomicName(Bits(header, 15, 8)));
  fields.AddAddresses();
  if (Bit(header, 16)) fields.Add("returns old value");
  for (uint32_t i = 3; i < fields.count(); ++i) {
    if (fields.Dword(i) != 0) fields.Add(Text("operand dword %u = 0x%08x", i - 3, fields.Dword(i)));
  }
}

void WritePredicate(FieldWriter& fields) {
  constexpr uint32_t kMiSetPredicate = 0x01;
  constexpr const char* kLoad[] = {"keep", "load-1", "load", "load-inverted"};
  constexpr const char* kCombine[] = {"set", "and", "or", "xor"};
  constexpr const char* kCompare[] = {"true", "false", "sources-equal", "deltas-equal"};
  const uint32_t header = fields.command().header();
  if (Bits(header, 28, 23) == kMiSetPredicate) {
    fields.Add(Text("enable %u", Bits(header, 3, 0)));
    return;
  }
  fields.Add(Text("%s, combine %s, compare %s", kLoad[Bits(header, 7, 6)],
                  kCombine[Bits(header, 4, 3)], kCompare[Bits(header, 1, 0)]));
}

void WriteConditionalEnd(FieldWriter& fields) {
  fields.AddAddresses();
  fields.Add(Text("ends unless memory > 0x%08x", fields.Dword(1)));
}

void WriteFlip(FieldWriter& fields) {
  fields.Add(Text("flip flags 0x%06x", Bits(fields.command().header(), 22, 8)));
  fields.AddAddresses();
}

void WriteClflush(FieldWriter& fields) {
  fields.AddAddressAt("flush from", Bit(fields.command().header(), kMemoryTypeBit), 1, 0xfff);
}

}  // namespace

bool WriteMiFields(FieldWriter& fields) {
  const uint32_t header = fields.command().header();
  switch (fields.row().effect) {
    case hw::Effect::kNop: WriteNoop(fields); return true;
    case hw::Effect::kArbitration:
      fields.Add(Bit(header, 0) ? "preemption allowed" : "preemption held off");
      return true;
    case hw::Effect::kWaitForEvent:
      fields.Add(Text("events 0x%06x", Bits(header, 22, 0)));
      return true;
    case hw::Effect::kBatchStart: WriteBatchStart(fields); return true;
    case hw::Effect::kStoreDataImm: WriteStoreDataImm(fields); return true;
    case hw::Effect::kStoreDataIndex: WriteStoreDataIndex(fields); return true;
    case hw::Effect::kSemaphoreWait: WriteSemaphoreWait(fields); return true;
    case hw::Effect::kSemaphoreSignal: WriteSemaphoreSignal(fields); return true;
    case hw::Effect::kAtomic: WriteAtomic(fields); return true;
    case hw::Effect::kPredicate: WritePredicate(fields); return true;
    case hw::Effect::kConditionalBatchEnd: WriteConditionalEnd(fields); return true;
    case hw::Effect::kDisplayFlip: WriteFlip(fields); return true;
    case hw::Effect::kClflush: WriteClflush(fields); return true;
    case hw::Effect::kReportPerfCount:
      fields.AddAddresses();
      fields.Add(Text("report id 0x%08x", fields.Dword(3)));
      return true;
    default: return false;
  }
}

}  // namespace gvt::scanner::disasm
