// The map from guest-physical addresses to this process, and every access through it.
//
// Idea: the map is an immutable sorted list; a change makes a new one and publishes it. An access
// enters the reader gate, looks its page up, touches it and leaves. A host address never outlives
// that, so once the gate has drained no one can touch a page that the new list lacks.
//
// Invariants:
// 1. Slots of a list are sorted, do not overlap, are not empty, and neighbours that could be one
//    slot are one.
// 2. An access that spans slots is made slot by slot under one ticket: it sees one list.
// 3. Single accesses are naturally aligned and so lie inside one page of one slot.
//
// 4. The outside memory is asked only for addresses that no slot holds: a read-only slot is never
//    written around.
//
// Limits: Add() stops at kMaxSlots. Remove() may leave one more slot each time it cuts a hole,
// because it has to succeed; the host asks for that, not the guest.
//
// Cost of an access: two atomic additions on a line of the thread's own (none with one thread), a
// binary search, the copy.
// Thread rule: any thread; changes are made one after the other.
#include "hostif/guest_memory.h"

#include <algorithm>
#include <atomic>
#include <memory>
#include <mutex>
#include <vector>

#include "hostif/guest_copy.h"
#include "hostif/reader_gate.h"

namespace gvt::hostif {
namespace {

struct Slot {
  uint64_t begin = 0;
  uint64_t end = 0;
  std::byte* host = nullptr;
  bool read_only = false;

  std::byte* At(uint64_t address) const { return host + (address - begin); }
  bool JoinsTo(const Slot& next) const {
    return end == next.begin && At(end) == next.host && read_only == next.read_only;
  }
};

using SlotList = std::vector<Slot>;

// The slot that holds `address`, or nullptr.
const Slot* Find(const SlotList& slots, uint64_t address) {
  auto behind =
      std::upper_bound(slots.begin(), slots.end(), address,
                       [](uint64_t value, const Slot& slot) { return value < slot.begin; });
  if (behind == slots.begin()) return nullptr;
  const Slot& slot = *--behind;
  return address < slot.end ? &slot : nullptr;
}

// Bytes from `address`, which no slot holds, to the next slot.
uint64_t HoleBytes(const SlotList& slots, uint64_t address) {
  const auto next =
      std::upper_bound(slots.begin(), slots.end(), address,
                       [](uint64_t value, const Slot& slot) { return value < slot.begin; });
  return next == slots.end() ? ~uint64_t{0} : next->begin - address;
}

bool IsPageRange(uint64_t begin, uint64_t size_bytes) {
  return size_bytes != 0 && (begin & kPageOffsetMask) == 0 && (size_bytes & kPageOffsetMask) == 0 &&
         begin + size_bytes > begin;
}

SlotList Joined(const SlotList& slots) {
  SlotList joined;
  joined.reserve(slots.size());
  for (const Slot& slot : slots) {
    if (!joined.empty() && joined.back().JoinsTo(slot)) {
      joined.back().end = slot.end;
    } else {
      joined.push_back(slot);
    }
  }
  return joined;
}

}  // namespace

struct GuestMemory::State {
  explicit State(Threads threads) : gate(threads) {}

  // Both are set before anybody else knows the object.
  AccessObserver* observer = nullptr;
  OutsideMemory* outside = nullptr;
  std::mutex changes;
  std::mutex exchanges;  // a compare-exchange outside is made of two accesses
  // atomic: published by Add and Remove, read by accesses behind the gate, freed once it drained.
  std::atomic<const SlotList*> slots{new SlotList};
  std::atomic<uint64_t> generation{0};
  ReaderGate gate;

  // The caller holds `changes`.
  void Publish(SlotList list) {
    const SlotList* former = slots.exchange(new SlotList(std::move(list)));
    generation.fetch_add(1);
    gate.WaitForReaders();
    delete former;
  }

  bool Read(uint64_t address, std::span<std::byte> out);
  bool Write(uint64_t address, std::span<const std::byte> data);
  bool WriteInPage(Gpa page, std::span<const PagePiece> pieces);

