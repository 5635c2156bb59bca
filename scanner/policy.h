// What a scan is measured against: the vGPU's own windows of the GGTT and how hard each rule bites.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "base/range.h"
#include "hw/platform.h"
#include "hw/register_policy.h"
#include "scanner/rule.h"

namespace gvt::scanner {

struct Policy {
  // Byte ranges of GGTT addresses that belong to the vGPU: CPU-visible and hidden part. An access
  // lies wholly in one of them.
  Range aperture{0, uint64_t{256} << 20};
  Range hidden{uint64_t{256} << 20, uint64_t{4} << 30};

  // What each rule does. Raise() keeps every entry at or above MildestAction().
  std::array<Action, kRuleCount> actions = MildestActions();

  // FORCE_TO_NONPRIV of every engine, index = hw::Engine, as the guest wrote them; nullopt: what
  // stock i915 writes.
  std::optional<std::array<hw::NonPrivilegeSlots, hw::kEngineCount>> nonprivilege_slots;

  // Report what would be refused, change nothing, go on wherever the next command can be guessed.
  bool audit_only = false;

  // Sets a rule's action; false, and nothing changes, if that would be milder than is safe.
  bool Raise(Rule rule, Action action) {
    if (action < MildestAction(rule)) return false;
    actions[static_cast<size_t>(rule)] = action;
    return true;
  }
  Action ActionFor(Rule rule) const { return actions[static_cast<size_t>(rule)]; }
  bool OwnsGgtt(uint64_t address, uint64_t size_bytes) const {
    return aperture.Contains(address, size_bytes) || hidden.Contains(address, size_bytes);
  }

  static std::array<Action, kRuleCount> MildestActions() {
    std::array<Action, kRuleCount> actions{};
    for (size_t i = 0; i < kRuleCount; ++i) actions[i] = MildestAction(static_cast<Rule>(i));
    return actions;
  }
};

}  // namespace gvt::scanner
