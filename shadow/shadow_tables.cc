// Making, checking and reclaiming shadow tables.
//
// Invariants:
// 1. A table is filled before it is published and by ordinary stores; after that each entry is
//    changed by one atomic store, and only by the holder of the table's claim.
// 2. The holder of a claim reads the guest's entry while it holds it, and the counter of
// consistency
//    points before that. So an entry is never replaced by an older one, and `made_at` is never
//    younger than what stands for it.
// 3. A walker is pinned from its first walk behind a consistency point until the next point: the
//    numbers of tables that it keeps stay theirs. What was removed is given back when every walker
//    has passed a point, or does nothing.
// 4. Removing and giving back is done by one thread at a time, and only for this vGPU.
//
// How often single entries are checked before the table is converted anew follows from their costs:
// a conversion costs about as much as kChecksBeforeRefresh checks, so that together they are at
// most twice what the better of both would have been.
#include "shadow/shadow_tables.h"

#include <span>

namespace gvt::shadow {
namespace {

constexpr uint32_t kChecksBeforeRefresh = 32;
constexpr auto kRelaxed = std::memory_order_relaxed;

FrameMap FramesOf(const hostif::GuestMemory& memory) {
  std::vector<FrameWindow> windows;
  for (const Range& range : memory.Frames()) windows.push_back({range.begin, range.end, 0});
  return FrameMap(windows);
}

ShadowEntry LoadEntry(Entries entries, unsigned index) {
  return ShadowEntry(std::atomic_ref<uint64_t>(entries[index]).load(kRelaxed));
}

void StoreEntry(Entries entries, unsigned index, ShadowEntry entry) {
  std::atomic_ref<uint64_t>(entries[index]).store(entry.raw(), kRelaxed);
}

constexpr hw::TableLevel Below(hw::TableLevel level) {
  return static_cast<hw::TableLevel>(static_cast<unsigned>(level) - 1);
}

}  // namespace

class ShadowTables::Claim {
 public:
  explicit Claim(TableState& state)
      : state_(state), is_held_(!state.claim.exchange(true, std::memory_order_acquire)) {}
  ~Claim() {
    if (is_held_) state_.claim.store(false, std::memory_order_release);
  }
  Claim(const Claim&) = delete;
  Claim& operator=(const Claim&) = delete;
  bool is_held() const { return is_held_; }

