#include "server/access_log/escape.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <random>

#include "server/base/utf8.h"
#include "tests/unit/access_log/records.h"

namespace sioserve::access_log {
namespace {

std::string escaped(std::string_view value) {
  std::string out;
  append_escaped(value, out);
  return out;
}

std::string json(std::string_view value) {
  std::string out;
  append_json_string(value, out);
  return out;
}

bool is_printable_ascii(const std::string& text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7f; });
}

TEST(EscapedText, DoesNotChangePlainText) { EXPECT_EQ(escaped("/a b?c=d~"), "/a b?c=d~"); }

TEST(EscapedText, NeverEndsAFieldOrALine) {
  EXPECT_EQ(escaped("a\"b\\c\r\n\t"), R"(a\"b\\c\x0d\x0a\x09)");
  EXPECT_EQ(escaped("\x1b[2J\x7f"), R"(\x1b[2J\x7f)");
  EXPECT_EQ(escaped("\xc3\xa9\xff"), R"(\xc3\xa9\xff)");
  EXPECT_EQ(escaped(std::string_view("\0", 1)), R"(\x00)");
}

TEST(JsonText, EscapesTheCharactersThatJsonRequires) {
  EXPECT_EQ(json("a\"b\\c\n"), R"("a\"b\\c\u000a")");
  EXPECT_EQ(json("\x7f"), R"("\u007f")");
  EXPECT_EQ(json(std::string_view("\0", 1)), R"("\u0000")");
}

TEST(JsonText, KeepsCharactersBeyondAscii) {
  EXPECT_EQ(json("\xc3\xa9"), R"("\u00e9")");
  EXPECT_EQ(json("\xe2\x82\xac"), R"("\u20ac")");
  EXPECT_EQ(json("\xf0\x9f\x98\x80"), R"("\ud83d\ude00")");
}

TEST(JsonText, ReplacesInvalidUtf8) {
  EXPECT_EQ(json("\xff"), R"("\ufffd")");
  EXPECT_EQ(json("\xc3"), R"("\ufffd")") << "cut off";
  EXPECT_EQ(json("\xc0\xaf"), R"("\ufffd\ufffd")") << "overlong";
  EXPECT_EQ(json("\xed\xa0\x80"), R"("\ufffd\ufffd\ufffd")") << "a surrogate";
  EXPECT_EQ(json("\xe2\x82x"), R"("\ufffd\ufffdx")");
}

TEST(EscapedText, IsPrintableForAllInput) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  for (int i = 0; i < 20'000; ++i) {
    const std::string value = hostile_text(random);
    const std::string text = escaped(value);
    ASSERT_TRUE(is_printable_ascii(text)) << text;
    const std::string quoted = json(value);
    ASSERT_TRUE(is_printable_ascii(quoted)) << quoted;
    const auto parsed = nlohmann::json::parse(quoted, nullptr, false);
    ASSERT_TRUE(parsed.is_string()) << quoted;
    if (is_utf8(value)) {
      ASSERT_EQ(parsed.get<std::string>(), value);
    }
  }
}

}  // namespace
}  // namespace sioserve::access_log
