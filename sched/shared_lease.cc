// A place is taken by a lock on one byte of the file, which the kernel gives back when the process
// ends, however it ends.
//
// Invariants:
// 1. holder changes by compare-and-exchange alone: who took an engine is who succeeded.
// 2. No call is lost: a waiter says that it waits before it looks at holder; who releases changes
//    holder before it looks who waits. Both are sequentially consistent. A waiter looks again after
//    kGraceNs all the same, for the one that was called may be gone.
// 3. Only the owner of a place charges it.
//
// Cost: free and alone: a look at 64 places. Progress: each step is bounded; waiting is as the
// header says.
// Source: fcntl_locking(2), open file description locks; futex(2).
#include "sched/shared_lease.h"

#include <fcntl.h>
#include <linux/futex.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <ctime>
#include <new>

#include "sched/run_queue.h"

namespace gvt::sched {
namespace {

constexpr unsigned kPlaceBits = 8;
constexpr uint64_t kPlaceMask = (1u << kPlaceBits) - 1;
constexpr uint64_t kActiveUs = 1'000'000;  // a target counts as long after its owner was here

// Of a clock that all processes share.
uint64_t NowUs() {
  timespec now = {};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1'000'000 + static_cast<uint64_t>(now.tv_nsec) / 1000;
}

constexpr uint64_t HolderWord(uint64_t now_us, uint32_t place_plus_one) {
  return now_us << kPlaceBits | place_plus_one;
}
constexpr uint64_t SinceUs(uint64_t word) {
  return word >> kPlaceBits;
}

bool LockByte(int file, off_t at, bool waits) {
  struct flock lock = {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  lock.l_start = at;
  lock.l_len = 1;
  int result = 0;
  do {
    result = fcntl(file, waits ? F_OFD_SETLKW : F_OFD_SETLK, &lock);
  } while (result != 0 && errno == EINTR);
  return result == 0;
}

void UnlockByte(int file, off_t at) {
  struct flock lock = {};
  lock.l_type = F_UNLCK;
  lock.l_whence = SEEK_SET;
  lock.l_start = at;
  lock.l_len = 1;
  fcntl(file, F_OFD_SETLK, &lock);
}

void Wait(std::atomic<uint32_t>& word, uint32_t seen, uint64_t limit_ns) {
  timespec limit = {};
  limit.tv_sec = static_cast<time_t>(limit_ns / 1'000'000'000);
  limit.tv_nsec = static_cast<long>(limit_ns % 1'000'000'000);
  syscall(SYS_futex, &word, FUTEX_WAIT, seen, &limit, nullptr, 0);
}

void Call(std::atomic<uint32_t>& word) {
  word.fetch_add(1);
  syscall(SYS_futex, &word, FUTEX_WAKE, INT_MAX, nullptr, nullptr, 0);
}

// The file as a table; nullptr: *error says why. Under the lock of its first byte.
LeaseTable* MapTable(int file, ErrorCode* error) {
  struct stat status = {};
  *error = ErrorCode::kIo;
  if (fstat(file, &status) != 0) return nullptr;
  const bool is_new = status.st_size == 0;
  if (is_new && ftruncate(file, sizeof(LeaseTable)) != 0) return nullptr;
  *error = ErrorCode::kInvalidArgument;
  if (!is_new && status.st_size != sizeof(LeaseTable)) return nullptr;
  void* at = mmap(nullptr, sizeof(LeaseTable), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  if (at == MAP_FAILED) {
    *error = ErrorCode::kIo;
    return nullptr;
  }
  if (is_new) (new (at) LeaseTable)->magic.store(LeaseTable::kMagic);
  auto* table = std::launder(static_cast<LeaseTable*>(at));
  if (table->magic.load() == LeaseTable::kMagic) return table;
  munmap(at, sizeof(LeaseTable));
  return nullptr;
}

// Place 0 is byte 1 of the file; byte 0 is for making it.
std::optional<uint32_t> TakePlace(int file) {
  for (uint32_t place = 0; place < kLeasePlaces; ++place) {
    if (LockByte(file, 1 + static_cast<off_t>(place), false)) return place;
  }
  return std::nullopt;
}

}  // namespace

Result<std::unique_ptr<SharedLease>> SharedLease::Join(const std::string& path) {
  const int file = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (file < 0) return Error{ErrorCode::kNotFound};
  ErrorCode error = ErrorCode::kIo;
  LeaseTable* table = nullptr;
  if (LockByte(file, 0, true)) {
    table = MapTable(file, &error);
    UnlockByte(file, 0);
  }
  if (table != nullptr) {
    if (const auto place = TakePlace(file)) {
      return std::unique_ptr<SharedLease>(new SharedLease(file, table, *place));
    }
    error = ErrorCode::kNoSpace;
    munmap(table, sizeof(LeaseTable));
  }
  close(file);
  return Error{error};
}

// What a former owner of the place left behind is forgotten.
SharedLease::SharedLease(int file, LeaseTable* table, uint32_t place)
    : file_(file), table_(table), place_(place) {
  for (LeaseEngine& engine : table_->engines) {
    uint64_t word = engine.holder.load();
    if ((word & kPlaceMask) == place_ + 1) {
      engine.holder.compare_exchange_strong(word, HolderWord(NowUs(), 0));
    }
    engine.places[place_].waits.store(0);
    engine.places[place_].latency_us.store(0);
  }
}

SharedLease::~SharedLease() {
  for (LeaseEngine& engine : table_->engines) {
    engine.places[place_].latency_us.store(0);
    engine.places[place_].waits.store(0);
  }
  munmap(table_, sizeof(LeaseTable));
  close(file_);
}

// Who waits and had less than `time`, or as much and the lower place; the one with least.
std::optional<uint32_t> SharedLease::FirstBefore(const LeaseEngine& engine, uint64_t time) const {
  std::optional<uint32_t> first;
  uint64_t least = time;
  for (uint32_t i = 0; i < kLeasePlaces; ++i) {
    if (i == place_ || engine.places[i].waits.load() == 0) continue;
    const uint64_t its = engine.places[i].fair_time.load();
    if (its > least || (its == least && (first || i > place_))) continue;
    least = its;
    first = i;
  }
  return first;
}

bool SharedLease::TryTake(LeaseEngine& engine, Mine& mine, uint64_t now_us) const {
  uint64_t word = engine.holder.load();
  const bool is_free = (word & kPlaceMask) == 0;
  const uint64_t age_us = now_us - std::min(now_us, SinceUs(word));
  if (!is_free && age_us < kHoldLimitNs / 1000) return false;
  if (is_free) {
    for (uint32_t passed = 0; passed < kLeasePlaces; ++passed) {
      const auto other = FirstBefore(engine, mine.time.at());
      if (!other) break;
      if (age_us < kGraceNs / 1000) return false;
      engine.places[*other].waits.store(0);
    }
  }
  const uint64_t taken = HolderWord(now_us, place_ + 1);
  if (!engine.holder.compare_exchange_strong(word, taken)) return false;
  mine.held = taken;
  return true;
}

uint64_t SharedLease::SliceLimit(const LeaseEngine& engine, uint64_t now_us) const {
  uint64_t limit_ns = kSliceNs;
  for (uint32_t i = 0; i < kLeasePlaces; ++i) {
    if (i == place_) continue;
    const uint64_t latency_us = engine.places[i].latency_us.load();
    if (latency_us == 0) continue;
    if (now_us - std::min(now_us, engine.places[i].active_at_us.load()) > kActiveUs) continue;
    limit_ns = std::min(limit_ns, latency_us * 1000 / 2);
  }
  return std::max(limit_ns, kShortestSliceNs);
}

std::optional<uint64_t> SharedLease::Acquire(hw::Engine engine_id, const LeaseRequest& request,
                                             uint64_t wait_ns) {
  LeaseEngine& engine = table_->engines[static_cast<size_t>(engine_id)];
  Mine& mine = mine_[static_cast<size_t>(engine_id)];
  LeasePlace& place = engine.places[place_];
  uint64_t now_us = NowUs();
  const uint64_t end_us = now_us + wait_ns / 1000;
  mine.weight = std::max(request.weight, 1u);
  const uint64_t credit = kLongestCreditNs * FairTime::kUnitsPerNs / mine.weight;
  const uint64_t fair_now = engine.fair_now.load();
  mine.time.JoinAt(fair_now - std::min(fair_now, credit));
  place.fair_time.store(mine.time.at());
  place.latency_us.store(
      static_cast<uint32_t>(std::min<uint64_t>((request.latency_ns + 999) / 1000, UINT32_MAX)));
  place.active_at_us.store(now_us);
  for (;;) {
    place.waits.store(1);
    const uint32_t calls = place.calls.load();
    if (TryTake(engine, mine, now_us)) break;
    if (now_us >= end_us) {
      place.waits.store(0);
      return std::nullopt;
    }
    Wait(place.calls, calls, std::min((end_us - now_us) * 1000, kGraceNs));
    now_us = NowUs();
  }
  place.waits.store(0);
  engine.fair_now.store(std::max(engine.fair_now.load(), mine.time.at()));
  return SliceLimit(engine, now_us);
}

// If it is this process's own turn again, nobody is called: it comes, or the others look again.
void SharedLease::CallNext(LeaseEngine& engine) const {
  LeasePlace* next = nullptr;
  for (LeasePlace& place : engine.places) {
    if (place.waits.load() == 0) continue;
    if (next == nullptr || place.fair_time.load() < next->fair_time.load()) next = &place;
  }
  if (next != nullptr && next != &engine.places[place_]) Call(next->calls);
}

// Who wants more waits before the engine is free: the one that is called may be on its processor
// first, on a busy machine, and would take every other turn, whatever the weights.
void SharedLease::Release(hw::Engine engine_id, uint64_t used_ns, bool wants_more) {
  LeaseEngine& engine = table_->engines[static_cast<size_t>(engine_id)];
  Mine& mine = mine_[static_cast<size_t>(engine_id)];
  if (used_ns != 0) mine.time.Charge(used_ns, mine.weight);
  engine.places[place_].fair_time.store(mine.time.at());
  engine.places[place_].waits.store(wants_more ? 1 : 0);
  // It may have been taken from us meanwhile.
  if (engine.holder.compare_exchange_strong(mine.held, HolderWord(NowUs(), 0))) CallNext(engine);
}

}  // namespace gvt::sched
