// The memory and segment ports of one engine of one vGPU: guest memory through GGTT and PPGTT, with
// a TLB and an auditor.
#pragma once

#include <memory>

#include "base/log.h"
#include "gpu/memory_port.h"
#include "gpu/segment_port.h"
#include "hostif/guest_memory.h"
#include "hw/platform.h"
#include "scanner/policy.h"
#include "scanner/scan_engine.h"
#include "sched/ggtt_port.h"
#include "shadow/shadow_tables.h"

namespace gvt::sched {

// sched/segment_auditor.h
struct AuditCounters;

class EngineMemory final : public gpu::MemoryPort, public gpu::SegmentPort {
 public:
  // All references outlive the object; `tables` are those of `memory`. `scan` may be null: segments
  // are copied and measured by the command tables, but not audited. `log` may be null.
  EngineMemory(hw::Platform platform, hw::Engine engine, hostif::GuestMemory& memory,
               shadow::ShadowTables& tables, const GgttPort& ggtt, const scanner::ScanEngine* scan,
               const scanner::Policy& policy, LogSink* log = nullptr);
  ~EngineMemory() override;

  // gpu::MemoryPort
  bool Read(hw::AddressSpace space, Gma address, std::span<std::byte> out) override;
  bool Write(hw::AddressSpace space, Gma address, std::span<const std::byte> data) override;
  bool WriteInPage(hw::AddressSpace space, Gma page, std::span<const PagePiece> pieces) override;
  bool Load32(hw::AddressSpace space, Gma address, uint32_t* out) override;
  bool Load64(hw::AddressSpace space, Gma address, uint64_t* out) override;
  bool Store32(hw::AddressSpace space, Gma address, uint32_t value) override;
  bool Store64(hw::AddressSpace space, Gma address, uint64_t value) override;
  bool CompareExchange32(hw::AddressSpace space, Gma address, uint32_t* expected,
                         uint32_t desired) override;
  bool CompareExchange64(hw::AddressSpace space, Gma address, uint64_t* expected,
                         uint64_t desired) override;
  void BindPageTables(bool four_level, const std::array<uint64_t, 4>& pdp) override;
  void InvalidateTlb() override;

  // gpu::SegmentPort
  gpu::AuditedSegment Enter(const gpu::SegmentEntry& entry) override;

  // Forgets translations before the next access. Thread rule: any thread.
  void RequestInvalidate();
  // Audit by `scan` from the next entry on, or not at all if it is null. Thread rule: any thread.
  void SetScan(const scanner::ScanEngine* scan);
  // Thread rule: any thread.
  const AuditCounters& counters() const;

 private:
  class State;
  std::unique_ptr<State> state_;
};

}  // namespace gvt::sched
