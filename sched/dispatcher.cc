// The engines' threads.
//
// A thread picks an execlist, runs one slice of it without a lock, and accounts for it. With
// nothing to do it sleeps, until it is woken or a waiting context is to be looked at again.
//
// Invariants:
// 1. `in_slice` is what the thread is in; Detach() waits until that is not what it takes away.
// 2. No wake-up is lost: Wake() sets `kicked` before it looks whether the thread is asleep; the
//    thread says that it is asleep before it looks at `kicked`. Both are sequentially consistent.
// 3. The threads take no signals but those that faults raise: handlers of the host process never
//    run on them.
#include "sched/dispatcher.h"

#include <pthread.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <mutex>

#include "base/check.h"
#include "sched/run_queue.h"

namespace gvt::sched {
namespace {

using Clock = std::chrono::steady_clock;

// After so long a thread that waits for its lease looks whether it is wanted elsewhere.
constexpr uint64_t kLeaseWaitNs = 20'000'000;

uint64_t NowNs() {
  const auto now = Clock::now().time_since_epoch();
  return static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(now).count());
}

Clock::time_point TimeOf(uint64_t ns) {
  return Clock::time_point(std::chrono::nanoseconds(ns));
}

// Blocks all signals but those of faults; new threads inherit that. Gives back the former mask.
sigset_t BlockSignals() {
  sigset_t blocked;
  sigfillset(&blocked);
  for (const int fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS}) {
    sigdelset(&blocked, fault);
  }
  sigset_t former;
  pthread_sigmask(SIG_SETMASK, &blocked, &former);
  return former;
}

class EngineThread {
 public:
  bool Start(hw::Engine engine, EngineLease* lease) {
    engine_ = engine;
    lease_ = lease;
    started_ = pthread_create(&thread_, nullptr, &EngineThread::Main, this) == 0;
    return started_;
  }
  void Stop() {
    if (!started_) return;
    {
      const std::lock_guard lock(mutex_);
      stop_ = true;
      changed_.notify_all();
    }
    pthread_join(thread_, nullptr);
    started_ = false;
  }
  void Attach(VirtualExeclist* execlist, const Share& share) {
    const std::lock_guard lock(mutex_);
    queue_.Add(execlist, share);
    changed_.notify_all();
  }
  void Detach(VirtualExeclist* execlist) {
    std::unique_lock lock(mutex_);
    queue_.Remove(execlist);
    changed_.wait(lock, [&] { return in_slice_ != execlist; });
  }
  void Wake() {
    kicked_.store(true);
    if (!asleep_.load()) return;
    // Not under the lock: the thread, once awake, would wait for us, on a busy machine for long.
    { const std::lock_guard lock(mutex_); }
    changed_.notify_all();
  }

 private:
  static void* Main(void* self) {
    static_cast<EngineThread*>(self)->Loop();
    return nullptr;
  }

  void Loop() {
    std::unique_lock lock(mutex_);
    while (!stop_) {
      kicked_.exchange(false);  // not a store: what came before the kick it takes is seen
      const auto next = queue_.Next(NowNs());
      if (!next) {
        Sleep(lock);
      } else if (lease_ == nullptr) {
        RunOne(*next, lock);
      } else {
        RunLeased(lock);
      }
    }
  }

  // Nobody is in a slice while the thread waits for its turn, so that nobody who detaches or stops
  // waits for other processes; and the choice is made when the turn has come.
  void RunLeased(std::unique_lock<std::mutex>& lock) {
    const LeaseRequest demand = queue_.Demand();
    lock.unlock();
    const std::optional<uint64_t> longest_ns = lease_->Acquire(engine_, demand, kLeaseWaitNs);
    lock.lock();
    if (!longest_ns) return;
    uint64_t used_ns = 0;
    if (auto turn = queue_.Next(NowNs())) {
      turn->slice_ns = std::min(turn->slice_ns, *longest_ns);
      used_ns = RunOne(*turn, lock);
    }
    const bool wants_more = queue_.Demand().weight != 0;
    lock.unlock();
    lease_->Release(engine_, used_ns, wants_more);
    lock.lock();
  }

  // How long it took.
  uint64_t RunOne(const RunQueue::Turn& turn, std::unique_lock<std::mutex>& lock) {
    in_slice_ = turn.execlist;
    lock.unlock();
    const uint64_t begin = NowNs();
    const bool more = turn.execlist->RunSlice(turn.slice_ns);
    const uint64_t end = NowNs();
    lock.lock();
    in_slice_ = nullptr;
    queue_.Ran(turn.execlist, end, end - begin, more);
    changed_.notify_all();
    return end - begin;
  }

  void Sleep(std::unique_lock<std::mutex>& lock) {
    asleep_.store(true);
    if (!kicked_.load()) {
      const std::optional<uint64_t> look = queue_.NextLook();
      if (look) {
        changed_.wait_until(lock, TimeOf(*look));
      } else {
        changed_.wait(lock);
      }
    }
    asleep_.store(false);
  }

  hw::Engine engine_ = hw::Engine::kRcs;
  EngineLease* lease_ = nullptr;  // null: all engines are this process's own
  pthread_t thread_{};
  bool started_ = false;

  std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  RunQueue queue_;
  VirtualExeclist* in_slice_ = nullptr;
  bool stop_ = false;

  // atomic: see invariant 2
  std::atomic<bool> kicked_{false};
  std::atomic<bool> asleep_{false};
};

}  // namespace

class Dispatcher::State {
 public:
  explicit State(EngineLease* lease) : lease_(lease) {}
  ~State() {
    for (EngineThread& thread : threads_) thread.Stop();
  }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  Result<void> Start() {
    const sigset_t former = BlockSignals();
    bool all = true;
    for (unsigned i = 0; i < hw::kEngineCount && all; ++i) {
      all = threads_[i].Start(static_cast<hw::Engine>(i), lease_);
    }
    pthread_sigmask(SIG_SETMASK, &former, nullptr);
    if (!all) return Error{ErrorCode::kIo};
    return {};
  }
  EngineThread& ThreadOf(hw::Engine engine) { return threads_[static_cast<size_t>(engine)]; }

 private:
  EngineLease* const lease_;
  std::array<EngineThread, hw::kEngineCount> threads_;
};

Dispatcher::Dispatcher(EngineLease* lease) : state_(std::make_unique<State>(lease)) {}
Dispatcher::~Dispatcher() = default;

Result<void> Dispatcher::Start() {
  return state_->Start();
}

void Dispatcher::Attach(VirtualExeclist* execlist, const Share& share) {
  GVT_CHECK(share.weight > 0 && share.cap_percent > 0,
            "the composition root replaces 0 by its default");
  state_->ThreadOf(execlist->engine()).Attach(execlist, share);
}

void Dispatcher::Detach(VirtualExeclist* execlist) {
  state_->ThreadOf(execlist->engine()).Detach(execlist);
}

void Dispatcher::Wake(hw::Engine engine) {
  state_->ThreadOf(engine).Wake();
}

}  // namespace gvt::sched
