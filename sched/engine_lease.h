// Who may use an engine now, where several processes share it (architecture decision D7).
//
// Execlists of one process share an engine through its run queue; this is the seam for sharing it
// with other processes. Where there is one process there is no lease.
#pragma once

#include <cstdint>
#include <optional>

#include "hw/platform.h"

namespace gvt::sched {

// What the execlists of this process that want the engine are promised together.
struct LeaseRequest {
  uint32_t weight = 1;      // > 0
  uint64_t latency_ns = 0;  // the shortest of their targets; 0: none has one
};

class EngineLease {
 public:
  virtual ~EngineLease() = default;
  // Waits for its turn for `wait_ns` at most. How long the slice may be; nullopt: not its turn yet.
  // Thread rule: one thread an engine.
  virtual std::optional<uint64_t> Acquire(hw::Engine engine, const LeaseRequest& request,
                                          uint64_t wait_ns) = 0;
  // Behind a slice that took `used_ns`; 0: there was none after all. `wants_more`: Acquire() comes
  // at once; then its turn is not given away meanwhile. On the same thread.
  virtual void Release(hw::Engine engine, uint64_t used_ns, bool wants_more) = 0;
};

}  // namespace gvt::sched
