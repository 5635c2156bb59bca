// The state machine of an execlist unit.
//
// | what happens                           | status of the entry            | id          |
// |----------------------------------------|--------------------------------|-------------|
// | idle, a submission is there            | idle-to-active (0x1)           | 0           |
// | its element 0 is the running context   | lite restore, preempted 0x8002 | the context |
// | element 0 done, element 1 takes over   | complete, element switch 0x14  | element 0   |
// | last element done                      | complete, active-to-idle 0x18  | the context |
// | ... and a submission waits             | 0x18, then 0x1, one interrupt  | as above    |
//
// A submission whose element 0 is not what runs waits until the running pair is done: guests of a
// vGPU do not preempt. A lite restore takes effect between two commands: the ring tail is sampled
// again, translations are forgotten (a consistency point of decision D4), and the new pair stands
// for the old one.
//
// Invariants:
// 1. A context is saved before the entry that says it is done.
// 2. Entry, then pointer, then interrupt.
// 3. lock_ guards the ports and is held for a few instructions: a vCPU never waits for execution.
//    run_ is held while the backend is used. Order: run_, then lock_.
// 4. After a command error nothing runs until Reset(). A context that stalls is made one.
//
// Source: linux v6.1 gvt/execlist.c (which events, when); gt/intel_execlists_submission.c
// process_csb (what a driver makes of them: bits 0 and 1 promote what it wrote last, any other
// event retires what ran).
#include "sched/virtual_execlist.h"

#include <array>
#include <mutex>

#include "base/check.h"
#include "base/mutant.h"
#include "sched/context_status_buffer.h"
#include "sched/execlist_ports.h"

namespace gvt::sched {
namespace {

constexpr uint32_t kRingHead = 0x34;       // RING_HEAD
constexpr uint32_t kErrorIdentity = 0xb0;  // RING_EIR
constexpr uint32_t kErrorStatus = 0xb8;    // RING_ESR
constexpr uint32_t kInstructionError = 1u << 0;

}  // namespace

class VirtualExeclist::State {
 public:
  explicit State(const EnginePorts& engine_ports)
      : ports(engine_ports),
        status_buffer_(ports.engine, *ports.memory, *ports.registers),
        run_(ports.threads),
        stall_watch_(ports.stall_limit_ns),
        lock_(ports.threads) {}

  bool WriteElsp(uint32_t value);
  uint64_t Status() const;
  bool IsIdle() const;
  void Reset();
  ExeclistSnapshot Save();
  void Restore(const ExeclistSnapshot& snapshot);
  bool HasWork() const;
  bool HasNews() const;
  bool RunSlice(uint64_t slice_ns);
  void Used(uint64_t used_ns);

  const EnginePorts ports;
  ExeclistCounters counters;

 private:
  bool TakeSubmission();
  bool LoadRunning();
  bool FinishRunning();
  void Signal() { ports.interrupts->Raise(gpu::EngineInterrupt::kContextSwitch); }
  gpu::RunEnd RunBackend(uint64_t slice_ns);
  void RaiseCommandError();

  // Of Mutant::kFaultStopsEngine, by engine: whose command error stopped it.
  static inline std::array<std::atomic<const State*>, hw::kEngineCount> stopped_by{};

  ContextStatusBuffer status_buffer_;

  // atomic: set by vCPU threads to have the backend return early, cleared by the engine's thread
  std::atomic<bool> yield_{false};
  // atomic: how many threads wait for run_ to reset; the engine's thread keeps out of their way
  std::atomic<uint32_t> resetters_{0};
  // atomic: written under run_, read by anyone
  std::atomic<bool> faulted_{false};
  // atomic: written under run_, read by the engine's thread: the slice ended before the work did
  std::atomic<bool> goes_on_{false};

  mutable OptionalMutex run_;  // guards the backend and what follows
  StallWatch stall_watch_;
  bool loaded_ = false;

  // Under lock_, behind every change of elsp_.
  void PublishOccupied() { occupied_.store(!elsp_.is_idle(), std::memory_order_release); }

