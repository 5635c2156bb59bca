// The two memory ports of an engine: data as it is now, code as audited copies.
//
// Both go through one translator, so that code and data agree on what is mapped. Nothing here
// keeps a host address: each access goes through GuestMemory, which knows what the guest has.
//
// Thread rule: the engine's thread. Counters: any.
#include "sched/engine_memory.h"

#include <algorithm>

#include "sched/segment_auditor.h"
#include "sched/translator.h"

namespace gvt::sched {

class EngineMemory::State {
 public:
  State(hw::Platform platform, hw::Engine engine, hostif::GuestMemory& guest,
        shadow::ShadowTables& tables, const GgttPort& ggtt, const scanner::ScanEngine* scan,
        const scanner::Policy& policy, LogSink* log)
      : memory(guest),
        translator(platform, guest, tables, ggtt),
        auditor(platform, engine, guest, translator, scan, policy, log) {}

  // Calls `move(page, bytes)` for each page of [address, address + size_bytes).
  template <typename Move>
  bool ForEachPage(hw::AddressSpace space, Gma address, size_t size_bytes, bool write, Move move) {
    while (size_bytes != 0) {
      const size_t piece = std::min<size_t>(size_bytes, kPageSize - address.page_offset());
      const Gpa page = translator.Translate(space, address, write);
      if (page == kNoPage || !move(page, piece)) return false;
      address = Gma(address.value + piece);
      size_bytes -= piece;
    }
    return true;
  }

  hostif::GuestMemory& memory;
  Translator translator;
  SegmentAuditor auditor;
};

EngineMemory::EngineMemory(hw::Platform platform, hw::Engine engine, hostif::GuestMemory& memory,
                           shadow::ShadowTables& tables, const GgttPort& ggtt,
                           const scanner::ScanEngine* scan, const scanner::Policy& policy,
                           LogSink* log)
    : state_(std::make_unique<State>(platform, engine, memory, tables, ggtt, scan, policy, log)) {}

EngineMemory::~EngineMemory() = default;

bool EngineMemory::Read(hw::AddressSpace space, Gma address, std::span<std::byte> out) {
  return state_->ForEachPage(space, address, out.size(), false, [&](Gpa from, size_t bytes) {
    const bool done = state_->memory.Read(from, out.first(bytes));
    out = out.subspan(bytes);
    return done;
  });
}

bool EngineMemory::Write(hw::AddressSpace space, Gma address, std::span<const std::byte> data) {
  return state_->ForEachPage(space, address, data.size(), true, [&](Gpa to, size_t bytes) {
    const bool done = state_->memory.Write(to, data.first(bytes));
    data = data.subspan(bytes);
    return done;
  });
}

bool EngineMemory::WriteInPage(hw::AddressSpace space, Gma page,
                               std::span<const PagePiece> pieces) {
  const Gpa to = state_->translator.Translate(space, page, true);
  return to != kNoPage && state_->memory.WriteInPage(to, pieces);
}

bool EngineMemory::Load32(hw::AddressSpace space, Gma address, uint32_t* out) {
  const Gpa from = state_->translator.Translate(space, address, false);
  return from != kNoPage && state_->memory.Load32(from, out);
}

bool EngineMemory::Load64(hw::AddressSpace space, Gma address, uint64_t* out) {
  const Gpa from = state_->translator.Translate(space, address, false);
  return from != kNoPage && state_->memory.Load64(from, out);
}

bool EngineMemory::Store32(hw::AddressSpace space, Gma address, uint32_t value) {
  const Gpa to = state_->translator.Translate(space, address, true);
  return to != kNoPage && state_->memory.Store32(to, value);
}

bool EngineMemory::Store64(hw::AddressSpace space, Gma address, uint64_t value) {
  const Gpa to = state_->translator.Translate(space, address, true);
  return to != kNoPage && state_->memory.Store64(to, value);
}

bool EngineMemory::CompareExchange32(hw::AddressSpace space, Gma address, uint32_t* expected,
                                     uint32_t desired) {
  const Gpa at = state_->translator.Translate(space, address, true);
  return at != kNoPage && state_->memory.CompareExchange32(at, expected, desired);
}

bool EngineMemory::CompareExchange64(hw::AddressSpace space, Gma address, uint64_t* expected,
                                     uint64_t desired) {
  const Gpa at = state_->translator.Translate(space, address, true);
  return at != kNoPage && state_->memory.CompareExchange64(at, expected, desired);
}

void EngineMemory::BindPageTables(bool four_level, const std::array<uint64_t, 4>& pdp) {
  state_->translator.BindPageTables(four_level, pdp);
}

void EngineMemory::InvalidateTlb() {
  state_->translator.Invalidate();
}

void EngineMemory::RequestInvalidate() {
  state_->translator.RequestInvalidate();
}

gpu::AuditedSegment EngineMemory::Enter(const gpu::SegmentEntry& entry) {
  return state_->auditor.Enter(entry);
}

void EngineMemory::SetScan(const scanner::ScanEngine* scan) {
  state_->auditor.SetScan(scan);
}

const AuditCounters& EngineMemory::counters() const {
  return state_->auditor.counters();
}

}  // namespace gvt::sched
