// Engines without threads: a slice runs when it is asked for, in the thread that asks.
//
// Nothing but the calls decides what runs when, so that with a clock that depends on nothing else
// the same calls do the same again. The policy is that of the threads (run_queue.h).
//
// Thread rule: one thread at a time, for everything, the accesses of guests included.
#pragma once

#include <array>
#include <cstdint>

#include "gpu/engine_clock.h"
#include "hw/platform.h"
#include "sched/engines.h"
#include "sched/run_queue.h"

namespace gvt::sched {

class SteppedEngines final : public Engines {
 public:
  // `clock` outlives the object.
  explicit SteppedEngines(gpu::EngineClock& clock) : clock_(clock) {}

  void Attach(VirtualExeclist* execlist, const Share& share) override;
  void Detach(VirtualExeclist* execlist) override;
  void Wake(hw::Engine /*engine*/) override {}

  // Runs the next slice of the engine. False: nobody can run there now.
  bool Step(hw::Engine engine);

 private:
  RunQueue& QueueOf(hw::Engine engine) { return queues_[static_cast<size_t>(engine)]; }

  gpu::EngineClock& clock_;
  std::array<RunQueue, hw::kEngineCount> queues_;
};

}  // namespace gvt::sched
