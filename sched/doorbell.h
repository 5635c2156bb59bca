// Where one thread sleeps, and others wake it.
//
// A condition variable does that, too, but its sleeper wakes up with the mutex, and with a mutex
// that the next unlock has to make a system call for: that is on the way of every dispatch.
//
// No ring is lost: whoever rings says so before it looks whether the thread sleeps, in one
// operation; so does the thread, the other way round. A ring that finds the thread awake costs an
// exchange and makes no system call.
//
// Progress: Ring and Answer are wait-free.
#pragma once

#include <semaphore.h>

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <ctime>
#include <optional>

namespace gvt::sched {

class Doorbell {
 public:
  Doorbell() { sem_init(&wakes_, 0, 0); }
  ~Doorbell() { sem_destroy(&wakes_); }
  Doorbell(const Doorbell&) = delete;
  Doorbell& operator=(const Doorbell&) = delete;

  // The thread's next Sleep() returns, or the one that it is in. Thread rule: any thread. What the
  // caller did before is seen behind that Answer() or Sleep().
  void Ring() {
    if (state_.exchange(State::kRung, std::memory_order_seq_cst) == State::kAsleep) {
      sem_post(&wakes_);
    }
  }
  // What rang so far needs no answer any more: its reason is looked at next.
  void Answer() { state_.exchange(State::kQuiet, std::memory_order_seq_cst); }
  // Until it rings, at the latest until steady time is `until_ns`; not at all if it rang since
  // Answer(). May return early.
  void Sleep(std::optional<uint64_t> until_ns) {
    State expected = State::kQuiet;
    if (!state_.compare_exchange_strong(expected, State::kAsleep)) return;
    if (Wait(until_ns)) return;
    // Too late, or a signal. Who rang meanwhile has a wake-up on its way.
    if (state_.exchange(State::kQuiet) == State::kRung) {
      while (sem_wait(&wakes_) != 0 && errno == EINTR) {
      }
    }
  }

 private:
  enum class State : uint8_t { kQuiet, kRung, kAsleep };

  // True: woken.
  bool Wait(std::optional<uint64_t> until_ns) {
    constexpr uint64_t kSecond = 1'000'000'000;
    if (!until_ns) return sem_wait(&wakes_) == 0;
    const timespec until{static_cast<time_t>(*until_ns / kSecond),
                         static_cast<long>(*until_ns % kSecond)};
    return sem_clockwait(&wakes_, CLOCK_MONOTONIC, &until) == 0;
  }

  // atomic: see above
  std::atomic<State> state_{State::kQuiet};
  sem_t wakes_;  // one for each ring that found the thread asleep
};

}  // namespace gvt::sched
