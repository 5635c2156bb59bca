// Invariants:
// 1. Emitted code is entered with a copy that nobody changes, reads only dwords of it, and writes
//    only the run's state.
// 2. What traces step over leaves nothing in the report but position and count; everything else is
//    the interpreter's, called at the very position where the traces left.
// 3. A segment is scanned to its end whatever happens to the store meanwhile.
//
// Cost: about 1 ns a command on known ground. Where that ends for once, the interpreter takes the
// rest of the segment: it finds commands in lanes, and goes on faster without stops than with a
// look for known ground here and there. Thread rule: const; what is written is per-thread, or a
// hint.
#include "jit/jit_engine.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "jit/quiescence.h"

namespace gvt::jit {
namespace {

// Commands that the interpreter takes from the middle of a segment to the first look for known
// ground.
constexpr uint32_t kStretch = 8;
// Shorter segments are over before looking for known ground has paid.
constexpr uint32_t kMinDwords = 64;

// Whether the like of this segment may gain by traces. The batches of the other engines hold a few
// dozen commands, a fifth of which has to be audited: none measured gained.
bool MayGain(const scanner::Segment& segment) {
  return scanner::IsBatch(segment.kind) && segment.engine == hw::Engine::kRcs &&
         segment.dwords.size() >= kMinDwords;
}

// Commands that a run has to step over to be worth more than the interpreter's lanes; segments in a
// row that fall short of it before their like are left to the interpreter, but for one of those
// that a thread meets in every kPoorPerLook.
constexpr uint32_t kGoodRun = 48;
constexpr uint8_t kPoor = 16;
constexpr uint32_t kPoorPerLook = 256;
// An offer costs about 1 us, a tenth of what so many commands take. So many offers' worth may be
// saved up.
constexpr int32_t kCommandsPerOffer = 4096;
constexpr int32_t kMostCredit = 8 * kCommandsPerOffer;
// Commands that are scanned before anything is learned: what is over after a fraction of a
// millisecond is not worth the first look at memory for code, and the wake-up of its thread.
constexpr int32_t kWarmUp = 1 << 16;

// Whether this thread looks at a segment whose like gained little. Its own count: nothing that
// threads share is written.
bool LooksAgain() {
  thread_local uint32_t met = 0;
  return ++met % kPoorPerLook == 0;
}

// Whether a root that was missed may push another one out of its place: two that share it and are
// missed by turns would push each other out for ever, and neither be learned.
bool MayPush() {
  thread_local uint32_t met = 0;
  return ++met % 3 == 0;
}

size_t HashOf(RootKey key) {
  return static_cast<size_t>((key * 0x9e3779b97f4a7c15u) >> 56);
}

}  // namespace

Result<std::unique_ptr<JitEngine>> JitEngine::Create(hw::Platform platform,
                                                     const scanner::Policy& policy,
                                                     const ArenaSizes& sizes, bool learns) {
  if (!QuiescenceIsAvailable()) return Error{ErrorCode::kUnsupported, 0, 0};
  Result<std::unique_ptr<TraceStore>> store = TraceStore::Create(sizes);
  if (!store) return store.error();
  std::unique_ptr<JitEngine> engine(new JitEngine(platform, policy, std::move(*store), learns));
  if (learns && !engine->learner_.Start()) return Error{ErrorCode::kNoSpace, 0, 1};
  return engine;
}

JitEngine::JitEngine(hw::Platform platform, const scanner::Policy& policy,
                     std::unique_ptr<TraceStore> store, bool learns)
    : interpreter_(platform, policy),
      store_(std::move(store)),
      learns_(learns),
      learner_(platform, interpreter_.policy(), store_.get()),
      credit_(learns ? -kWarmUp : 0) {}

// HOT: bench/scan_bench.cc BM_Jit; no alloc, no lock, no syscall but to wake the learner
GVT_HOT void JitEngine::Scan(const scanner::Segment& segment, scanner::ScanReport* report) const {
  if (!MayGain(segment)) return interpreter_.Scan(segment, report);
  const uint32_t before = report->commands;
  const int32_t credit = credit_.load(std::memory_order_relaxed);
  const uint32_t reader = credit >= 0 ? ReaderNumber() : kNoReader;
  if (reader != kNoReader) {
    ScanLearned(segment, reader, report);
  } else {
    interpreter_.Scan(segment, report);
  }
  if (credit < kMostCredit && report->commands > before) Earn(report->commands - before);
}

void JitEngine::Earn(uint32_t commands) const {
  const int32_t credit = credit_.load(std::memory_order_relaxed);
  const auto earned = static_cast<int32_t>(std::min<uint32_t>(commands, kMostCredit));
  credit_.store(std::min(credit + earned, kMostCredit), std::memory_order_relaxed);
}

// Scans a batch through traces, unless they have gained little for those that begin like it.
void JitEngine::ScanLearned(const scanner::Segment& segment, uint32_t reader,
                            scanner::ScanReport* report) const {
  const RootKey start = KeyOfStart(segment, segment.dwords[0]);
  std::atomic<uint8_t>& poor = poor_[HashOf(start)];
  const uint8_t former = poor.load(std::memory_order_relaxed);
  // Where no thread learns, whoever asks for learning wants to meet what was learned.
  if (former >= kPoor && learns_ && !LooksAgain()) return interpreter_.Scan(segment, report);
  const Quiescence::Inside inside(store_->quiescence(), reader);
  Tally tally;
  ScanBatch(segment, report, &tally);
  const bool gained = tally.runs * kGoodRun <= tally.commands;
  const auto now = static_cast<uint8_t>(gained ? 0 : std::min<int>(former + 1, kPoor));
  // A line that all threads read is written only for a change.
  if (now != former) poor.store(now, std::memory_order_relaxed);
}

void JitEngine::ScanBatch(const scanner::Segment& segment, scanner::ScanReport* report,
                          Tally* tally) const {
  const auto count = static_cast<uint32_t>(segment.dwords.size());
  uint32_t header = segment.dwords[0];
  RootKey key = KeyOfStart(segment, header);
  uint32_t stretch = report->position == 0 ? 0 : kStretch;
  for (;;) {
    if (stretch != 0) {
      if (!interpreter_.ScanToLandmark(segment, stretch, report, &header)) return;
      key = KeyBehind(segment, header);
    }
    if (report->position >= count) break;
    const uint32_t before = report->commands;
    bool audit = false;
    if (RunTraces(segment, key, report, tally, &audit)) return;
    if (!audit && report->commands - before < kGoodRun) break;
    stretch = audit ? 1 : kStretch;
  }
  interpreter_.Scan(segment, report);
}

// Runs traces from report->position on, at the root `key`. True: the segment ends there. *audit:
// the next command has to be audited, and known ground is likely to follow.
bool JitEngine::RunTraces(const scanner::Segment& segment, RootKey key, scanner::ScanReport* report,
                          Tally* tally, bool* audit) const {
  *audit = false;
  const uint32_t root = store_->FindRoot(key);
  if (root == TraceStore::kNoLink) {
    OfferRoot(segment, key, report->position);
    return false;
  }
  const TraceRun run = store_->Run(root, segment, report->position);
  report->position = run.position;
  report->commands += run.commands;
  tally->runs += run.link != root ? 1 : 0;
  tally->commands += run.commands;
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
  if (position >= segment.dwords.size() || !store_->Heat(link) || !MayOffer()) return;
  learner_.queue().Put(store_->generation(), link, 0, segment, position);
}

void JitEngine::OfferRoot(const scanner::Segment& segment, RootKey key, uint32_t position) const {
  std::atomic<RootKey>& missed = missed_[HashOf(key)];
  const RootKey former = missed.load(std::memory_order_relaxed);
  if (former != key) {
    if (former == 0 || MayPush()) missed.store(key, std::memory_order_relaxed);
    return;
  }
  if (!MayOffer()) return;
  missed.store(0, std::memory_order_relaxed);
  learner_.queue().Put(store_->generation(), TraceStore::kNoLink, key, segment, position);
}

// Whether as much was scanned since the last offer that another one costs little beside it.
bool JitEngine::MayOffer() const {
  if (!learns_) return true;
  const int32_t credit = credit_.load(std::memory_order_relaxed);
  if (credit < kCommandsPerOffer) return false;
  credit_.store(credit - kCommandsPerOffer, std::memory_order_relaxed);
  return true;
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