  // Guards elsp_. What runs changes under run_ and lock_: to look at it one of them will do.
  mutable OptionalMutex lock_;
  ExeclistPorts elsp_;
  // atomic: whether a port holds something, published under lock_ with release, read by the
  // scheduler with acquire: it asks for every vGPU before every slice
  std::atomic<bool> occupied_{false};
};

bool VirtualExeclist::State::WriteElsp(uint32_t value) {
  const std::lock_guard lock(lock_);
  if (!elsp_.WriteElsp(value)) return false;
  PublishOccupied();
  counters.submissions.fetch_add(1, std::memory_order_relaxed);
  yield_.store(true, std::memory_order_relaxed);
  return true;
}

uint64_t VirtualExeclist::State::Status() const {
  const std::lock_guard lock(lock_);
  return elsp_.Status();
}

bool VirtualExeclist::State::IsIdle() const {
  const std::lock_guard lock(lock_);
  return elsp_.is_idle();
}

bool VirtualExeclist::State::HasWork() const {
  if (Planted(Mutant::kFaultStopsEngine)) {
    const State* by = stopped_by[static_cast<size_t>(ports.engine)];
    if (by != nullptr && by != this) return false;
  }
  return occupied_.load(std::memory_order_acquire) && !faulted_.load(std::memory_order_relaxed);
}

bool VirtualExeclist::State::HasNews() const {
  const std::lock_guard lock(lock_);
  return elsp_.CanPromote();
}

void VirtualExeclist::State::Reset() {
  resetters_.fetch_add(1);
  yield_.store(true);
  {
    const std::lock_guard run(run_);
    ports.backend->Reset();
    loaded_ = false;
    faulted_.store(false);
    goes_on_.store(false);
    const std::lock_guard lock(lock_);
    elsp_.Clear();
    PublishOccupied();
    yield_.store(false);
  }
  resetters_.fetch_sub(1);
}

ExeclistSnapshot VirtualExeclist::State::Save() {
  const std::lock_guard run(run_);
  const bool faulted = faulted_.load();
  if (loaded_ && !faulted) {
    ports.backend->Save();
    loaded_ = false;
  }
  const std::lock_guard lock(lock_);
  ExeclistSnapshot snapshot = elsp_.snapshot();
  snapshot.faulted = faulted;
  return snapshot;
}

void VirtualExeclist::State::Restore(const ExeclistSnapshot& snapshot) {
  GVT_CHECK(snapshot.IsSound(), "whoever reads a snapshot from outside has checked it");
  Reset();
  const std::lock_guard run(run_);
  faulted_.store(snapshot.faulted);
  const std::lock_guard lock(lock_);
  elsp_ = ExeclistPorts(snapshot);
  PublishOccupied();
}

// Brings a waiting submission into the running port, if it may go there now. True: something runs.
bool VirtualExeclist::State::TakeSubmission() {
  uint32_t status = 0;
  uint32_t id = 0;
  {
    const std::lock_guard lock(lock_);
    yield_.store(false, std::memory_order_relaxed);
    if (!elsp_.CanPromote()) return elsp_.running().has_value();
    status = kIdleToActive;
    if (elsp_.running()) {
      status = kLiteRestore | kPreempted;
      id = elsp_.running()->running().context_id();
    }
    elsp_.Promote();
  }
  if (loaded_) {
    ports.memory->InvalidateTlb();
    ports.backend->ResampleTail();
  }
  status_buffer_.Add(status, id);
  Signal();
  return true;
}

// False: the image is not there, which is a command error of the guest's making.
bool VirtualExeclist::State::LoadRunning() {
  if (loaded_) return true;
  const uint64_t descriptor = elsp_.running()->running().raw();
  loaded_ = ports.backend->Load(descriptor);
  stall_watch_.Restart();
  if (loaded_) return true;
  const auto engine = static_cast<uint32_t>(ports.engine);
  Log(ports.log, {EventKind::kContextMissing, engine, descriptor}, LogLevel::kWarning,
      "%s: the context image of descriptor 0x%016llx is not mapped",
      hw::EngineName(ports.engine).data(), static_cast<unsigned long long>(descriptor));
  RaiseCommandError();
  return false;
}

void VirtualExeclist::State::RaiseCommandError() {
  const uint32_t base = hw::EngineMmioBase(ports.engine);
  ports.registers->Write(base + kErrorStatus, kInstructionError);
  ports.registers->Write(base + kErrorIdentity, kInstructionError);
  ports.interrupts->Raise(gpu::EngineInterrupt::kCommandError);
}

// The running context has nothing left to do. Its entry is written before the ports say so: who
// reads an idle EXECLIST_STATUS finds the entry that tells why. True: there is more to run.
bool VirtualExeclist::State::FinishRunning() {
  if (yield_.load(std::memory_order_relaxed)) {  // something was submitted in the meantime
    const std::lock_guard lock(lock_);
    if (elsp_.PendingContinuesRunning()) return true;  // a lite restore that came just in time
  }
  const bool has_next = elsp_.running()->has_next();
  const uint32_t id = elsp_.running()->running().context_id();
  ports.backend->Save();
  loaded_ = false;
  status_buffer_.Add(kContextComplete | (has_next ? kElementSwitch : kActiveToIdle), id);
  bool starts_pending = false;
  bool more = false;
  {
    const std::lock_guard lock(lock_);
    if (!elsp_.Advance()) {
      starts_pending = elsp_.has_pending();
      if (starts_pending) elsp_.Promote();
    }
    more = !elsp_.is_idle();
    PublishOccupied();
  }
  if (starts_pending) status_buffer_.Add(kIdleToActive, 0);
  Signal();
  return more;
}

gpu::RunEnd VirtualExeclist::State::RunBackend(uint64_t slice_ns) {
  gpu::RunBudget budget;
  budget.slice_ns = slice_ns;
  budget.yield = &yield_;
  // A reset that came before yield_ was cleared was counted before; one that comes now sets it.
  if (resetters_.load() != 0) return gpu::RunEnd::kSlice;
  const gpu::RunEnd end = ports.backend->Run(budget);
  // Who does nothing holds no translation: what the vGPU gives up is not kept for it.
  ports.memory->InvalidateTlb();
  goes_on_.store(end == gpu::RunEnd::kSlice || end == gpu::RunEnd::kWaiting,
                 std::memory_order_relaxed);
  return end;
}

void VirtualExeclist::State::Used(uint64_t used_ns) {
  // No other thread writes it.
  counters.busy_ns.store(counters.busy_ns.load(std::memory_order_relaxed) + used_ns,
                         std::memory_order_relaxed);
  if (!goes_on_.load(std::memory_order_relaxed)) return;
  const std::lock_guard run(run_);
  if (!goes_on_.exchange(false)) return;  // it was reset since
  const uint32_t head = ports.registers->Read(hw::EngineMmioBase(ports.engine) + kRingHead);
  if (!stall_watch_.Ran(head, used_ns)) return;
  counters.stalls.fetch_add(1, std::memory_order_relaxed);
  const auto engine = static_cast<uint32_t>(ports.engine);
  Log(ports.log, {EventKind::kStalled, engine, used_ns}, LogLevel::kWarning,
      "%s: stopped: no progress in %llu s of engine time", hw::EngineName(ports.engine).data(),
      static_cast<unsigned long long>(ports.stall_limit_ns / 1'000'000'000));
  RaiseCommandError();
  faulted_.store(true);
}

bool VirtualExeclist::State::RunSlice(uint64_t slice_ns) {
  if (resetters_.load() != 0) return false;
  const std::lock_guard run(run_);
  if (faulted_.load(std::memory_order_relaxed) || !TakeSubmission()) return false;
  if (!LoadRunning()) {
    faulted_.store(true);
    return false;
  }
  switch (RunBackend(slice_ns)) {
    case gpu::RunEnd::kSlice: return true;
    case gpu::RunEnd::kWaiting: return false;
    case gpu::RunEnd::kFault:
      faulted_.store(true);
      if (Planted(Mutant::kFaultStopsEngine)) stopped_by[static_cast<size_t>(ports.engine)] = this;
      return false;
    case gpu::RunEnd::kDrained: break;
  }
  return FinishRunning();
}

VirtualExeclist::VirtualExeclist(const EnginePorts& ports)
    : state_(std::make_unique<State>(ports)) {}

VirtualExeclist::~VirtualExeclist() = default;

hw::Engine VirtualExeclist::engine() const {
  return state_->ports.engine;
}
bool VirtualExeclist::WriteElsp(uint32_t value) {
  return state_->WriteElsp(value);
}
uint64_t VirtualExeclist::Status() const {
  return state_->Status();
}
bool VirtualExeclist::IsIdle() const {
  return state_->IsIdle();
}
const ExeclistCounters& VirtualExeclist::counters() const {
  return state_->counters;
}
void VirtualExeclist::Reset() {
  state_->Reset();
}
ExeclistSnapshot VirtualExeclist::Save() {
  return state_->Save();
}
void VirtualExeclist::Restore(const ExeclistSnapshot& snapshot) {
  state_->Restore(snapshot);
}
bool VirtualExeclist::HasWork() const {
  return state_->HasWork();
}
bool VirtualExeclist::HasNews() const {
  return state_->HasNews();
}
bool VirtualExeclist::RunSlice(uint64_t slice_ns) {
  SliceGate* gate = state_->ports.gate;
  if (gate == nullptr) return state_->RunSlice(slice_ns);
  const bool more = state_->RunSlice(gate->BeginSlice(engine(), slice_ns));
  gate->EndSlice(engine(), more);
  return more;
}

void VirtualExeclist::Used(uint64_t used_ns) {
  state_->Used(used_ns);
}

}  // namespace gvt::sched