 private:
  TableState& state_;
  const bool is_held_;
};

ShadowTables::ShadowTables(const hostif::GuestMemory& memory, const ShadowLimits& limits)
    : memory_(memory),
      arena_(limits.tables),
      index_(limits.tables),
      states_(std::make_unique<TableState[]>(limits.tables)) {
  limbo_.reserve(limits.tables);
}

// Takes tables out of the index: those that were last used before a consistency point, and those of
// another generation. Returns how many.
size_t ShadowTables::Retire(uint64_t used_before, uint64_t generation) {
  const size_t former = limbo_.size();
  index_.ForEach([&](TableId table) {
    const bool is_current = index_.KeyOf(table).IsOfGeneration(generation);
    if (is_current && states_[table].used_at.load(kRelaxed) >= used_before) return;
    index_.Remove(table);
    limbo_.push_back({epochs_.Retire(), table});
  });
  return limbo_.size() - former;
}

// Gives back what nobody can hold any more. The caller holds maintaining_.
void ShadowTables::Collect() {
  const uint64_t oldest = epochs_.Oldest();
  std::erase_if(limbo_, [&](const Retired& retired) {
    if (retired.tag >= oldest) return false;
    arena_.Give(retired.table);
    counters_.reclaimed.fetch_add(1, kRelaxed);
    return true;
  });
}

// Makes room, now or for later: tables that are removed now are free behind the next consistency
// points. False: another thread is at it. `point`: of the caller, whose own tables stay.
bool ShadowTables::Reclaim(uint64_t point) {
  if (maintaining_.exchange(true, std::memory_order_acquire)) return false;
  const size_t waiting = limbo_.size();
  Collect();
  if (limbo_.size() == waiting) {
    const uint64_t generation = memory_.generation();
    const size_t enough = arena_.capacity() / 8;
    if (Retire(reclaimed_at_, generation) < enough) Retire(point, generation);
    reclaimed_at_ = point;
    Collect();
  }
  maintaining_.store(false, std::memory_order_release);
  return true;
}

ShadowWalker::ShadowWalker(ShadowTables& tables, hw::LargePtes large_ptes)
    : tables_(tables), large_ptes_(large_ptes), reader_(tables.epochs_) {
  Sync();
}

void ShadowWalker::Bind(bool four_level, const std::array<uint64_t, 4>& pdp) {
  four_level_ = four_level;
  pdp_ = pdp;
  Sync();
}

void ShadowWalker::Sync() {
  reader_.Unpin();
  last_region_ = kNoRegion;
  has_room_ = true;
  point_ = tables_.clock_.fetch_add(1, std::memory_order_seq_cst) + 1;
}

void ShadowWalker::Begin() {
  reader_.Pin();
  const uint64_t generation = tables_.memory_.generation();
  if (generation == generation_) return;
  generation_ = generation;
  frames_ = FramesOf(tables_.memory_);
}

void ShadowWalker::Count(const ConvertTally& tally) {
  ShadowCounters& counters = tables_.counters_;
  counters.entries.fetch_add(tally.present, kRelaxed);
  for (unsigned i = 0; i < kSubstitutionCount; ++i) {
    if (tally.substituted[i] != 0)
      counters.substituted[i].fetch_add(tally.substituted[i], kRelaxed);
  }
}

// The entry as the guest has it now.
ShadowEntry ShadowWalker::SingleEntry(const Place& place, unsigned index) const {
  const unsigned guest_index = GuestIndex(place.shape, index);
  uint64_t raw = 0;
  if (!tables_.memory_.Load64(
          Gpa((place.frame.value << kPageShift) + guest_index * hw::kEntryBytes), &raw)) {
    return ShadowEntry::Substituted(Substitution::kInvalidGfn);
  }
  return ConvertEntry(place.shape, index, raw, frames_);
}

// Reads the guest's table; false: there is no such page.
bool ShadowWalker::ReadTable(const Place& place) {
  return tables_.memory_.Read(Gpa(place.frame.value << kPageShift),
                              std::as_writable_bytes(std::span(guest_)));
}

// Makes and publishes the table of a place. kNoTable: no page, or no room.
TableId ShadowWalker::Make(const Place& place) {
  if (!has_room_) return kNoTable;
  const uint64_t now = tables_.clock_.load(std::memory_order_seq_cst);
  if (!ReadTable(place)) return kNoTable;
  TableId table = tables_.arena_.Take();
  if (table == kNoTable && tables_.Reclaim(point_)) table = tables_.arena_.Take();
  if (table == kNoTable) {
    has_room_ = false;
    return kNoTable;
  }
  Count(ConvertTable(place.shape, guest_, frames_, tables_.arena_.entries(table)));
  tables_.counters_.tables.fetch_add(1, kRelaxed);
  ShadowTables::TableState& state = tables_.states_[table];
  state.made_at.store(now, kRelaxed);
  state.used_at.store(point_, kRelaxed);
  state.checks = 0;
  const TableId published = tables_.index_.Insert(KeyOf(place), table);
  if (published != table) tables_.arena_.Give(table);
  return published;
}

// Converts the whole table again. The caller holds its claim.
ShadowEntry ShadowWalker::Refresh(const Place& place, unsigned index) {
  const uint64_t now = tables_.clock_.load(std::memory_order_seq_cst);
  if (!ReadTable(place)) return ShadowEntry::Substituted(Substitution::kInvalidGfn);
  Count(ConvertTable(place.shape, guest_, frames_, fresh_));
  const Entries entries = tables_.arena_.entries(place.table);
  uint64_t changes = 0;
  for (unsigned i = 0; i < hw::kEntriesPerTable; ++i) {
    const ShadowEntry entry(fresh_[i]);
    if (LoadEntry(entries, i) == entry) continue;
    StoreEntry(entries, i, entry);
    ++changes;
  }
  tables_.counters_.changes.fetch_add(changes, kRelaxed);
  tables_.states_[place.table].made_at.store(now, std::memory_order_release);
  return ShadowEntry(fresh_[index]);
}

// The entry of a table that may be older than the consistency point.
ShadowEntry ShadowWalker::CheckedEntry(const Place& place, unsigned index) {
  ShadowTables::TableState& state = tables_.states_[place.table];
  const ShadowTables::Claim claim(state);
  const ShadowEntry entry = SingleEntry(place, index);
  if (!claim.is_held()) return entry;
  tables_.counters_.checks.fetch_add(1, kRelaxed);
  if (state.checked_at != point_) {
    state.checked_at = point_;
    state.checks = 0;
  }
  if (++state.checks > kChecksBeforeRefresh) return Refresh(place, index);
  const Entries entries = tables_.arena_.entries(place.table);
  if (LoadEntry(entries, index) == entry) return entry;
  StoreEntry(entries, index, entry);
  ConvertTally tally;
  tally.Add(entry);
  Count(tally);
  tables_.counters_.changes.fetch_add(1, kRelaxed);
  return entry;
}

ShadowEntry ShadowWalker::EntryAt(Place* place, unsigned index) {
  if (place->table == kNoTable) place->table = tables_.index_.Find(KeyOf(*place));
  if (place->table == kNoTable) place->table = Make(*place);
  if (place->table == kNoTable) {
    tables_.counters_.uncached.fetch_add(1, kRelaxed);
    return SingleEntry(*place, index);
  }
  ShadowTables::TableState& state = tables_.states_[place->table];
  if (state.used_at.load(kRelaxed) < point_) state.used_at.store(point_, kRelaxed);
  if (state.made_at.load(std::memory_order_acquire) < point_) return CheckedEntry(*place, index);
  const ShadowEntry entry = LoadEntry(tables_.arena_.entries(place->table), index);
  // As hardware, which keeps no translation of what is not there.
  return entry.present() ? entry : CheckedEntry(*place, index);
}

ShadowTarget ShadowWalker::WalkPage(Gma address) {
  const ShadowEntry entry = EntryAt(&last_, hw::TableIndex(hw::TableLevel::kPt, address));
  if (!entry.present()) return {.substitution = entry.substitution()};
  return {true, last_writable_ && entry.writable(), Substitution::kNone, entry.frame()};
}

// A page of a 2 MiB entry.
ShadowTarget ShadowWalker::WalkLargePage(Gma address, ShadowEntry entry, bool writable) const {
  const uint64_t frame = entry.frame_2m() + hw::TableIndex(hw::TableLevel::kPt, address);
  const FrameWindow* window = frames_.Find(Gfn(frame));
  if (window == nullptr) return {.substitution = Substitution::kInvalidGfn};
  return {true, writable, Substitution::kNone, frame + window->delta};
}

ShadowTarget ShadowWalker::WalkDown(Gma address, Place place) {
  bool writable = true;
  for (;;) {
    const hw::TableLevel level = place.shape.level;
    const ShadowEntry entry = EntryAt(&place, hw::TableIndex(level, address));
    if (!entry.present()) return {.substitution = entry.substitution()};
    writable = writable && entry.writable();
    if (level == hw::TableLevel::kPd && entry.is_large_page()) {
      return WalkLargePage(address, entry, writable);
    }
    const bool pages_64k = level == hw::TableLevel::kPd && entry.has_64k_children() &&
                           large_ptes_ == hw::LargePtes::kOn;
    place = Place{{Below(level), pages_64k}, Gfn(entry.frame())};
    if (level != hw::TableLevel::kPd) continue;
    last_region_ = RegionOf(address);
    last_ = place;
    last_writable_ = writable;
    return WalkPage(address);
  }
}

ShadowTarget ShadowWalker::Walk(Gma address) {
  if (!reader_.is_pinned()) Begin();
  address = MaskGma(address.value);
  if (RegionOf(address) == last_region_) return WalkPage(address);
  const hw::TableLevel level = four_level_ ? hw::TableLevel::kPml4 : hw::TableLevel::kPd;
  if (!four_level_ && address.value >> 32 != 0) return {};
  const uint64_t root = pdp_[four_level_ ? 0 : address.value >> LevelShift(hw::TableLevel::kPdp)];
  if (root == 0) return {};
  return WalkDown(address,
                  Place{{level, false}, Gfn(hw::PpgttEntry(root).address() >> kPageShift)});
}

}  // namespace gvt::shadow