  // Runs `access` before the eyes of the observer, if there is one; `report` tells it what was
  // moved.
  template <typename Access, typename Report>
  bool Observed(Gpa at, uint64_t size_bytes, Access access, Report report) {
    if (observer == nullptr) [[likely]]
      return access();
    const bool done = observer->MayAccess(at, size_bytes) && access();
    if (done) {
      report(*observer);
    } else {
      observer->HasFailed(at);
    }
    return done;
  }

  template <typename T>
  bool Load(Gpa from, T* out, bool (*load)(const void*, T*));
  template <typename T>
  bool Store(Gpa to, T value, bool (*store)(void*, T));
  template <typename T>
  bool CompareExchange(Gpa at, T* expected, T desired, bool (*exchange)(void*, T*, T));
};

namespace {

// The time of one access, in which `slots` stays.
template <typename State>
class Reading {
 public:
  explicit Reading(State& state) : ticket_(state.gate.Enter()), slots_(*state.slots.load()) {}
  ~Reading() { ReaderGate::Leave(ticket_); }
  Reading(const Reading&) = delete;
  Reading& operator=(const Reading&) = delete;
  const SlotList& slots() const { return slots_; }

  // Where `address` is, for a single access of `bytes`; nullptr: not aligned, not writable, or in
  // no slot. Only in the last case it may be outside.
  std::byte* Single(uint64_t address, uint64_t bytes, bool write, OutsideMemory** outside) const {
    const Slot* slot = address % bytes == 0 ? Find(slots_, address) : nullptr;
    if (slot != nullptr || address % bytes != 0) *outside = nullptr;
    if (slot == nullptr || (write && slot->read_only)) return nullptr;
    return slot->At(address);
  }

