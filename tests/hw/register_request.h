// Register requests in one line, for the tests of the policy.
#pragma once

#include <cstdint>
#include <optional>
#include <ostream>

#include "hw/register_policy.h"

namespace gvt::hw {

inline constexpr Platform kPlatforms[] = {Platform::kBdw, Platform::kSkl, Platform::kKbl,
                                          Platform::kCfl, Platform::kBxt};
inline constexpr Engine kEngines[] = {Engine::kRcs, Engine::kBcs, Engine::kVcs, Engine::kVcs2,
                                      Engine::kVecs};

// Who asks: a kernel's ring, or a process's batch.
enum class By { kKernel, kUser };

struct Stream {
  Platform platform = Platform::kSkl;
  Engine engine = Engine::kRcs;
  By by = By::kUser;
  const NonPrivilegeSlots* slots = nullptr;

  RegisterVerdict Judge(RegisterPath path, uint32_t offset,
                        std::optional<uint32_t> value = std::nullopt) const {
    RegisterRequest request;
    request.platform = platform;
    request.engine = engine;
    request.path = path;
    request.privileged = by == By::kKernel;
    request.offset = offset;
    request.value_known = value.has_value();
    request.value = value.value_or(0);
    request.slots = slots;
    return JudgeRegister(request);
  }
  RegisterVerdict Lri(uint32_t offset, uint32_t value = 0) const {
    return Judge(RegisterPath::kLri, offset, value);
  }
  RegisterVerdict Lrm(uint32_t offset) const { return Judge(RegisterPath::kLrm, offset); }
  RegisterVerdict Srm(uint32_t offset) const { return Judge(RegisterPath::kSrm, offset); }
};

constexpr RegisterVerdict Refused(RegisterReason reason) {
  return {RegisterOutcome::kRefuse, reason, RegisterEffect::kNone};
}
constexpr RegisterVerdict SteppedOver(RegisterReason reason) {
  return {RegisterOutcome::kNoOp, reason, RegisterEffect::kNone};
}

inline void PrintTo(const RegisterVerdict& verdict, std::ostream* out) {
  *out << "outcome " << static_cast<int>(verdict.outcome) << ", "
       << RegisterReasonName(verdict.reason) << ", effect " << static_cast<int>(verdict.effect);
}

}  // namespace gvt::hw
