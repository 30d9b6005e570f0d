#include "server/access_log/escape.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <random>

#include "server/base/utf8.h"
#include "tests/unit/access_log/records.h"

namespace sioserve::access_log {
namespace {

std::string escaped(std::string_view value) {
  Line line;
  append_escaped(value, line);
  return std::string(line.text());
}

std::string json(std::string_view value) {
  Line line;
  append_json_string(value, line);
  return std::string(line.text());
}

bool is_printable_ascii(const std::string& text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7f; });
}

TEST(EscapedText, EscapesEveryByteAtEveryPlace) {
  const auto expected = [](unsigned char c) -> std::string {
    if (c == '"' || c == '\\') return {'\\', static_cast<char>(c)};
    if (c >= 0x20 && c < 0x7f) return {static_cast<char>(c)};
    constexpr char hex[] = "0123456789abcdef";
    return {'\\', 'x', hex[c >> 4], hex[c & 15]};
  };
  for (int c = 0; c < 256; ++c) {
    for (std::size_t length = 1; length <= 24; ++length) {
      for (std::size_t at = 0; at < length; ++at) {
        std::string value(length, 'a');
        value[at] = static_cast<char>(c);
        ASSERT_EQ(escaped(value), std::string(at, 'a') + expected(static_cast<unsigned char>(c)) +
                                      std::string(length - at - 1, 'a'));
      }
    }
  }
}

TEST(Line, GrowsAndIsUsedAgain) {
  Line line;
  std::string expected;
  for (std::uint64_t i = 0; i < 2'000; ++i) {
    line.add("text ");
    line.add_number(i * 1'000'000'007);
    line.add(',');
    append_escaped("a\n", line);
    expected += "text " + std::to_string(i * 1'000'000'007) + ",a\\x0a";
  }
  EXPECT_EQ(line.text(), expected);
  line.clear();
  EXPECT_EQ(line.text(), "");
  line.add_number(UINT64_MAX);
  EXPECT_EQ(line.text(), "18446744073709551615");
}

TEST(Line, WritesNumbersOfEachLength) {
  for (std::uint64_t power = 1; power < 10'000'000'000'000'000'000U / 10; power *= 10) {
    for (const std::uint64_t number : {power - 1, power, power + 1, 2 * power + 7, 9 * power}) {
      Line line;
      line.add_number(number);
      ASSERT_EQ(line.text(), std::to_string(number));
    }
  }
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
