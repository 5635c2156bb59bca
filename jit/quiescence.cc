#include "jit/quiescence.h"

#include <linux/membarrier.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace gvt::jit {
namespace {

// atomic: bit n is set while a thread has number n
std::atomic<uint64_t> numbers_taken{0};

uint32_t TakeNumber() {
  uint64_t taken = numbers_taken.load(std::memory_order_relaxed);
  while (~taken != 0) {
    const auto free = static_cast<uint32_t>(__builtin_ctzll(~taken));
    // Acquire: what the number's former thread did is over.
    if (numbers_taken.compare_exchange_weak(taken, taken | uint64_t{1} << free,
                                            std::memory_order_acquire)) {
      return free;
    }
  }
  return kNoReader;
}

class Number {
 public:
  Number() : value_(TakeNumber()) {}
  ~Number() {
    if (value_ == kNoReader) return;
    numbers_taken.fetch_and(~(uint64_t{1} << value_), std::memory_order_release);
  }
  Number(const Number&) = delete;
  Number& operator=(const Number&) = delete;
  uint32_t value() const { return value_; }

 private:
  const uint32_t value_;
};

bool Membarrier(int command) {
  return syscall(SYS_membarrier, command, 0, 0) == 0;
}

}  // namespace

uint32_t ReaderNumber() {
  thread_local const Number kNumber;
  return kNumber.value();
}

bool QuiescenceIsAvailable() {
  static const bool kAvailable = Membarrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED) &&
                                 Membarrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE);
  return kAvailable;
}

void SynchronizeFetches() {
  Membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE);
}

void Quiescence::Await() const {
  Membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED);
  for (const Seat& seat : seats_) {
    while (seat.occupied.load(std::memory_order_acquire)) sched_yield();
  }
}

}  // namespace gvt::jit
