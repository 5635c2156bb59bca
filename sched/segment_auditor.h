// From the address where control enters to an audited private copy (architecture decision D1).
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <span>
#include <vector>

#include "base/log.h"
#include "gpu/segment_port.h"
#include "hostif/guest_memory.h"
#include "hw/platform.h"
#include "scanner/copy_guess.h"
#include "scanner/policy.h"
#include "scanner/scan_engine.h"
#include "sched/translator.h"

namespace gvt::sched {

// Counters of the audit since the engine was made; relaxed atomics, read by statistics.
struct AuditCounters {
  std::atomic<uint64_t> segments{0};  // entries
  std::atomic<uint64_t> batches{0};   // batch starts at the end of a segment
  std::atomic<uint64_t> commands{0};
  std::atomic<uint64_t> scanned_bytes{0};
  std::atomic<uint64_t> refusals{0};
  // Those that reports keep: the first scanner::kMaxRefusalsPerSegment of a segment.
  std::array<std::atomic<uint64_t>, scanner::kRuleCount> refusals_by_rule{};
};

class SegmentAuditor {
 public:
  // At most this much is copied and audited before the streamer runs it; a longer segment is
  // entered again behind. One command that is longer is taken whole.
  static constexpr uint32_t kMaxEntryDwords = 1u << 15;

  // `scan` may be null: segments are measured by the command tables, but not audited. `log` may be
  // null. The others outlive the object.
  SegmentAuditor(hw::Platform platform, hw::Engine engine, const hostif::GuestMemory& memory,
                 Translator& translator, const scanner::ScanEngine* scan,
                 const scanner::Policy& policy, LogSink* log);

  // As gpu::SegmentPort::Enter. Thread rule: one thread.
  gpu::AuditedSegment Enter(const gpu::SegmentEntry& entry);
  const AuditCounters& counters() const { return counters_; }
  // From the next entry on; as the constructor's. Thread rule: any thread.
  void SetScan(const scanner::ScanEngine* scan) { scan_.store(scan, std::memory_order_release); }

 private:
  uint32_t FetchPage(const gpu::SegmentEntry& entry, uint32_t have, uint32_t stop);
  void Examine(const scanner::Segment& segment);
  void Measure(const scanner::Segment& segment);
  void ApplyPatches(std::span<uint32_t> segment) const;
  gpu::SegmentFault FaultOf(const scanner::Segment& segment, bool unmapped) const;
  void Count();
  void LogRefusals(const scanner::Segment& segment);

  const hw::Platform platform_;
  const hw::Engine engine_;
  const hostif::GuestMemory& memory_;
  Translator& translator_;
  // atomic: published by SetScan with release, read by each entry with acquire
  std::atomic<const scanner::ScanEngine*> scan_;
  const scanner::Policy policy_;
  LogSink* const log_;
  scanner::CopyGuess copy_guess_;
  std::vector<uint32_t> room_;  // for the copy at hand; grows, and is not cleared
  scanner::ScanReport report_;
  AuditCounters counters_;
};

}  // namespace gvt::sched
