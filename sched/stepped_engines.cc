#include "sched/stepped_engines.h"

namespace gvt::sched {

void SteppedEngines::Attach(VirtualExeclist* execlist, const Share& share) {
  QueueOf(execlist->engine()).Add(execlist, share);
}

void SteppedEngines::Detach(VirtualExeclist* execlist) {
  QueueOf(execlist->engine()).Remove(execlist);
}

bool SteppedEngines::Step(hw::Engine engine) {
  RunQueue& queue = QueueOf(engine);
  const uint64_t begin_ns = clock_.NowNs();
  const auto turn = queue.Next(begin_ns);
  if (!turn) return false;
  const bool more = turn->execlist->RunSlice(turn->slice_ns);
  const uint64_t end_ns = clock_.NowNs();
  turn->execlist->Used(end_ns - begin_ns);
  queue.Ran(turn->execlist, end_ns, end_ns - begin_ns, more);
  return true;
}

}  // namespace gvt::sched
