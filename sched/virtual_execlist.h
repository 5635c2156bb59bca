// The execlist unit of one engine of one vGPU: what the guest submits to, and what tells it what
// became of it.
//
// vCPU threads write ELSP and read status; the engine's thread runs what is in the ports. Nothing
// ever executes in a vCPU thread.
#pragma once

#include <cstdint>
#include <memory>

#include "gpu/engine_backend.h"
#include "gpu/interrupt_port.h"
#include "gpu/memory_port.h"
#include "gpu/register_port.h"
#include "hw/platform.h"

namespace gvt::sched {

// Everything of one engine of one vGPU that the scheduler uses; all outlive the VirtualExeclist.
struct EnginePorts {
  hw::Engine engine = hw::Engine::kRcs;
  gpu::EngineBackend* backend = nullptr;
  gpu::MemoryPort* memory = nullptr;
  gpu::RegisterPort* registers = nullptr;
  gpu::InterruptPort* interrupts = nullptr;
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
  // Engine reset: drops all work, nothing written back; returns when the engine's thread is out of
  // the backend, which was reset.
  void Reset();

  // ---- engine thread ----

  bool HasWork() const;
  // Runs the context in the running port for one slice at most and reports what happens to the
  // guest (CSB, context-switch interrupt). Returns true if there is more to run now; false: idle,
  // waiting for a semaphore, or faulted.
  bool RunSlice(uint64_t slice_ns);

 private:
  class State;
  std::unique_ptr<State> state_;
};

}  // namespace gvt::sched
