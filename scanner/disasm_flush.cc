// Fields of PIPE_CONTROL and MI_FLUSH_DW: what is flushed, and the write that follows.
//
// Source: PRM SKL vol 2a PIPE_CONTROL, MI_FLUSH_DW; mesa 22.3 genxml gen8.xml, gen9.xml.
#include "base/bits.h"
#include "scanner/disasm_fields.h"

namespace gvt::scanner::disasm {
namespace {

constexpr unsigned kIndexBit = 21;
constexpr uint32_t kPostSyncMask = 3u << 14;

constexpr BitName kPipeControlFlags[] = {
    {0, "depth-cache-flush"},
    {1, "stall-at-scoreboard"},
    {2, "state-cache-invalidate"},
    {3, "constant-cache-invalidate"},
    {4, "vf-cache-invalidate"},
    {5, "dc-flush"},
    {7, "flush-enable"},
    {8, "notify"},
    {9, "indirect-state-pointers-disable"},
    {10, "texture-cache-invalidate"},
    {11, "instruction-cache-invalidate"},
    {12, "render-target-flush"},
    {13, "depth-stall"},
    {16, "generic-media-state-clear"},
    {18, "tlb-invalidate"},
    {19, "global-snapshot-count-reset"},
    {20, "cs-stall"},
    {26, "flush-llc"},
};

constexpr BitName kFlushDwFlags[] = {
    {7, "video-pipeline-cache-invalidate"},
    {8, "notify"},
    {9, "flush-llc"},
    {16, "flush-ccs"},
    {18, "tlb-invalidate"},
};

// The write at the end; `dword` holds the low half of its address, the immediate follows it.
void WritePostSync(FieldWriter& fields, uint32_t operation, bool indexed, bool ggtt,
                   uint32_t dword) {
  constexpr const char* kPipeControlNames[] = {"", "write immediate", "write depth count",
                                               "write timestamp"};
  if (operation == 0) return;
  constexpr uint64_t kAlignMask = 7;
  const std::string what = kPipeControlNames[operation & 3];
  if (indexed) {
    fields.Add(what + Text(" to status page +0x%x", fields.Dword(dword) & ~7u));
  } else {
    fields.AddAddressAt((what + " to").c_str(), ggtt, dword, kAlignMask);
  }
  if (operation == 1) {
    const uint64_t value = Join64(fields.Dword(dword + 2), fields.Dword(dword + 3));
    fields.Add(Text("value 0x%llx", static_cast<unsigned long long>(value)));
  }
}

void WritePipeControl(FieldWriter& fields) {
  constexpr unsigned kRegisterBit = 23;
  constexpr unsigned kGgttBit = 24;
  const uint32_t flags = fields.Dword(1);
  fields.AddFlags(flags, kPipeControlFlags,
                  kPostSyncMask | 1u << kIndexBit | 1u << kRegisterBit | 1u << kGgttBit);
  if (Bit(flags, kRegisterBit)) {
    fields.Add("register write " + fields.Register(2) + Text(" = 0x%08x", fields.Dword(4)));
  }
  WritePostSync(fields, Bits(flags, 15, 14), Bit(flags, kIndexBit), Bit(flags, kGgttBit), 2);
}

void WriteFlushDw(FieldWriter& fields) {
  constexpr unsigned kGgttBit = 2;
  constexpr uint32_t kNameAndLength = 0xff80003f;
  const uint32_t header = fields.command().header();
  fields.AddFlags(header, kFlushDwFlags, kNameAndLength | kPostSyncMask | 1u << kIndexBit);
  if (fields.count() < 4) return;  // no operands
  WritePostSync(fields, Bits(header, 15, 14), Bit(header, kIndexBit),
                Bit(fields.Dword(1), kGgttBit), 1);
}

}  // namespace

bool WriteFlushFields(FieldWriter& fields) {
  switch (fields.row().effect) {
    case hw::Effect::kPipeControl: WritePipeControl(fields); return true;
    case hw::Effect::kFlushDw: WriteFlushDw(fields); return true;
    default: return false;
  }
}

}  // namespace gvt::scanner::disasm
