// How two scanners that work differently are compared.
//
// GVT-g gives up at the first command it refuses; ours goes on where it can. So each command is
// judged alone by both, from the same fresh state: a command of one length, standing in a buffer of
// one kind. Where it stands matters to neither, except where a batch start may return to.
//
// 1. A batch start in the GGTT is followed by GVT-g at once. Every page of the vGPU's windows shows
// one guest page full of MI_BATCH_BUFFER_END, so that only the start itself is judged.
// 2. The first 80 dwords of a context image are not compared: GVT-g does not scan them, for it
// writes most of them itself.
// 3. A ring part, context or indirect context whose last command reaches beyond its end is judged
// by GVT-g's loop, for a command alone has no end to reach beyond. Batches end for both in what is
// not mapped.
#include "bench/gvtg/comparison.h"

#include <algorithm>

#include "base/check.h"
#include "hw/command_table.h"
#include "scanner/policy.h"

namespace gvt::bench {
namespace {

using scanner::BufferKind;
using scanner::SegmentEnd;

constexpr uint32_t kBatchEnd = 0x0a << 23;
constexpr uint32_t kRingContextDwords = 80;  // linux v6.1 gvt/gvt.h RING_CTX_SIZE
constexpr size_t kMargin = GVTG_MARGIN;
constexpr size_t kPageDwords = kPageSize / sizeof(uint32_t);

gvtg_buffer BufferOf(BufferKind kind) {
  switch (kind) {
    case BufferKind::kRing:
    case BufferKind::kIndirectContext: return GVTG_RING;
    case BufferKind::kFirstLevelBatch:
    case BufferKind::kPerContextBatch: return GVTG_BATCH;
    case BufferKind::kSecondLevelBatch: return GVTG_SECOND_LEVEL;
    case BufferKind::kContextImage: return GVTG_CONTEXT;
  }
  return GVTG_RING;
}

bool SeesEvent(const scanner::ScanReport& report, scanner::EventKind kind) {
  return std::any_of(report.events.begin(), report.events.end(),
                     [kind](const scanner::Event& event) { return event.kind == kind; });
}

bool EventsDiffer(const Difference& both) {
  return both.gvtg.user_interrupt != SeesEvent(*both.ours, scanner::EventKind::kUserInterrupt) ||
         both.gvtg.notify != SeesEvent(*both.ours, scanner::EventKind::kNotify);
}

bool Differs(const Difference& both) {
  if (both.ours_refuses() != both.gvtg_refuses()) return true;
  if (both.ours_refuses()) return false;
  return both.length != both.gvtg.length_dwords || EventsDiffer(both);
}

}  // namespace

Comparer::Comparer(hw::Platform platform, const scanner::Policy& policy)
    : platform_(platform),
      interpreter_(platform, policy),
      memory_(2 * kPageSize),
      copy_(2 * kMargin) {
  std::fill_n(reinterpret_cast<uint32_t*>(memory_.data()), 2 * kPageDwords, kBatchEnd);
  gvtg_setup setup{};
  setup.memory = memory_.data();
  setup.memory_bytes = memory_.size();
  setup.aperture_begin = policy.aperture.begin;
  setup.aperture_end = policy.aperture.end;
  setup.hidden_begin = policy.hidden.begin;
  setup.hidden_end = policy.hidden.end;
  machine_ = MakeMachine(platform, setup);
  for (const Range& window : {policy.aperture, policy.hidden}) {
    for (uint64_t gma = window.begin; gma < window.end; gma += kPageSize) {
      gvtg_map_ggtt(machine_.get(), gma, kPageSize);
    }
  }
}

void Comparer::CompareCommand(const scanner::Segment& segment, uint32_t position, Difference* both,
                              const Sink& sink) {
  scanner::Segment alone = segment;
  alone.start = segment.start + uint64_t{position} * sizeof(uint32_t);
  alone.dwords = both->dwords.first(std::max(both->length, 1u));
  alone.complete = false;
  report_.Clear();
  interpreter_.Scan(alone, &report_);
  both->ours = &report_;

  // Behind what is copied there is always room for what a handler reads beyond its command.
  const auto copied = both->dwords.first(std::min<size_t>(both->dwords.size(), kMargin));
  std::fill(std::copy(copied.begin(), copied.end(), copy_.begin()), copy_.end(), 0u);
  both->gvtg = gvtg_judge(machine_.get(), static_cast<unsigned>(segment.engine),
                          BufferOf(segment.kind), copy_.data());
  both->gvtg_patched = !std::equal(copied.begin(), copied.end(), copy_.begin());
  ++commands_;
  if (Differs(*both)) sink(*both);
}

// The command is longer than what is left of the ring part. Ours refuses it, whatever it is.
void Comparer::CompareOvershoot(const scanner::Segment& segment, Difference* both,
                                const Sink& sink) {
  scanner::Segment last = segment;
  last.dwords = both->dwords;
  report_.Clear();
  interpreter_.Scan(last, &report_);
  both->ours = &report_;
  std::vector<uint32_t> copy(both->dwords.begin(), both->dwords.end());
  copy.resize(copy.size() + 2 * kMargin);
  const unsigned engine = static_cast<unsigned>(segment.engine);
  both->gvtg = gvtg_judge(machine_.get(), engine, BufferOf(segment.kind), copy.data());
  std::copy(both->dwords.begin(), both->dwords.end(), copy.begin());
  both->gvtg.error = gvtg_scan_ring(machine_.get(), engine, BufferOf(segment.kind), copy.data(),
                                    static_cast<uint32_t>(both->dwords.size()));
  both->gvtg_is_loop = true;
  ++commands_;
  if (both->ours_refuses() != both->gvtg_refuses()) sink(*both);
}

void Comparer::Compare(const scanner::Segment& segment, const Sink& sink) {
  const bool batch = scanner::IsBatch(segment.kind);
  const hw::Generation generation = hw::GenerationOf(platform_);
  uint32_t position = segment.kind == BufferKind::kContextImage ? kRingContextDwords : 0;
  while (position < segment.dwords.size()) {
    Difference both;
    both.platform = platform_;
    both.engine = segment.engine;
    both.kind = segment.kind;
    both.privileged = segment.privileged;
    both.dwords = segment.dwords.subspan(position);
    both.row = hw::FindCommand(generation, segment.engine, both.header());
    if (both.row != nullptr) both.length = both.row->length.Of(both.header());
    if (both.length > both.dwords.size()) {
      if (!batch && segment.complete) CompareOvershoot(segment, &both, sink);
      return;
    }
    CompareCommand(segment, position, &both, sink);
    const uint32_t length = both.length != 0 ? both.length : both.gvtg.length_dwords;
    if (length == 0) return;
    position += length;
    if (both.Is(hw::Effect::kBatchEnd) && segment.kind != BufferKind::kRing) return;
    if (both.Is(hw::Effect::kBatchStart) && batch && !both.ours_refuses()) return;
  }
}

}  // namespace gvt::bench
