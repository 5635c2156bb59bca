// Follows a workload from segment to segment and has each audited: context image, indirect context,
// per-context batch, ring, batches.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <vector>

#include "scanner/copy_guess.h"
#include "scanner/policy.h"
#include "scanner/report.h"
#include "scanner/scan_engine.h"
#include "scanner/seen_set.h"
#include "scanner/segment.h"
#include "scanner/segment_source.h"
#include "scanner/workload.h"

namespace gvt::scanner {

// Sees every segment with its report, in the order of the walk. The dwords are the audited copy;
// they are gone after the call.
class WalkObserver {
 public:
  virtual ~WalkObserver() = default;
  virtual void OnSegment(const Segment& segment, const ScanReport& report) = 0;
};

struct WalkTotals {
  std::array<uint64_t, kBufferKindCount> segments{};  // index = BufferKind
  std::array<uint64_t, kBufferKindCount> commands{};
  std::array<uint64_t, kBufferKindCount> dwords{};
  uint64_t batches = 0;       // batch starts followed
  uint64_t second_level = 0;  // of those, calls from a batch
  uint64_t chained = 0;       // of those, chains
  uint64_t cycles =
      0;  // walks that came back to a segment already audited: a spinner, not an error
  uint64_t refusals = 0;
  Action worst = Action::kNoop;  // meaningless if refusals == 0

  WalkTotals& operator+=(const WalkTotals& other);
};

class SegmentWalker {
 public:
  // Keeps references: `engine` and `policy` outlive the walker, and `engine` was made with
  // `policy`.
  SegmentWalker(const ScanEngine& engine, const Policy& policy)
      : engine_(engine), policy_(policy) {}

  // Walks one workload. `observer` may be null. Bounded by scanner/limits.h whatever the guest
  // wrote. Memory is what `source` says, changed by the immediate stores that the walk has passed.
  // Thread rule: one walker a thread.
  WalkTotals Walk(const Workload& workload, SegmentSource& source, WalkObserver* observer);

 private:
  // Where control is: everything that decides what the next segment is.
  struct Place {
    hw::AddressSpace space = hw::AddressSpace::kPpgtt;
    BufferKind kind = BufferKind::kFirstLevelBatch;
    Gma address;
    BufferKind return_kind = BufferKind::kFirstLevelBatch;  // level below a second-level batch
    hw::AddressSpace return_space = hw::AddressSpace::kPpgtt;
    Gma return_address;
  };

  void WalkContextImage(const BufferPart& image);
  void WalkIndirectContext(const BufferPart& buffer);
  void WalkRing(const RingPart& ring);
  void WalkBatch(const Place& start);
  bool EnterSegment(const Place& place);
  bool NextPlace(Place* place);
  void AddAlternative(const Place& place, Gma behind);
  bool SeenBefore(const Place& place);
  void ScanBuffer(BufferKind kind, std::span<const uint32_t> dwords, Gma start);
  uint32_t CopyRing(const RingPart& ring);
  bool RingIsSound(const RingPart& ring) const;
  uint32_t OwnDwords(Gma from, uint32_t count) const;
  uint32_t Fetch(hw::AddressSpace space, Gma address, uint32_t at, uint32_t count);
  void RefuseWorkload(Rule rule, BufferKind kind, hw::AddressSpace space, Gma address);
  void Finish(const Segment& segment);
  void ApplyStores();
  void ApplyDword(hw::AddressSpace space, uint64_t address, uint32_t value);
  void ReserveCopy(uint32_t dwords);

  const ScanEngine& engine_;
  const Policy& policy_;

  // Of the walk at hand.
  hw::Engine hw_engine_ = hw::Engine::kRcs;
  SegmentSource* source_ = nullptr;
  WalkObserver* observer_ = nullptr;
  WalkTotals totals_;
  uint32_t segments_left_ = 0;
  uint64_t dwords_left_ = 0;
  std::vector<Place> alternatives_;
  SeenSet seen_;
  std::array<std::map<uint64_t, uint32_t>, 2>
      overlay_;                 // index = AddressSpace; key = address of a dword
  uint64_t overlay_state_ = 0;  // equal iff the overlays are, but for hash collisions

  CopyGuess copy_guess_;

  // Reused buffers.
  ScanReport report_;
  Segment segment_;
  std::unique_ptr<uint32_t[]> copy_;
  uint32_t copy_capacity_ = 0;
  std::vector<uint32_t> ring_copy_;
};

}  // namespace gvt::scanner
