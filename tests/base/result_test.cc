#include "base/result.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <type_traits>
#include <utility>

namespace gvt {
namespace {

Result<uint32_t> Half(uint32_t value) {
  if (value % 2 != 0) return Error{ErrorCode::kInvalidArgument, 7, value};
  return value / 2;
}

TEST(Result, HoldsAValueOrAnError) {
  const Result<uint32_t> good = Half(8);
  ASSERT_TRUE(good.has_value());
  EXPECT_EQ(*good, 4u);
  const Result<uint32_t> bad = Half(9);
  ASSERT_FALSE(bad);
  EXPECT_EQ(bad.error(), (Error{ErrorCode::kInvalidArgument, 7, 9}));
}

TEST(Result, OfAWordIsTriviallyCopyableAndTwoWords) {
  static_assert(std::is_trivially_copyable_v<Result<void*>>);
  static_assert(std::is_trivially_destructible_v<Result<uint32_t>>);
  static_assert(sizeof(Result<uint32_t>) <= 16);
  Result<uint32_t> value = Half(2);
  value = Half(3);
  EXPECT_EQ(value.error().detail, 3u);
}

TEST(Result, MovesAnOwnerOutOnce) {
  const auto owner = std::make_shared<int>(5);
  {
    Result<std::shared_ptr<int>> first(owner);
    Result<std::shared_ptr<int>> second(std::move(first));
    EXPECT_EQ(owner.use_count(), 2);
    const std::shared_ptr<int> taken = *std::move(second);
    EXPECT_EQ(*taken, 5);
    EXPECT_EQ(owner.use_count(), 2);
  }
  EXPECT_EQ(owner.use_count(), 1);
}

TEST(Result, MovesAnErrorOfANonTrivialType) {
  Result<std::string> first(Error{ErrorCode::kIo, 1, 2});
  const Result<std::string> second(std::move(first));
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().detail, 2u);
}

TEST(Result, OfNothingIsSuccessByDefault) {
  EXPECT_TRUE(Result<void>().has_value());
  const Result<void> failed = Error{ErrorCode::kBusy, 0, 0};
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code, ErrorCode::kBusy);
}

TEST(ResultDeathTest, StopsTheProcessWhenTheWrongSideIsRead) {
  EXPECT_DEATH((void)Half(1).value(), "caller tests has_value");
  EXPECT_DEATH((void)Half(2).error(), "caller tests has_value");
  EXPECT_DEATH((void)Result<void>().error(), "caller tests has_value");
}

TEST(ErrorCode, EveryCodeHasItsOwnName) {
  for (int code = 0; code <= static_cast<int>(ErrorCode::kBusy); ++code) {
    EXPECT_STRNE(ErrorCodeName(static_cast<ErrorCode>(code)), "unknown error") << code;
  }
  EXPECT_STREQ(ErrorCodeName(static_cast<ErrorCode>(200)), "unknown error");
}

}  // namespace
}  // namespace gvt
