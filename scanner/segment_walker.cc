// The walk over a workload.
//
// Idea: control is a Place. Each time it enters one, a fresh private copy is taken page by page and
// audited as it grows; the report says how control leaves, which gives the next Place. Batches know
// two levels, so that a Place with one return address is the whole stack.
//
// Invariants:
// 1. Only dwords of the copy that was audited are ever looked at; memory is read once per entry
// (decision D1).
// 2. A predicated chain is followed both ways: the side not taken first waits in alternatives_.
// 3. The walk ends: every entry costs one of kMaxSegmentsPerWorkload, and a Place that is entered
// again with the same content and
//    the same stores behind it is a cycle that has been audited already.
// 4. Immediate stores passed on the way change what later entries see (call by stored return
// address); they are at most
//    kMaxOverlayDwords.
//
// This is the walk of offline scans and of prefetch; a streamer that executes enters segments one
// at a time with the same parts.
#include "scanner/segment_walker.h"

#include <algorithm>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/bits.h"
#include "scanner/limits.h"

namespace gvt::scanner {
namespace {

constexpr uint32_t kPageDwords = static_cast<uint32_t>(kPageSize / sizeof(uint32_t));
constexpr uint32_t kMaxFetchDwords = 16 * kPageDwords;
constexpr uint32_t kMaxRingBytes = 2u << 20;  // Source: PRM SKL vol 2c RING_BUFFER_CTL, 512 pages
constexpr uint32_t kMaxContextBufferBytes = 32 * static_cast<uint32_t>(kPageSize);

bool Returns(SegmentEnd end) {
  return end == SegmentEnd::kCall;
}

}  // namespace

WalkTotals& WalkTotals::operator+=(const WalkTotals& other) {
  for (size_t i = 0; i < kBufferKindCount; ++i) {
    segments[i] += other.segments[i];
    commands[i] += other.commands[i];
    dwords[i] += other.dwords[i];
  }
  batches += other.batches;
  second_level += other.second_level;
  chained += other.chained;
  cycles += other.cycles;
  if (other.refusals != 0) {
    worst = refusals == 0 ? other.worst : std::max(worst, other.worst);
    refusals += other.refusals;
  }
  return *this;
}

WalkTotals SegmentWalker::Walk(const Workload& workload, SegmentSource& source,
                               WalkObserver* observer) {
  hw_engine_ = workload.engine;
  source_ = &source;
  observer_ = observer;
  totals_ = WalkTotals{};
  segments_left_ = kMaxSegmentsPerWorkload;
  dwords_left_ = kMaxDwordsPerWorkload;
  alternatives_.clear();
  for (auto& overlay : overlay_) overlay.clear();
  overlay_state_ = 0;

  if (workload.context_image) WalkContextImage(*workload.context_image);
  if (workload.indirect_context) WalkIndirectContext(*workload.indirect_context);
  if (workload.per_context_batch) {
    Place place;
    place.space = hw::AddressSpace::kGgtt;
    place.kind = BufferKind::kPerContextBatch;
    place.address = *workload.per_context_batch;
    WalkBatch(place);
  }
  if (workload.ring) WalkRing(*workload.ring);
  if (workload.batch) {
    Place place;
    place.space = workload.batch->space;
    place.address = workload.batch->start;
    ++totals_.batches;
    WalkBatch(place);
  }
  return totals_;
}

// Copies `count` dwords behind the `at` dwords that the copy already holds; returns how many there
// were.
uint32_t SegmentWalker::Fetch(hw::AddressSpace space, Gma address, uint32_t at, uint32_t count) {
  ReserveCopy(at + count);
  const std::span<uint32_t> out(copy_.get() + at, count);
  const Gma from = MaskGma(address.value + uint64_t{at} * 4);
  const uint32_t got = std::min(source_->Fetch(space, from, out), count);
  const auto& overlay = overlay_[static_cast<size_t>(space)];
  if (overlay.empty()) return got;
  const uint64_t end = from.value + uint64_t{got} * 4;
  for (auto it = overlay.lower_bound(from.value); it != overlay.end() && it->first < end; ++it) {
    out[(it->first - from.value) / 4] = it->second;
  }
  return got;
}

void SegmentWalker::ReserveCopy(uint32_t dwords) {
  if (dwords <= copy_capacity_) return;
  const uint32_t capacity = std::max(dwords, copy_capacity_ * 2);
  auto grown = std::make_unique_for_overwrite<uint32_t[]>(capacity);
  std::copy_n(copy_.get(), copy_capacity_, grown.get());
  copy_ = std::move(grown);
  copy_capacity_ = capacity;
}

void SegmentWalker::WalkContextImage(const BufferPart& image) {
  const uint32_t bytes = std::min(image.size_bytes, kMaxContextBufferBytes);
  if (!policy_.OwnsGgtt(image.start.value, image.size_bytes)) {
    RefuseWorkload(Rule::kBatchRange, BufferKind::kContextImage, hw::AddressSpace::kGgtt,
                   image.start);
    return;
  }
  const uint32_t got = Fetch(hw::AddressSpace::kGgtt, image.start, 0, bytes / 4);
  ScanBuffer(BufferKind::kContextImage, {copy_.get(), got}, image.start);
}

void SegmentWalker::WalkIndirectContext(const BufferPart& buffer) {
  if (buffer.size_bytes > kMaxContextBufferBytes ||
      !policy_.OwnsGgtt(buffer.start.value, buffer.size_bytes)) {
    RefuseWorkload(Rule::kBatchRange, BufferKind::kIndirectContext, hw::AddressSpace::kGgtt,
                   buffer.start);
    return;
  }
  const uint32_t want = buffer.size_bytes / 4;
  const uint32_t got = Fetch(hw::AddressSpace::kGgtt, buffer.start, 0, want);
  if (got < want) {
    RefuseWorkload(Rule::kBatchUnmapped, BufferKind::kIndirectContext, hw::AddressSpace::kGgtt,
                   buffer.start + uint64_t{got} * 4);
    return;
  }
  ScanBuffer(BufferKind::kIndirectContext, {copy_.get(), got}, buffer.start);
}

// A buffer whose size is stated and which starts no batch.
void SegmentWalker::ScanBuffer(BufferKind kind, std::span<const uint32_t> dwords, Gma start) {
  do {
    segment_ = Segment{hw_engine_, kind, hw::AddressSpace::kGgtt, true, start, dwords, true};
    report_.Clear();
    engine_.Scan(segment_, &report_);
    Finish(segment_);
    dwords = dwords.subspan(report_.position);
    start = start + uint64_t{report_.position} * 4;
  } while (report_.end == SegmentEnd::kReenter);
}

bool SegmentWalker::RingIsSound(const RingPart& ring) const {
  return ring.start.page_offset() == 0 && ring.size_bytes % kPageSize == 0 &&
         ring.size_bytes <= kMaxRingBytes && policy_.OwnsGgtt(ring.start.value, ring.size_bytes) &&
         ring.head < ring.size_bytes && ring.tail < ring.size_bytes && ring.head % 4 == 0 &&
         ring.tail % 4 == 0;
}

// The ring from head to tail as one linear private copy; returns the dwords copied, fewer than
// there are if a page is missing.
uint32_t SegmentWalker::CopyRing(const RingPart& ring) {
  const uint32_t bytes =
      ring.tail >= ring.head ? ring.tail - ring.head : ring.size_bytes - ring.head + ring.tail;
  ring_copy_.resize(bytes / 4);
  const uint32_t first = std::min(bytes, ring.size_bytes - ring.head) / 4;
  const std::span<uint32_t> all(ring_copy_);
  uint32_t got = source_->Fetch(hw::AddressSpace::kGgtt, ring.start + ring.head, all.first(first));
  if (got >= first) {
    got = first + source_->Fetch(hw::AddressSpace::kGgtt, ring.start, all.subspan(first));
  }
  return std::min(got, bytes / 4);
}

void SegmentWalker::WalkRing(const RingPart& ring) {
  if (!RingIsSound(ring)) {
    RefuseWorkload(Rule::kRingShape, BufferKind::kRing, hw::AddressSpace::kGgtt, ring.start);
    return;
  }
  if (ring.head == ring.tail) return;
  const uint32_t copied = CopyRing(ring);
  if (copied < ring_copy_.size()) {
    RefuseWorkload(Rule::kBatchUnmapped, BufferKind::kRing, hw::AddressSpace::kGgtt,
                   ring.start + (ring.head + uint64_t{copied} * 4) % ring.size_bytes);
    return;
  }
  uint32_t done = 0;
  do {
    const uint64_t offset = (ring.head + uint64_t{done} * 4) % ring.size_bytes;
    segment_ = Segment{
        hw_engine_, BufferKind::kRing,   hw::AddressSpace::kGgtt,
        true,       ring.start + offset, std::span<const uint32_t>(ring_copy_).subspan(done),
        true};
    report_.Clear();
    engine_.Scan(segment_, &report_);
    Finish(segment_);
    done += report_.position;
    if (report_.end == SegmentEnd::kCall) {
      Place place;
      place.space = report_.target.space;
      place.address = report_.target.address;
      ++totals_.batches;
      WalkBatch(place);
    } else if (report_.end != SegmentEnd::kReenter) {
      return;
    }
  } while (done < ring_copy_.size());
}

void SegmentWalker::WalkBatch(const Place& start) {
  seen_.Clear();  // a batch that a ring starts twice is run twice
  Place place = start;
  for (;;) {
    const bool followed = EnterSegment(place) && NextPlace(&place);
    if (followed) continue;
    if (alternatives_.empty()) return;
    place = alternatives_.back();
    alternatives_.pop_back();
  }
}

// Copies and audits the segment at `place`. False: there is nothing to follow.
bool SegmentWalker::EnterSegment(const Place& place) {
  if (segments_left_ == 0 || dwords_left_ == 0) {
    alternatives_.clear();
    RefuseWorkload(Rule::kWorkloadLimit, place.kind, place.space, place.address);
    return false;
  }
  --segments_left_;
  const bool ggtt = place.space == hw::AddressSpace::kGgtt;
  segment_ = Segment{hw_engine_, place.kind, place.space, ggtt, place.address, {}, false};
  report_.Clear();
  const auto page_rest = static_cast<uint32_t>((kPageSize - place.address.page_offset()) / 4);
  uint32_t have = 0;
  uint32_t want = copy_guess_.dwords();
  while (report_.end == SegmentEnd::kNeedMore) {
    if (ggtt) want = OwnDwords(place.address + uint64_t{have} * 4, want);
    const uint32_t got = Fetch(place.space, place.address, have, want);
    have += got;
    segment_.dwords = std::span<const uint32_t>(copy_.get(), have);
    segment_.complete = got < want || want == 0 || have >= kMaxSegmentDwords;
    engine_.Scan(segment_, &report_);
    // To the end of the page, then pages, and more of them the longer it gets.
    const uint32_t to_page = (page_rest - have) % kPageDwords;
    want = std::min({to_page != 0 ? to_page : std::max(kPageDwords, AlignDown(have, kPageDwords)),
                     kMaxFetchDwords, kMaxSegmentDwords - std::min(have, kMaxSegmentDwords)});
  }
  copy_guess_.Saw(report_.position);
  dwords_left_ -= std::min<uint64_t>(have, dwords_left_);
  const bool seen = SeenBefore(place);
  Finish(segment_);
  if (seen) ++totals_.cycles;
  return !seen && report_.end != SegmentEnd::kRefused;
}

// How many of `count` dwords from a GGTT address on lie in the window of the vGPU that holds it.
uint32_t SegmentWalker::OwnDwords(Gma from, uint32_t count) const {
  for (const Range& window : {policy_.aperture, policy_.hidden}) {
    if (!window.Contains(from.value, sizeof(uint32_t))) continue;
    return static_cast<uint32_t>(std::min<uint64_t>(count, (window.end - from.value) / 4));
  }
  return 0;
}

// The same segment with the same content, entered the same way with the same stores behind it,
// leads to the same walk.
bool SegmentWalker::SeenBefore(const Place& place) {
  const uint64_t key[6] = {place.address.value,
                           place.return_address.value,
                           static_cast<uint64_t>(place.kind) |
                               static_cast<uint64_t>(place.space) << 8 |
                               static_cast<uint64_t>(place.return_space) << 16,
                           report_.position,
                           XXH3_64bits(copy_.get(), size_t{report_.position} * 4),
                           overlay_state_};
  return !seen_.Insert(XXH3_64bits(key, sizeof key));
}

// From how the segment at `place` ended to where control goes; false: back to the ring.
bool SegmentWalker::NextPlace(Place* place) {
  const Gma behind = MaskGma(place->address.value + uint64_t{report_.position} * 4);
  switch (report_.end) {
    case SegmentEnd::kReenter: place->address = behind; return true;
    case SegmentEnd::kBatchEnd:
      if (place->kind != BufferKind::kSecondLevelBatch) return false;
      place->kind = place->return_kind;
      place->space = place->return_space;
      place->address = place->return_address;
      place->return_address = Gma();
      return true;
    case SegmentEnd::kCall:
    case SegmentEnd::kChain: break;
    default: return false;
  }
  ++totals_.batches;
  const bool call = Returns(report_.end);
  const BatchTarget target = report_.target;
  if (!call && target.predicated) AddAlternative(*place, behind);
  if (call) {
    ++totals_.second_level;
    place->return_kind = place->kind;
    place->return_space = place->space;
    place->return_address = behind;
    place->kind = BufferKind::kSecondLevelBatch;
  } else {
    ++totals_.chained;
  }
  place->space = target.space;
  place->address = target.address;
  return true;
}

// The side of a predicated chain that is not followed first.
void SegmentWalker::AddAlternative(const Place& place, Gma behind) {
  if (alternatives_.size() >= kMaxAlternatives) {
    RefuseWorkload(Rule::kWorkloadLimit, place.kind, place.space, behind);
    return;
  }
  alternatives_.push_back(place);
  alternatives_.back().address = behind;
}

// A finding about the workload as a whole, or about a segment that cannot be entered.
void SegmentWalker::RefuseWorkload(Rule rule, BufferKind kind, hw::AddressSpace space,
                                   Gma address) {
  segment_ = Segment{hw_engine_, kind, space, space == hw::AddressSpace::kGgtt, address, {}, true};
  report_.Clear();
  Refusal refusal;
  refusal.rule = rule;
  refusal.action = policy_.ActionFor(rule);
  refusal.address = address.value;
  report_.refusals.push_back(refusal);
  report_.refusal_count = 1;
  report_.worst = refusal.action;
  report_.end = SegmentEnd::kRefused;
  Finish(segment_);
}

void SegmentWalker::Finish(const Segment& segment) {
  const auto kind = static_cast<size_t>(segment.kind);
  ++totals_.segments[kind];
  totals_.commands[kind] += report_.commands;
  totals_.dwords[kind] += report_.position;
  if (report_.refusal_count != 0) {
    totals_.worst = totals_.refusals == 0 ? report_.worst : std::max(totals_.worst, report_.worst);
    totals_.refusals += report_.refusal_count;
  }
  if (observer_ != nullptr) observer_->OnSegment(segment, report_);
  ApplyStores();
}

void SegmentWalker::ApplyStores() {
  for (const Store& store : report_.stores) {
    const auto& overlay = overlay_[static_cast<size_t>(store.space)];
    if (store.value_bytes == 0 || overlay.size() >= kMaxOverlayDwords) continue;
    ApplyDword(store.space, store.address.value, Low32(store.value));
    if (store.value_bytes == 8) {
      ApplyDword(store.space, store.address.value + 4, High32(store.value));
    }
  }
}

// Later fetches see `value` at `address`. The state of the overlay is the sum (xor) of its dwords,
// so that stores that undo each other lead back to where they started.
void SegmentWalker::ApplyDword(hw::AddressSpace space, uint64_t address, uint32_t value) {
  const auto state = [&](uint32_t content) {
    const uint64_t dword[3] = {static_cast<uint64_t>(space), address, content};
    return XXH3_64bits(dword, sizeof dword);
  };
  const auto [entry, is_new] = overlay_[static_cast<size_t>(space)].try_emplace(address, value);
  if (!is_new) overlay_state_ ^= state(entry->second);
  overlay_state_ ^= state(value);
  entry->second = value;
}

}  // namespace gvt::scanner
