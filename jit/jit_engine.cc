// Invariants:
// 1. Emitted code is entered with a copy that nobody changes, reads only dwords of it, and writes
//    only the run's state.
// 2. What traces step over leaves nothing in the report but position and count; everything else is
//    the interpreter's, called at the very position where the traces left.
// 3. A segment is scanned to its end whatever happens to the store meanwhile.
//
// Cost: about 1 ns a command on known ground. Off it, the interpreter's, and a look for known
// ground at landmarks that get rarer as it is not found. Thread rule: const; what is written is
// per-thread, or a hint.
#include "jit/jit_engine.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "jit/quiescence.h"

namespace gvt::jit {
namespace {

// Commands that the interpreter takes before the first look for known ground, and at most.
constexpr uint32_t kFirstStretch = 8;
constexpr uint32_t kLongestStretch = 1024;

}  // namespace

Result<std::unique_ptr<JitEngine>> JitEngine::Create(hw::Platform platform,
                                                     const scanner::Policy& policy,
                                                     const ArenaSizes& sizes, bool learns) {
  if (!QuiescenceIsAvailable()) return Error{ErrorCode::kUnsupported, 0, 0};
  Result<std::unique_ptr<TraceStore>> store = TraceStore::Create(sizes);
  if (!store) return store.error();
  std::unique_ptr<JitEngine> engine(new JitEngine(platform, policy, std::move(*store)));
  if (learns && !engine->learner_.Start()) return Error{ErrorCode::kNoSpace, 0, 1};
  return engine;
}

JitEngine::JitEngine(hw::Platform platform, const scanner::Policy& policy,
                     std::unique_ptr<TraceStore> store)
    : interpreter_(platform, policy),
      store_(std::move(store)),
      learner_(platform, interpreter_.policy(), store_.get()) {}

// HOT: bench/scan_bench.cc BM_Jit; no alloc, no lock, no syscall but to wake the learner
GVT_HOT void JitEngine::Scan(const scanner::Segment& segment, scanner::ScanReport* report) const {
  const uint32_t reader = scanner::IsBatch(segment.kind) ? ReaderNumber() : kNoReader;
  if (reader == kNoReader) {
    interpreter_.Scan(segment, report);
    return;
  }
  const Quiescence::Inside inside(store_->quiescence(), reader);
  ScanBatch(segment, report);
}

void JitEngine::ScanBatch(const scanner::Segment& segment, scanner::ScanReport* report) const {
  uint32_t stretch = kFirstStretch;
  uint32_t header = 0;
  bool audit = false;
  const auto count = static_cast<uint32_t>(segment.dwords.size());
  if (report->position == 0 && count > 0) {
    if (RunTraces(segment, KeyOfStart(segment, segment.dwords[0]), report, &audit)) return;
  }
  for (;;) {
    if (!interpreter_.ScanToLandmark(segment, audit ? 1 : stretch, report, &header)) return;
    const uint32_t position = report->position;
    if (position >= count) continue;
    if (RunTraces(segment, KeyBehind(segment, header), report, &audit)) return;
    const bool found = report->position != position;
    stretch = found ? kFirstStretch : std::min(stretch * 2, kLongestStretch);
  }
}

// Runs traces from report->position on, at the root `key`. True: the segment ends there. *audit:
// the next command has to be audited, and known ground is likely to follow.
bool JitEngine::RunTraces(const scanner::Segment& segment, RootKey key, scanner::ScanReport* report,
                          bool* audit) const {
  *audit = false;
  const uint32_t root = store_->FindRoot(key);
  if (root == TraceStore::kNoLink) {
    OfferRoot(segment, key, report->position);
    return false;
  }
  const TraceRun run = store_->Run(root, segment, report->position);
  report->position = run.position;
  report->commands += run.commands;
  switch (store_->link(run.link).kind) {
    case LinkKind::kLearnable: OfferLink(segment, run.link, run.position); return false;
    case LinkKind::kFrozen: return false;
    case LinkKind::kAudit: *audit = true; return false;
    case LinkKind::kBatchEnd: break;
  }
  if (report->stores.empty()) {
    report->end = scanner::SegmentEnd::kBatchEnd;
    return true;
  }
  // Whether the segment wrote into itself is for the audit of its last command to say.
  --report->position;
  --report->commands;
  return false;
}

void JitEngine::OfferLink(const scanner::Segment& segment, uint32_t link, uint32_t position) const {
  if (position >= segment.dwords.size() || !store_->Heat(link)) return;
  learner_.queue().Put(store_->generation(), link, 0, segment, position);
}

void JitEngine::OfferRoot(const scanner::Segment& segment, RootKey key, uint32_t position) const {
  std::atomic<RootKey>& missed = missed_[(key * 0x9e3779b97f4a7c15u) >> 56];
  if (missed.load(std::memory_order_relaxed) != key) {
    missed.store(key, std::memory_order_relaxed);
    return;
  }
  learner_.queue().Put(store_->generation(), TraceStore::kNoLink, key, segment, position);
}

size_t JitEngine::LearnNow() {
  size_t count = 0;
  while (Offer* const offer = learner_.queue().TryTake()) {
    learner_.Learn(*offer);
    learner_.queue().Done(offer);
    ++count;
  }
  return count;
}

}  // namespace gvt::jit
