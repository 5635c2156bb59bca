// The engines' threads.
//
// A thread picks an execlist, runs one slice of it without a lock, and accounts for it. With
// nothing to do it sleeps, until it is woken or a waiting context is to be looked at again.
//
// Invariants:
// 1. `in_slice` is what the thread is in; Detach() waits until that is not what it takes away.
// 2. No wake-up is lost: the thread answers the bell before it looks at the queue, and sleeps only
//    if it has not rung since.
// 3. The threads take no signals but those that faults raise: handlers of the host process never
//    run on them.
// 4. They ask for short turns: whoever submits is awake, and often on the processor that the thread
//    slept on.
#include "sched/dispatcher.h"

#include <pthread.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <ctime>
#include <mutex>

#include "base/check.h"
#include "sched/doorbell.h"
#include "sched/run_queue.h"
#include "sched/short_turns.h"

namespace gvt::sched {
namespace {

// After so long a thread that waits for its lease looks whether it is wanted elsewhere.
constexpr uint64_t kLeaseWaitNs = 20'000'000;

uint64_t NowNs() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(now).count());
}

// Time that this thread has been on a processor.
uint64_t ProcessorNs() {
  timespec used{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
  return static_cast<uint64_t>(used.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(used.tv_nsec);
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
    }
    bell_.Ring();
    pthread_join(thread_, nullptr);
    started_ = false;
  }
  void Attach(VirtualExeclist* execlist, const Share& share) {
    {
      const std::lock_guard lock(mutex_);
      queue_.Add(execlist, share);
    }
    bell_.Ring();
  }
  void Detach(VirtualExeclist* execlist) {
    std::unique_lock lock(mutex_);
    queue_.Remove(execlist);
    slice_ended_.wait(lock, [&] { return in_slice_ != execlist; });
  }
  void Wake() { bell_.Ring(); }

 private:
  static void* Main(void* self) {
    AskForShortTurns();
    static_cast<EngineThread*>(self)->Loop();
    return nullptr;
  }

  void Loop() {
    std::unique_lock lock(mutex_);
    uint64_t now = NowNs();
    while (!stop_) {
      bell_.Answer();
      const auto next = queue_.Next(now);
      if (next && lease_ == nullptr) {
        now = RunOne(*next, now, lock).end_ns;
        continue;
      }
      if (next) {
        RunLeased(lock);
      } else {
        Sleep(lock);
      }
      now = NowNs();
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
    const uint64_t now = NowNs();
    if (auto turn = queue_.Next(now)) {
      turn->slice_ns = std::min(turn->slice_ns, *longest_ns);
      turn->is_contended = true;  // by other processes, for all that is known
      used_ns = RunOne(*turn, now, lock).used_ns;
    }
    const bool wants_more = queue_.Demand().weight != 0;
    lock.unlock();
    lease_->Release(engine_, used_ns, wants_more);
    lock.lock();
  }

  struct Slice {
    uint64_t end_ns = 0;
    uint64_t used_ns = 0;
  };

  // Engines are software here: what a slice uses is the thread's time on a processor, and on a busy
  // machine the thread may be taken off it in the middle. To ask for that time costs a system call,
  // which who has the engine for himself is spared.
  Slice RunOne(const RunQueue::Turn& turn, uint64_t begin, std::unique_lock<std::mutex>& lock) {
    in_slice_ = turn.execlist;
    lock.unlock();
    const uint64_t begin_processor = turn.is_contended ? ProcessorNs() : 0;
    const bool more = turn.execlist->RunSlice(turn.slice_ns);
    Slice slice;
    if (turn.is_contended) slice.used_ns = ProcessorNs() - begin_processor;
    slice.end_ns = NowNs();
    if (!turn.is_contended) slice.used_ns = slice.end_ns - begin;
    turn.execlist->Used(slice.used_ns);
    lock.lock();
    in_slice_ = nullptr;
    queue_.Ran(turn.execlist, slice.end_ns, slice.used_ns, more);
    slice_ended_.notify_all();
    return slice;
  }

  void Sleep(std::unique_lock<std::mutex>& lock) {
    const std::optional<uint64_t> look = queue_.NextLook();
    lock.unlock();
    bell_.Sleep(look);
    lock.lock();
  }

  hw::Engine engine_ = hw::Engine::kRcs;
  EngineLease* lease_ = nullptr;  // null: all engines are this process's own
  pthread_t thread_{};
  bool started_ = false;

  std::mutex mutex_;  // guards what follows
  std::condition_variable slice_ended_;
  RunQueue queue_;
  VirtualExeclist* in_slice_ = nullptr;
  bool stop_ = false;

  Doorbell bell_;
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
