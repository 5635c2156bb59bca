// The compiled scanner: the second implementation of scanner::ScanEngine.
//
// Batches run through compiled traces as far as those are known, and through the interpreter from
// there on. What leaves the traces often is offered to the learner. All other segments, whose every
// command has an effect, are the interpreter's, and all segments until so much was scanned that
// learning pays.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>

#include "base/result.h"
#include "hw/platform.h"
#include "jit/learner.h"
#include "jit/trace_store.h"
#include "scanner/interpreter.h"
#include "scanner/policy.h"
#include "scanner/scan_engine.h"

namespace gvt::jit {

class JitEngine final : public scanner::ScanEngine {
 public:
  // Keeps a copy of `policy`. kUnsupported: the system cannot tell when code is unused; else the
  // errors of CodeArena::Create. `sizes`: the memory for code; what does not fit is forgotten.
  // `learns`: whether a thread is started that learns.
  static Result<std::unique_ptr<JitEngine>> Create(hw::Platform platform,
                                                   const scanner::Policy& policy,
                                                   const ArenaSizes& sizes = TraceStore::kSizes,
                                                   bool learns = true);

  void Scan(const scanner::Segment& segment, scanner::ScanReport* report) const override;

  const TraceStore& store() const { return *store_; }
  const Learner& learner() const { return learner_; }
  // Learns what was offered, on the calling thread; only where no thread does. Returns how many
  // offers there were.
  size_t LearnNow();

 private:
  JitEngine(hw::Platform platform, const scanner::Policy& policy, std::unique_ptr<TraceStore> store,
            bool learns);

  // What traces did for a segment.
  struct Tally {
    uint32_t runs = 0;      // times that compiled code was entered
    uint32_t commands = 0;  // stepped over by it
  };

  void ScanLearned(const scanner::Segment& segment, uint32_t reader,
                   scanner::ScanReport* report) const;
  void Earn(uint32_t commands) const;
  void ScanBatch(const scanner::Segment& segment, scanner::ScanReport* report, Tally* tally) const;
  bool RunTraces(const scanner::Segment& segment, RootKey key, scanner::ScanReport* report,
                 Tally* tally, bool* audit) const;
  void OfferLink(const scanner::Segment& segment, uint32_t link, uint32_t position) const;
  void OfferRoot(const scanner::Segment& segment, RootKey key, uint32_t position) const;
  bool MayOffer() const;

  const scanner::Interpreter interpreter_;
  const std::unique_ptr<TraceStore> store_;
  const bool learns_;
  mutable Learner learner_;
  // How little traces gain for segments that begin alike; index = hash of the start. atomic,
  // relaxed: hints
  mutable std::array<std::atomic<uint8_t>, 256> poor_{};
  // Commands scanned since the last offer; below 0: nothing is learned yet. atomic, relaxed: a
  // hint, written once a segment
  mutable std::atomic<int32_t> credit_;
  // Roots that were missed; a root is offered when it is missed twice. atomic, relaxed: hints
  mutable std::array<std::atomic<RootKey>, 256> missed_{};
};

}  // namespace gvt::jit
