// The rules of the audit and the ladder of what happens to a command that breaks one.
//
// Every refusal names exactly one rule. A rule has a default action, the mildest that is safe, and
// a floor below which a policy may not lower it: where the next command starts is unknown after
// kUnknownCommand, so patching it away is no option.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace gvt::scanner {

enum class Rule : uint8_t {
  kUnknownCommand,      // no row for this header on this engine and generation
  kBadLength,           // stated length is not in the row's set
  kTruncatedCommand,    // the command reaches past the end of its ring part or context image
  kPrivilegedCommand,   // privileged command in a non-privileged batch
  kForbiddenCommand,    // command that no guest may execute
  kBatchCommandInRing,  // command that only has a meaning in batches
  kBadField,            // a field selects something that does not exist
  kGgttFromUser,        // non-privileged batch names a GGTT address
  kGgttRange,           // GGTT address outside the vGPU's own windows
  kIndexRange,          // status-page index outside the context's own page 0
  kIndexFromUser,       // non-privileged batch writes the status page
  kRegisterPrivilege,   // non-privileged batch touches a register outside hardware's list
  kRegisterRefused,     // register that this path may never touch
  kRegisterValue,       // register whose value is checked: the value is bad, or not known
  kBatchNesting,        // batch start that hardware has no level for
  kBatchOffset,         // batch start with the add-offset bit
  kGgttBatchFromUser,   // non-privileged batch starts a GGTT batch
  kBatchRange,          // GGTT batch outside the vGPU's own windows
  kRingShape,  // ring misaligned, outside the vGPU's own windows, or head or tail outside the ring
  kBatchUnmapped,  // batch address that has no page
  kSegmentLimit,   // segment longer than the limit
  kWorkloadLimit,  // more segments or dwords than the limits
};
inline constexpr size_t kRuleCount = 22;

// The ladder, mildest first.
enum class Action : uint8_t {
  kNoop,        // the offending command, or only its offending part, is patched to do nothing
  kFailBatch,   // the batch ends here; the ring goes on
  kBanContext,  // the context is never run again
  kStopVgpu,    // the vGPU enters failsafe
};
inline constexpr size_t kActionCount = 4;

// "unknown-command", ...: stable names for reports and policy files.
std::string_view RuleName(Rule rule);
std::optional<Rule> RuleFromName(std::string_view name);
// One sentence for people.
std::string_view RuleText(Rule rule);

// "noop", "fail-batch", "ban-context", "stop-vgpu".
std::string_view ActionName(Action action);
std::optional<Action> ActionFromName(std::string_view name);

// The mildest action that is safe for the rule: default and floor of every policy.
Action MildestAction(Rule rule);

}  // namespace gvt::scanner
