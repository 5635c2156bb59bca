// Who may use an engine now (architecture decision D7).
//
// Threads of one process share an engine through its dispatcher; this is the seam for sharing it
// between processes. Where there is one process, the lease is always held.
#pragma once

#include <cstdint>

#include "hw/platform.h"

namespace gvt::sched {

class EngineLease {
 public:
  virtual ~EngineLease() = default;
  // Called by the engine's thread before a slice; waits for its turn. False: the lease is gone for
  // good, nothing may run.
  virtual bool Acquire(hw::Engine engine) = 0;
  // After the slice, which took `used_ns`.
  virtual void Release(hw::Engine engine, uint64_t used_ns) = 0;
};

// One process has all engines.
class WholeLease final : public EngineLease {
 public:
  bool Acquire(hw::Engine /*engine*/) override { return true; }
  void Release(hw::Engine /*engine*/, uint64_t /*used_ns*/) override {}
};

}  // namespace gvt::sched
