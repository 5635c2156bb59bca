// What executes the work of one engine of one vGPU: software streamers, or one day hardware.
//
// A backend holds at most one context at a time. The scheduler loads it, runs it in slices, and
// saves it; nothing runs between calls.
#pragma once

#include <atomic>
#include <cstdint>

#include "base/address.h"
#include "hw/platform.h"

namespace gvt::gpu {

enum class RunEnd : uint8_t {
  kDrained,  // ring head reached the tail
  kSlice,    // the budget is used up, or yield was asked for; more can be run
  kWaiting,  // for memory (a semaphore, or a loop without an effect) or for an event; poll again
             // after others had their turn
  kFault,  // command error; EIR is set, the error interrupt raised; only Reset() goes on from here
};

struct RunBudget {
  uint64_t slice_ns = 2'000'000;  // wall time that this call may take, about
  const std::atomic<bool>* yield =
      nullptr;  // another thread sets it to have the call return early (kSlice)
};

struct BackendCapabilities {
  bool preempts_anywhere = false;  // kSlice may happen between any two commands
  bool audits_at_entry = false;    // decision D1 holds; else batches run from read-only copies
  bool ggtt_per_vgpu = false;      // decision D8
};

class EngineBackend {
 public:
  virtual ~EngineBackend() = default;
  virtual BackendCapabilities capabilities() const = 0;

  // Makes the context whose image is at GGTT address lrca (page 0: PPHWSP, page 1: register state)
  // the current one: restores what the image holds, unless its CTX_CONTROL inhibits that. False:
  // the image is not mapped.
  virtual bool Load(uint64_t descriptor) = 0;
  // Reads the ring tail from the image again (lite restore).
  virtual void ResampleTail() = 0;
  virtual RunEnd Run(const RunBudget& budget) = 0;
  // Writes the context back to its image and drops it.
  virtual void Save() = 0;
  // Drops everything without writing anything back; registers read as after reset.
  virtual void Reset() = 0;
};

}  // namespace gvt::gpu
