// One thread an engine, which runs the virtual execlists of all vGPUs in turn, slice by slice
// (architecture decision D2).
#pragma once

#include <memory>

#include "base/result.h"
#include "hw/platform.h"
#include "sched/engine_lease.h"
#include "sched/share.h"
#include "sched/virtual_execlist.h"

namespace gvt::sched {

class Dispatcher {
 public:
  Dispatcher();
  // `lease` outlives the object.
  explicit Dispatcher(EngineLease& lease);
  // Every execlist must have been detached.
  ~Dispatcher();
  Dispatcher(const Dispatcher&) = delete;
  Dispatcher& operator=(const Dispatcher&) = delete;

  // Starts the threads; once, before anything else. kIo: the system has no thread for us.
  Result<void> Start();

  // From now on the engine's thread runs `execlist` when it has work.
  void Attach(VirtualExeclist* execlist, const Share& share);
  // Returns when no thread is in it any more.
  void Detach(VirtualExeclist* execlist);
  // There may be new work for this engine. Cost: nothing if its thread is awake.
  void Wake(hw::Engine engine);

 private:
  class State;
  std::unique_ptr<State> state_;
};

}  // namespace gvt::sched
