#include "scanner/rule.h"

#include <gtest/gtest.h>

#include <set>
#include <string_view>

#include "scanner/report.h"
#include "scanner/segment.h"

namespace gvt::scanner {
namespace {

Rule RuleAt(size_t index) {
  return static_cast<Rule>(index);
}

TEST(Rule, HasANameAndASentenceOfItsOwn) {
  std::set<std::string_view> names;
  std::set<std::string_view> texts;
  for (size_t i = 0; i < kRuleCount; ++i) {
    EXPECT_EQ(RuleFromName(RuleName(RuleAt(i))), RuleAt(i));
    EXPECT_FALSE(RuleText(RuleAt(i)).empty());
    names.insert(RuleName(RuleAt(i)));
    texts.insert(RuleText(RuleAt(i)));
  }
  EXPECT_EQ(names.size(), kRuleCount);
  EXPECT_EQ(texts.size(), kRuleCount);
  EXPECT_FALSE(RuleFromName("no-such-rule"));
  EXPECT_FALSE(RuleFromName(""));
}

TEST(Action, HasANameOfItsOwn) {
  for (size_t i = 0; i < kActionCount; ++i) {
    EXPECT_EQ(ActionFromName(ActionName(static_cast<Action>(i))), static_cast<Action>(i));
  }
  EXPECT_FALSE(ActionFromName("ignore"));
}

// Patching a command away needs to know where it ends and where control goes next.
TEST(Rule, FailsTheBatchAtLeastWhereTheNextCommandIsUnknown) {
  for (const Rule rule :
       {Rule::kUnknownCommand, Rule::kBadLength, Rule::kTruncatedCommand, Rule::kBatchNesting,
        Rule::kBatchOffset, Rule::kBatchRange, Rule::kRingShape, Rule::kBatchUnmapped,
        Rule::kSegmentLimit, Rule::kWorkloadLimit}) {
    EXPECT_EQ(MildestAction(rule), Action::kFailBatch) << RuleName(rule);
  }
}

TEST(Names, OfEndsEventsAndBuffersAreDistinct) {
  std::set<std::string_view> names;
  for (int i = 0; i <= static_cast<int>(SegmentEnd::kRefused); ++i) {
    names.insert(SegmentEndName(static_cast<SegmentEnd>(i)));
  }
  EXPECT_EQ(names.size(), 7u);
  for (size_t i = 0; i < kEventKindCount; ++i) {
    names.insert(EventKindName(static_cast<EventKind>(i)));
  }
  EXPECT_EQ(names.size(), 7u + kEventKindCount);
  for (size_t i = 0; i < kBufferKindCount; ++i) {
    names.insert(BufferKindName(static_cast<BufferKind>(i)));
  }
  EXPECT_EQ(names.size(), 7u + kEventKindCount + kBufferKindCount);
  EXPECT_FALSE(names.contains("?"));
}

}  // namespace
}  // namespace gvt::scanner
