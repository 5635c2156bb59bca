#include "tests/oracle/shadow_world.h"

#include <algorithm>
#include <cstring>
#include <random>
#include <utility>

namespace gvt::oracle {
namespace {

// Few entries of a table are used, so that addresses meet them.
constexpr uint64_t kIndices[] = {0, 1, 2, 16, 17, 31, 32, 511};

}  // namespace

ShadowWorld::ShadowWorld(uint32_t tables, hw::LargePtes large_ptes, Source next)
    : next_(std::move(next)),
      large_ptes_(large_ptes),
      memory_(static_cast<uint64_t*>(std::aligned_alloc(kPageSize, kPages * kPageSize)), std::free),
      tables_(guest_, {.tables = tables}),
      walkers_{Walker(tables_, large_ptes), Walker(tables_, large_ptes)} {
  std::fill_n(memory_.get(), kPages * 512, 0);
  std::mt19937_64 random(1);
  const Source source = std::exchange(next_, [&random] { return random(); });
  for (uint64_t page = 0; page < kPages; ++page) {
    for (const uint64_t index : kIndices) *Entry(page, index) = SomeEntry();
  }
  next_ = source;
  present_.fill(true);
  (void)guest_.Add(Gpa(0), kPages * kPageSize, memory_.get(), false);
  for (Walker& walker : walkers_) Bind(&walker);
}

uint64_t ShadowWorld::SomeIndex() {
  return kIndices[Below(std::size(kIndices))];
}

uint64_t ShadowWorld::SomeEntry() {
  const uint64_t page = Below(kPages + 2) << kPageShift;
  switch (Below(16)) {
    case 0: return 0;
    case 1: return next_();
    case 2: return page | 0x81;                                 // read-only; a large page in a PD
    case 3: return (Below(2) << 21) | 0x83;                     // 2 MiB
    case 4: return page | 3 | uint64_t{1} << (48 + Below(16));  // reserved
    case 5:
    case 6: return page | 0x803;  // IPS
    case 7: return page | 1;
    default: return page | 3;
  }
}

Gma ShadowWorld::SomeAddress() {
  uint64_t address = Below(kPageSize);
  for (unsigned level = 0; level < 4; ++level) address |= SomeIndex() << (12 + 9 * level);
  if (Below(8) == 0) address |= next_() << 48;
  return Gma(Below(4) == 0 ? address & 0xffffffff : address);
}

void ShadowWorld::Touch() {
  for (Walker& walker : walkers_) walker.is_synced = false;
}

void ShadowWorld::StoreBytes() {
  const uint64_t value = next_();
  const uint64_t size = 1 + Below(8);
  const uint64_t at =
      std::min(Below(kPages) * kPageSize + SomeIndex() * 8 + Below(8), kPages * kPageSize - size);
  std::memcpy(reinterpret_cast<std::byte*>(memory_.get()) + at, &value, size);
  Touch();
}

// Takes a page or some away; or gives back all that are not there.
void ShadowWorld::ChangeMap() {
  const bool takes = Below(2) == 0;
  const uint64_t first = takes ? Below(kPages) : 0;
  const uint64_t count = takes ? 1 + Below(std::min<uint64_t>(kPages - first, 4)) : kPages;
  for (uint64_t i = first; i < first + count; ++i) {
    if (present_[i] == !takes) continue;
    const Gpa page(i << kPageShift);
    (void)(takes ? guest_.Remove(page, kPageSize)
                 : guest_.Add(page, kPageSize, Entry(i, 0), false));
    present_[i] = !takes;
  }
  Touch();
}

void ShadowWorld::Bind(Walker* walker) {
  walker->four_level = Below(3) != 0;
  for (uint64_t& pdp : walker->pdp) pdp = Below(8) == 0 ? SomeEntry() : Below(kPages) << kPageShift;
  walker->shadow.Bind(walker->four_level, walker->pdp);
  walker->is_synced = true;
}

std::optional<uint64_t> ShadowWorld::Naive(const Walker& walker, Gma address,
                                           bool* writable) const {
  const auto read = [this](uint64_t physical) -> std::optional<uint64_t> {
    const uint64_t page = physical >> kPageShift;
    if (page >= kPages || !present_[page]) return std::nullopt;
    return memory_.get()[physical / 8];
  };
  const hw::WalkResult walk = walker.four_level
                                  ? hw::WalkPpgtt4Level(walker.pdp[0], address, read, large_ptes_)
                                  : hw::WalkPpgtt3Level(walker.pdp, address, read, large_ptes_);
  const uint64_t frame = walk.physical >> kPageShift;
  if (!walk.ok() || frame >= kPages || !present_[frame]) return std::nullopt;
  *writable = walk.writable;
  return frame;
}

const char* ShadowWorld::Compare(Walker* walker) {
  if (!walker->is_synced) walker->shadow.Sync();
  walker->is_synced = true;
  for (int i = 0; i < 8; ++i) {
    const Gma address = SomeAddress();
    const shadow::ShadowTarget target = walker->shadow.Walk(address);
    bool writable = false;
    const std::optional<uint64_t> naive = Naive(*walker, address, &writable);
    ++translations_;
    if (target.present != naive.has_value()) return "present as the plain walk says";
    if (!naive) continue;
    ++hits_;
    if (target.frame != *naive) return "the frame of the plain walk";
    if (target.writable != writable) return "writable as the plain walk says";
  }
  if (tables_.tables_in_use() > tables_.limits().tables) return "no more tables than the limit";
  return nullptr;
}

const char* ShadowWorld::Step() {
  Walker& walker = walkers_[Below(2)];
  switch (Below(16)) {
    case 0: StoreBytes(); return nullptr;
    case 1: Bind(&walker); return nullptr;
    case 2:
      if (Below(8) == 0) ChangeMap();
      return nullptr;
    case 3:
    case 4:
    case 5: return Compare(&walker);
    default:
      *Entry(Below(kPages), SomeIndex()) = SomeEntry();
      Touch();
      return nullptr;
  }
}

}  // namespace gvt::oracle
