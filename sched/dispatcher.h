// One thread an engine, which runs the virtual execlists of all vGPUs in turn, slice by slice
// (architecture decision D2).
#pragma once

#include <memory>

#include "base/result.h"
#include "hw/platform.h"
#include "sched/engine_lease.h"
#include "sched/engines.h"
#include "sched/share.h"
#include "sched/virtual_execlist.h"

namespace gvt::sched {

class Dispatcher final : public Engines {
 public:
  // `lease` outlives the object; nullptr: engines are shared with no other process.
  explicit Dispatcher(EngineLease* lease = nullptr);
  // Every execlist must have been detached.
  ~Dispatcher() override;
  Dispatcher(const Dispatcher&) = delete;
  Dispatcher& operator=(const Dispatcher&) = delete;

  // Starts the threads; once, before anything else. kIo: the system has no thread for us.
  Result<void> Start();

  // Engines. Thread rule: any thread. Cost of Wake: nothing if the engine's thread is awake.
  void Attach(VirtualExeclist* execlist, const Share& share) override;
  void Detach(VirtualExeclist* execlist) override;
  void Wake(hw::Engine engine) override;

 private:
  class State;
  std::unique_ptr<State> state_;
};

}  // namespace gvt::sched
