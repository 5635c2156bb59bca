#include "base/thread_number.h"

#include <atomic>

namespace gvt {
namespace {

static_assert(kMaxNumberedThreads == 64);
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
  return kNoThreadNumber;
}

class Number {
 public:
  Number() : value_(TakeNumber()) {}
  ~Number() {
    if (value_ == kNoThreadNumber) return;
    numbers_taken.fetch_and(~(uint64_t{1} << value_), std::memory_order_release);
  }
  Number(const Number&) = delete;
  Number& operator=(const Number&) = delete;
  uint32_t value() const { return value_; }

 private:
  const uint32_t value_;
};

}  // namespace

uint32_t ThreadNumber() {
  thread_local const Number kNumber;
  return kNumber.value();
}

}  // namespace gvt
