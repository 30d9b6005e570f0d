#include "server/base/entity_tag.h"

#include <gtest/gtest.h>

namespace sioserve {
namespace {

bool lists(std::string_view list, TagComparison comparison) {
  return lists_entity_tag(list, "\"a,b\"", comparison);
}

TEST(EntityTag, IsFoundInAList) {
  for (const TagComparison comparison : {TagComparison::weak, TagComparison::strong}) {
    EXPECT_TRUE(lists("\"a,b\"", comparison));
    EXPECT_TRUE(lists(" , \"x\" ,\"a,b\"", comparison));
    EXPECT_TRUE(lists("W/\"x\", \"a,b\"", comparison));
    EXPECT_TRUE(lists("*", comparison));
    EXPECT_FALSE(lists("", comparison));
    EXPECT_FALSE(lists("\"a\", \"b\"", comparison));
    EXPECT_FALSE(lists("a,b", comparison));
    EXPECT_FALSE(lists("\"a,b", comparison));
  }
}

TEST(EntityTag, MatchesAWeakTagByWeakComparisonOnly) {
  EXPECT_TRUE(lists("W/\"a,b\"", TagComparison::weak));
  EXPECT_FALSE(lists("W/\"a,b\"", TagComparison::strong));
}

}  // namespace
}  // namespace sioserve
