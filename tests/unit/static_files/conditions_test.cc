#include "server/static_files/conditions.h"

#include <gtest/gtest.h>

namespace sioserve::static_files {
namespace {

// Sun, 06 Nov 1994 08:49:37 GMT
const Validators file{"\"v\"", 784111777};
const std::string then = "Sun, 06 Nov 1994 08:49:37 GMT";
const std::string before = "Sun, 06 Nov 1994 08:49:36 GMT";
const std::string after = "Sunday, 06-Nov-94 08:49:38 GMT";

Verdict check(std::string Conditions::*header, const std::string& value) {
  Conditions conditions;
  conditions.*header = value;
  return check_conditions(conditions, file);
}

TEST(Conditions, WithoutConditionsTheRequestProceeds) {
  EXPECT_EQ(check_conditions({}, file), Verdict::proceed);
}

TEST(Conditions, IfNoneMatchFindsTheTagByWeakComparison) {
  const auto header = &Conditions::if_none_match;
  EXPECT_EQ(check(header, "\"v\""), Verdict::not_modified);
  EXPECT_EQ(check(header, "\"a\", W/\"v\""), Verdict::not_modified);
  EXPECT_EQ(check(header, "*"), Verdict::not_modified);
  EXPECT_EQ(check(header, "\"a\", \"b\""), Verdict::proceed);
  EXPECT_EQ(check(header, "v"), Verdict::proceed);
}

TEST(Conditions, IfModifiedSinceComparesSeconds) {
  const auto header = &Conditions::if_modified_since;
  EXPECT_EQ(check(header, then), Verdict::not_modified);
  EXPECT_EQ(check(header, after), Verdict::not_modified);
  EXPECT_EQ(check(header, before), Verdict::proceed);
  EXPECT_EQ(check(header, "yesterday"), Verdict::proceed);
}

TEST(Conditions, IfMatchNeedsTheTagByStrongComparison) {
  const auto header = &Conditions::if_match;
  EXPECT_EQ(check(header, "\"a\", \"v\""), Verdict::proceed);
  EXPECT_EQ(check(header, "*"), Verdict::proceed);
  EXPECT_EQ(check(header, "W/\"v\""), Verdict::precondition_failed);
  EXPECT_EQ(check(header, "\"a\""), Verdict::precondition_failed);
}

TEST(Conditions, IfUnmodifiedSinceComparesSeconds) {
  const auto header = &Conditions::if_unmodified_since;
  EXPECT_EQ(check(header, before), Verdict::precondition_failed);
  EXPECT_EQ(check(header, then), Verdict::proceed);
  EXPECT_EQ(check(header, "yesterday"), Verdict::proceed);
}

TEST(Conditions, TagsTakePrecedenceOverDates) {
  Conditions conditions;
  conditions.if_none_match = "\"a\"";
  conditions.if_modified_since = then;
  EXPECT_EQ(check_conditions(conditions, file), Verdict::proceed);
  conditions = {};
  conditions.if_match = "*";
  conditions.if_unmodified_since = before;
  EXPECT_EQ(check_conditions(conditions, file), Verdict::proceed);
}

TEST(Conditions, AFailedPreconditionTakesPrecedenceOverNotModified) {
  Conditions conditions;
  conditions.if_match = "\"a\"";
  conditions.if_none_match = "*";
  EXPECT_EQ(check_conditions(conditions, file), Verdict::precondition_failed);
}

TEST(Conditions, IfRangeNeedsTheStrongTagOrTheExactDate) {
  const std::time_t now = file.last_modified + 60;
  EXPECT_TRUE(range_is_current("", file, now));
  EXPECT_TRUE(range_is_current("\"v\"", file, now));
  EXPECT_FALSE(range_is_current("W/\"v\"", file, now));
  EXPECT_FALSE(range_is_current("\"a\", \"v\"", file, now));
  EXPECT_TRUE(range_is_current(then, file, now));
  EXPECT_FALSE(range_is_current(after, file, now));
  EXPECT_FALSE(range_is_current("yesterday", file, now));
  EXPECT_FALSE(range_is_current(then, file, file.last_modified))
      << "it may still change within this second";
}

}  // namespace
}  // namespace sioserve::static_files
