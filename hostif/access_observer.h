// Sees every access to a guest's memory, and may let one fail: a recorder, or a replay.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/address.h"

namespace gvt::hostif {

// Called on the accessing thread; whoever observes sees to it that accesses come one at a time.
class AccessObserver {
 public:
  virtual ~AccessObserver() = default;
  // Before an access. False: it fails as if the page were gone, and nothing is touched.
  virtual bool MayAccess(Gpa at, uint64_t size_bytes) = 0;
  // After it: what was moved. A compare-exchange reads, and writes only if it stored.
  virtual void WasRead(Gpa from, std::span<const std::byte> data) = 0;
  virtual void WasWritten(Gpa to, std::span<const std::byte> data) = 0;
  // Or it met no page.
  virtual void HasFailed(Gpa at) = 0;
};

}  // namespace gvt::hostif
