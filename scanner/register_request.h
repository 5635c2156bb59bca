// A command's access to a register, as the one register policy (hw/register_policy.h) is asked
// about it.
#pragma once

#include <cstddef>
#include <cstdint>

#include "hw/platform.h"
#include "hw/register_policy.h"
#include "scanner/policy.h"
#include "scanner/segment.h"

namespace gvt::scanner {

// `offset`: of the register in the MMIO space; `value` is read only if it is known. The result
// refers to `policy`. Thread rule: pure.
inline hw::RegisterRequest RegisterRequestOf(hw::Platform platform, const Policy& policy,
                                             const Segment& segment, hw::RegisterPath path,
                                             uint32_t offset, bool value_known, uint32_t value) {
  hw::RegisterRequest request;
  request.platform = platform;
  request.engine = segment.engine;
  request.path = path;
  request.privileged = segment.privileged;
  request.offset = offset;
  request.value_known = value_known;
  request.value = value;
  if (policy.nonprivilege_slots) {
    request.slots = &(*policy.nonprivilege_slots)[static_cast<size_t>(segment.engine)];
  }
  return request;
}

}  // namespace gvt::scanner
