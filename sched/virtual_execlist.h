// The execlist unit of one engine of one vGPU: what the guest submits to, and what tells it what
// became of it.
//
// vCPU threads write ELSP and read status; the engine's thread runs what is in the ports. Nothing
// ever executes in a vCPU thread.
//
// Registers that it maintains are pushed by RegisterPort::Write, without a mask: the six context
// status entries (base + 0x370..0x39f), and the write pointer alone, as the value 0..5, to
// base + 0x3a0, where only bits 2:0 are its own. It reads HWS_PGA (base + 0x80) and that pointer.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include "base/log.h"
#include "base/optional_mutex.h"
#include "gpu/engine_backend.h"
#include "gpu/interrupt_port.h"
#include "gpu/memory_port.h"
#include "gpu/register_port.h"
#include "hw/platform.h"
#include "sched/slice_gate.h"
#include "sched/stall_watch.h"

namespace gvt::sched {

// sched/execlist_ports.h
struct ExeclistSnapshot;

// Everything of one engine of one vGPU that the scheduler uses; all outlive the VirtualExeclist.
struct EnginePorts {
  hw::Engine engine = hw::Engine::kRcs;
  gpu::EngineBackend* backend = nullptr;
  gpu::MemoryPort* memory = nullptr;
  gpu::RegisterPort* registers = nullptr;
  gpu::InterruptPort* interrupts = nullptr;
  SliceGate* gate = nullptr;  // optional
  LogSink* log = nullptr;     // optional
  // A context that uses so much time without getting on is stopped by a command error; 0: none is.
  uint64_t stall_limit_ns = kStallLimitNs;
  Threads threads = Threads::kMany;  // that use the execlist at a time
};

// Since the execlist was made. Relaxed atomics; read by statistics.
struct ExeclistCounters {
  std::atomic<uint64_t> submissions{0};
  std::atomic<uint64_t> busy_ns{0};  // engine time, as Used() was told
  std::atomic<uint64_t> stalls{0};   // contexts stopped for not getting on
};

class VirtualExeclist {
 public:
  explicit VirtualExeclist(const EnginePorts& ports);
  ~VirtualExeclist();
  VirtualExeclist(const VirtualExeclist&) = delete;
  VirtualExeclist& operator=(const VirtualExeclist&) = delete;

  hw::Engine engine() const;

  // ---- vCPU side; any thread, never blocks on execution (but for Reset) ----

  // One 32-bit write to ELSP; every fourth submits (element 1 high, element 1 low, element 0 high,
  // element 0 low). Returns true if it did: the caller then wakes the engine's thread.
  bool WriteElsp(uint32_t value);
  uint64_t Status() const;  // EXECLIST_STATUS, high dword = id of the running context
  bool IsIdle() const;
  const ExeclistCounters& counters() const;
  // Engine reset: drops all work, nothing written back; returns when the engine's thread is out of
  // the backend, which was reset. The caller holds no lock that the ports take.
  void Reset();

  // ---- while no engine knows the execlist (Engines::Detach) ----

  // Puts what runs back into its image, and tells what is in the ports. It goes on from there.
  ExeclistSnapshot Save();
  // Resets, and goes on from there. Requires snapshot.IsSound().
  void Restore(const ExeclistSnapshot& snapshot);

  // ---- engine thread ----

  // Something is in a port, and no command error stands in its way.
  bool HasWork() const;
  // A submission may take over now: worth a look even if what runs waits.
  bool HasNews() const;
  // Runs the context in the running port for one slice at most and reports what happens to the
  // guest (CSB, context-switch interrupt). Returns true if there is more to run now; false: idle,
  // waiting for a semaphore, or faulted.
  bool RunSlice(uint64_t slice_ns);
  // How much engine time that slice took. A context that gets nowhere for the stall limit is
  // stopped.
  void Used(uint64_t used_ns);

 private:
  class State;
  std::unique_ptr<State> state_;
};

}  // namespace gvt::sched
