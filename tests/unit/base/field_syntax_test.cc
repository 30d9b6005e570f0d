#include "server/base/field_syntax.h"

#include <gtest/gtest.h>

namespace sioserve {
namespace {

TEST(FieldSyntax, RecognizesTokens) {
  for (const char* text : {"a", "Content-Type", "x!#$%&'*+-.^_`|~9"}) EXPECT_TRUE(is_token(text));
  for (const char* text : {"", "a b", "a:", "a\r", "\x7f", "caf\xe9", "a,b", "(a)"}) {
    EXPECT_FALSE(is_token(text)) << text;
  }
}

TEST(FieldSyntax, RefusesControlCharactersInValues) {
  for (const char* text : {"", "a b", "a\tb", "caf\xe9", "\"quoted\""}) {
    EXPECT_TRUE(is_field_value(text)) << text;
  }
  for (const char* text : {"a\rb", "a\nb", "a\r\nb", "a\x01", "a\x7f"}) {
    EXPECT_FALSE(is_field_value(text)) << text;
  }
  EXPECT_FALSE(is_field_value(std::string_view("a\0b", 3)));
}

TEST(FieldSyntax, IgnoresTheCaseOfAsciiLettersOnly) {
  EXPECT_TRUE(equals_ignoring_case("Keep-Alive", "keep-alive"));
  EXPECT_FALSE(equals_ignoring_case("keep-alive", "keep-alives"));
  EXPECT_FALSE(equals_ignoring_case("[", "{"));
  EXPECT_FALSE(equals_ignoring_case("@", "`"));
}

TEST(FieldSyntax, TrimsSpacesAndTabs) {
  EXPECT_EQ(trim(" \t a b \t"), "a b");
  EXPECT_EQ(trim(" \t "), "");
  EXPECT_EQ(trim(""), "");
}

TEST(FieldSyntax, SplitsLists) {
  EXPECT_EQ(split_list("a, b ,,\tc,"), (std::vector<std::string_view>{"a", "b", "c"}));
  EXPECT_TRUE(split_list(" , ,").empty());
}

TEST(FieldSyntax, FindsMembersOfLists) {
  EXPECT_TRUE(list_contains("keep-alive, Upgrade", "upgrade"));
  EXPECT_FALSE(list_contains("keep-alive, Upgraded", "upgrade"));
  EXPECT_FALSE(list_contains("", "upgrade"));
}

}  // namespace
}  // namespace sioserve
