#include "server/base/result.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace sioserve {
namespace {

enum class Reason { too_long, not_a_number };

Result<std::unique_ptr<int>, Reason> parse(const std::string& text) {
  if (text.size() > 3) return Failure{Reason::too_long};
  if (text.find_first_not_of("0123456789") != std::string::npos) {
    return Failure{Reason::not_a_number};
  }
  return std::make_unique<int>(std::stoi(text));
}

TEST(Result, HoldsAMoveOnlyValue) {
  auto result = parse("42");
  ASSERT_TRUE(result);
  EXPECT_EQ(**result, 42);
  const std::unique_ptr<int> taken = std::move(result.value());
  EXPECT_EQ(*taken, 42);
}

TEST(Result, HoldsAnError) {
  EXPECT_FALSE(parse("1234"));
  EXPECT_EQ(parse("1234").error(), Reason::too_long);
  EXPECT_EQ(parse("4x").error(), Reason::not_a_number);
}

TEST(Result, DistinguishesValueAndErrorOfTheSameType) {
  const Result<std::string, std::string> value = std::string("fine");
  const Result<std::string, std::string> error = Failure{std::string("broken")};
  ASSERT_TRUE(value);
  EXPECT_EQ(value->size(), 4U);
  ASSERT_FALSE(error);
  EXPECT_EQ(error.error(), "broken");
}

}  // namespace
}  // namespace sioserve
