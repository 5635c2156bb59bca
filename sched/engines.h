// Who runs the execlists of all vGPUs, engine by engine: threads (dispatcher.h), or whoever steps
// them (stepped_engines.h).
#pragma once

#include "hw/platform.h"
#include "sched/share.h"
#include "sched/virtual_execlist.h"

namespace gvt::sched {

class Engines {
 public:
  virtual ~Engines() = default;

  // From now on `execlist` is run when it has work.
  virtual void Attach(VirtualExeclist* execlist, const Share& share) = 0;
  // Returns when nobody is in it any more.
  virtual void Detach(VirtualExeclist* execlist) = 0;
  // There may be new work for this engine.
  virtual void Wake(hw::Engine engine) = 0;
};

}  // namespace gvt::sched
