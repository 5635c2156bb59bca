#include "scanner/rule.h"

#include <array>

namespace gvt::scanner {
namespace {

struct RuleInfo {
  Rule rule;
  std::string_view name;
  Action mildest;
  std::string_view text;
};

constexpr std::array<RuleInfo, kRuleCount> kRules = {{
    {Rule::kUnknownCommand, "unknown-command", Action::kFailBatch,
     "no such command on this engine and generation"},
    {Rule::kBadLength, "bad-length", Action::kFailBatch,
     "the stated length is not one that this command may have"},
    {Rule::kTruncatedCommand, "truncated-command", Action::kFailBatch,
     "the command reaches past the end of its buffer"},
    {Rule::kPrivilegedCommand, "privileged-command", Action::kNoop,
     "privileged command in a non-privileged batch"},
    {Rule::kForbiddenCommand, "forbidden-command", Action::kNoop,
     "command that no guest may execute"},
    {Rule::kBatchCommandInRing, "batch-command-in-ring", Action::kNoop,
     "command that only has a meaning in batches"},
    {Rule::kBadField, "bad-field", Action::kNoop, "a field selects something that does not exist"},
    {Rule::kGgttFromUser, "ggtt-from-user", Action::kNoop,
     "non-privileged batch names a GGTT address"},
    {Rule::kGgttRange, "ggtt-range", Action::kNoop, "GGTT address outside the vGPU's own windows"},
    {Rule::kIndexRange, "index-range", Action::kNoop,
     "status-page index outside the context's own page"},
    {Rule::kIndexFromUser, "index-from-user", Action::kNoop,
     "non-privileged batch writes the status page"},
    {Rule::kRegisterPrivilege, "register-privilege", Action::kNoop,
     "register outside hardware's list for non-privileged batches"},
    {Rule::kRegisterRefused, "register-refused", Action::kNoop,
     "register that a command stream may not touch this way"},
    {Rule::kRegisterValue, "register-value", Action::kNoop,
     "the value for this register is bad, or not known when it is written"},
    {Rule::kBatchNesting, "batch-nesting", Action::kFailBatch,
     "batch start that hardware has no level for"},
    {Rule::kBatchOffset, "batch-offset", Action::kFailBatch,
     "batch start that adds an offset register to its address"},
    {Rule::kGgttBatchFromUser, "ggtt-batch-from-user", Action::kNoop,
     "non-privileged batch starts a GGTT batch"},
    {Rule::kBatchRange, "batch-range", Action::kFailBatch,
     "GGTT batch outside the vGPU's own windows"},
    {Rule::kRingShape, "ring-shape", Action::kFailBatch,
     "ring misaligned or outside the vGPU's windows, or head or tail outside the ring"},
    {Rule::kBatchUnmapped, "batch-unmapped", Action::kFailBatch, "batch address without a page"},
    {Rule::kSegmentLimit, "segment-limit", Action::kFailBatch,
     "no end within the longest segment that is allowed"},
    {Rule::kWorkloadLimit, "workload-limit", Action::kFailBatch,
     "more segments or dwords than a workload may have"},
}};

constexpr bool RulesAreInOrder() {
  for (size_t i = 0; i < kRuleCount; ++i) {
    if (static_cast<size_t>(kRules[i].rule) != i) return false;
  }
  return true;
}
static_assert(RulesAreInOrder());

constexpr std::array<std::string_view, kActionCount> kActionNames = {"noop", "fail-batch",
                                                                     "ban-context", "stop-vgpu"};

}  // namespace

std::string_view RuleName(Rule rule) {
  return kRules[static_cast<size_t>(rule)].name;
}
std::string_view RuleText(Rule rule) {
  return kRules[static_cast<size_t>(rule)].text;
}
Action MildestAction(Rule rule) {
  return kRules[static_cast<size_t>(rule)].mildest;
}

std::optional<Rule> RuleFromName(std::string_view name) {
  for (const RuleInfo& info : kRules) {
    if (info.name == name) return info.rule;
  }
  return std::nullopt;
}

std::string_view ActionName(Action action) {
  return kActionNames[static_cast<size_t>(action)];
}

std::optional<Action> ActionFromName(std::string_view name) {
  for (size_t i = 0; i < kActionCount; ++i) {
    if (kActionNames[i] == name) return static_cast<Action>(i);
  }
  return std::nullopt;
}

}  // namespace gvt::scanner
