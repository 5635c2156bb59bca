// Registers that every non-privileged batch of an engine may touch: the short answer of the
// register policy (hw/register_policy.h), for audits that see thousands of commands that name such.
#pragma once

#include <cstdint>

#include "hw/platform.h"
#include "hw/register_policy.h"

namespace gvt::hw {

// True: JudgeRegister() allows it, without an effect, whatever the value and FORCE_TO_NONPRIV are.
// False says nothing. `path`: one of those that commands of a batch take. Any offset is legal.
// Thread rule: pure. Cost: a lookup.
bool EveryBatchMayAccess(Platform platform, Engine engine, RegisterPath path,
                         uint32_t offset) noexcept;

}  // namespace gvt::hw