 private:
  ReaderGate::Ticket ticket_;
  const SlotList& slots_;
};

template <typename T>
std::span<const std::byte> BytesOf(const T& value) {
  return std::as_bytes(std::span(&value, 1));
}

template <typename T>
std::span<std::byte> WritableBytesOf(T& value) {
  return std::as_writable_bytes(std::span(&value, 1));
}

}  // namespace

bool GuestMemory::State::Read(uint64_t address, std::span<std::byte> out) {
  const Reading reading(*this);
  while (!out.empty()) {
    const Slot* slot = Find(reading.slots(), address);
    if (slot == nullptr && outside == nullptr) return false;
    const uint64_t room =
        slot != nullptr ? slot->end - address : HoleBytes(reading.slots(), address);
    const auto piece = static_cast<size_t>(std::min<uint64_t>(out.size(), room));
    const bool done = slot != nullptr ? GuestCopy(out.data(), slot->At(address), piece) == 0
                                      : outside->Read(Gpa(address), out.first(piece));
    if (!done) return false;
    address += piece;
    out = out.subspan(piece);
  }
  return true;
}

bool GuestMemory::State::Write(uint64_t address, std::span<const std::byte> data) {
  const Reading reading(*this);
  while (!data.empty()) {
    const Slot* slot = Find(reading.slots(), address);
    if (slot == nullptr ? outside == nullptr : slot->read_only) return false;
    const uint64_t room =
        slot != nullptr ? slot->end - address : HoleBytes(reading.slots(), address);
    const auto piece = static_cast<size_t>(std::min<uint64_t>(data.size(), room));
    const bool done = slot != nullptr ? GuestCopy(slot->At(address), data.data(), piece) == 0
                                      : outside->Write(Gpa(address), data.first(piece));
    if (!done) return false;
    address += piece;
    data = data.subspan(piece);
  }
  return true;
}

bool GuestMemory::State::WriteInPage(Gpa page, std::span<const PagePiece> pieces) {
  const Reading reading(*this);
  const Slot* slot = Find(reading.slots(), page.value);
  if (slot == nullptr ? outside == nullptr : slot->read_only) return false;
  return std::all_of(pieces.begin(), pieces.end(), [&](const PagePiece& piece) {
    const Gpa to = page + piece.offset_bytes;
    return slot != nullptr
               ? GuestCopy(slot->At(to.value), piece.data.data(), piece.data.size()) == 0
               : outside->Write(to, piece.data);
  });
}

template <typename T>
bool GuestMemory::State::Load(Gpa from, T* out, bool (*load)(const void*, T*)) {
  const auto access = [&] {
    const Reading reading(*this);
    OutsideMemory* elsewhere = outside;
    const std::byte* host = reading.Single(from.value, sizeof *out, false, &elsewhere);
    if (host != nullptr) return load(host, out);
    return elsewhere != nullptr && elsewhere->Read(from, WritableBytesOf(*out));
  };
  return Observed(from, sizeof *out, access,
                  [&](AccessObserver& seen) { seen.WasRead(from, BytesOf(*out)); });
}

template <typename T>
bool GuestMemory::State::Store(Gpa to, T value, bool (*store)(void*, T)) {
  const auto access = [&] {
    const Reading reading(*this);
    OutsideMemory* elsewhere = outside;
    std::byte* host = reading.Single(to.value, sizeof value, true, &elsewhere);
    if (host != nullptr) return store(host, value);
    return elsewhere != nullptr && elsewhere->Write(to, BytesOf(value));
  };
  return Observed(to, sizeof value, access,
                  [&](AccessObserver& seen) { seen.WasWritten(to, BytesOf(value)); });
}

template <typename T>
bool GuestMemory::State::CompareExchange(Gpa at, T* expected, T desired,
                                         bool (*exchange)(void*, T*, T)) {
  const T wanted = *expected;
  const auto access = [&] {
    const Reading reading(*this);
    OutsideMemory* elsewhere = outside;
    std::byte* host = reading.Single(at.value, sizeof desired, true, &elsewhere);
    if (host != nullptr) return exchange(host, expected, desired);
    if (elsewhere == nullptr) return false;
    const std::lock_guard lock(exchanges);
    if (!elsewhere->Read(at, WritableBytesOf(*expected))) return false;
    return *expected != wanted || elsewhere->Write(at, BytesOf(desired));
  };
  return Observed(at, sizeof desired, access, [&](AccessObserver& seen) {
    seen.WasRead(at, BytesOf(*expected));
    if (*expected == wanted) seen.WasWritten(at, BytesOf(desired));
  });
}

GuestMemory::GuestMemory(AccessObserver* observer, OutsideMemory* outside, Threads threads)
    : state_(new State(threads)) {
  state_->observer = observer;
  state_->outside = outside;
  InstallGuestFaultHandler();
}

GuestMemory::~GuestMemory() {
  delete state_->slots.load();
  delete state_;
}

Result<void> GuestMemory::Add(Gpa start, uint64_t size_bytes, void* address, bool read_only) {
  const auto host = reinterpret_cast<uintptr_t>(address);
  if (!IsPageRange(start.value, size_bytes) || !IsPageRange(host, size_bytes)) {
    return Error{ErrorCode::kInvalidArgument};
  }
  const Slot slot{start.value, start.value + size_bytes, static_cast<std::byte*>(address),
                  read_only};
  const std::lock_guard lock(state_->changes);
  SlotList slots = *state_->slots.load();
  auto behind = std::lower_bound(slots.begin(), slots.end(), slot.begin,
                                 [](const Slot& a, uint64_t begin) { return a.begin < begin; });
  const bool hits_next = behind != slots.end() && behind->begin < slot.end;
  const bool hits_former = behind != slots.begin() && std::prev(behind)->end > slot.begin;
  if (hits_next || hits_former) return Error{ErrorCode::kBusy};
  slots.insert(behind, slot);
  slots = Joined(slots);
  if (slots.size() > kMaxSlots) return Error{ErrorCode::kNoSpace, 0, uint32_t{kMaxSlots}};
  state_->Publish(std::move(slots));
  return {};
}

Result<void> GuestMemory::Remove(Gpa start, uint64_t size_bytes) {
  if (!IsPageRange(start.value, size_bytes)) return Error{ErrorCode::kInvalidArgument};
  const uint64_t begin = start.value;
  const uint64_t end = begin + size_bytes;
  const std::lock_guard lock(state_->changes);
  SlotList rest;
  for (const Slot& slot : *state_->slots.load()) {
    if (slot.end <= begin || slot.begin >= end) {
      rest.push_back(slot);
      continue;
    }
    if (slot.begin < begin) rest.push_back({slot.begin, begin, slot.host, slot.read_only});
    if (slot.end > end) rest.push_back({end, slot.end, slot.At(end), slot.read_only});
  }
  state_->Publish(std::move(rest));
  return {};
}

Result<void> GuestMemory::Move(Gpa start, uint64_t size_bytes, void* address) {
  const auto host = reinterpret_cast<uintptr_t>(address);
  if (!IsPageRange(start.value, size_bytes) || !IsPageRange(host, size_bytes)) {
    return Error{ErrorCode::kInvalidArgument};
  }
  const uint64_t begin = start.value;
  const uint64_t end = begin + size_bytes;
  const std::lock_guard lock(state_->changes);
  SlotList slots;
  uint64_t moved = begin;  // all below it
  for (const Slot& slot : *state_->slots.load()) {
    const uint64_t from = std::max(slot.begin, begin);
    const uint64_t to = std::min(slot.end, end);
    if (from >= to) {
      slots.push_back(slot);
      continue;
    }
    if (from != moved) break;  // a hole
    if (slot.begin < from) slots.push_back({slot.begin, from, slot.host, slot.read_only});
    slots.push_back({from, to, static_cast<std::byte*>(address) + (from - begin), slot.read_only});
    if (slot.end > to) slots.push_back({to, slot.end, slot.At(to), slot.read_only});
    moved = to;
  }
  if (moved != end) return Error{ErrorCode::kNotFound};
  slots = Joined(slots);
  if (slots.size() > kMaxSlots) return Error{ErrorCode::kNoSpace, 0, uint32_t{kMaxSlots}};
  state_->Publish(std::move(slots));
  return {};
}

bool GuestMemory::Read(Gpa from, std::span<std::byte> out) const {
  return state_->Observed(
      from, out.size(), [&] { return state_->Read(from.value, out); },
      [&](AccessObserver& observer) { observer.WasRead(from, out); });
}

bool GuestMemory::Write(Gpa to, std::span<const std::byte> data) {
  return state_->Observed(
      to, data.size(), [&] { return state_->Write(to.value, data); },
      [&](AccessObserver& observer) { observer.WasWritten(to, data); });
}

bool GuestMemory::WriteInPage(Gpa page, std::span<const PagePiece> pieces) {
  if (state_->observer == nullptr) [[likely]]
    return state_->WriteInPage(page, pieces);
  return std::all_of(pieces.begin(), pieces.end(), [&](const PagePiece& piece) {
    return Write(page + piece.offset_bytes, piece.data);
  });
}

bool GuestMemory::Load32(Gpa from, uint32_t* out) const {
  return state_->Load(from, out, GuestLoad32);
}

bool GuestMemory::Load64(Gpa from, uint64_t* out) const {
  return state_->Load(from, out, GuestLoad64);
}

bool GuestMemory::Store32(Gpa to, uint32_t value) {
  return state_->Store(to, value, GuestStore32);
}

bool GuestMemory::Store64(Gpa to, uint64_t value) {
  return state_->Store(to, value, GuestStore64);
}

bool GuestMemory::CompareExchange32(Gpa at, uint32_t* expected, uint32_t desired) {
  return state_->CompareExchange(at, expected, desired, GuestCompareExchange32);
}

bool GuestMemory::CompareExchange64(Gpa at, uint64_t* expected, uint64_t desired) {
  return state_->CompareExchange(at, expected, desired, GuestCompareExchange64);
}

bool GuestMemory::Contains(Gfn frame) const {
  const Reading reading(*state_);
  if (frame.value > (~uint64_t{0} >> kPageShift)) return false;
  const uint64_t address = frame.value << kPageShift;
  if (Find(reading.slots(), address) != nullptr) return true;
  std::byte probe{};
  return state_->outside != nullptr && state_->outside->Read(Gpa(address), std::span(&probe, 1));
}

std::vector<Range> GuestMemory::Frames() const {
  if (state_->outside != nullptr) return {Range{0, kMaxFrames}};
  const Reading reading(*state_);
  std::vector<Range> frames;
  for (const Slot& slot : reading.slots()) {
    const Range range{slot.begin >> kPageShift, slot.end >> kPageShift};
    if (!frames.empty() && frames.back().end == range.begin) {
      frames.back().end = range.end;
    } else {
      frames.push_back(range);
    }
  }
  return frames;
}

uint64_t GuestMemory::generation() const {
  return state_->generation.load();
}

}  // namespace gvt::hostif
