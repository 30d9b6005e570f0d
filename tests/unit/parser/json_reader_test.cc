#include "socketio/parser/json_reader.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "server/base/json.h"
#include "socketio/parser/json_tree.h"

namespace sioserve::parser {
namespace {

using json = Json;
using namespace std::string_literals;

ValueBudget budget;  // without a limit

constexpr std::size_t depth = 8;

TEST(JsonReaderTest, ReadsEveryKindOfValue) {
  for (const char* text : {"[]",
                           "{}",
                           "null",
                           "true",
                           "false",
                           "0",
                           "-0",
                           "-17",
                           "1.5",
                           "1e3",
                           "-2.5E-3",
                           "[1,[2,[3]]]",
                           "9223372036854775807",
                           "-9223372036854775808",
                           "18446744073709551615",
                           "123456789012345678901",
                           R"({"a":{"b":[1,"x",null,true]},"":0})",
                           R"("")",
                           R"(["\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00"])",
                           R"(["日本 😀"])",
                           " \t\r\n[ 1 , 2 ] \n"}) {
    const auto value = read_json(text, depth, budget);
    ASSERT_TRUE(value) << text;
    const json expected = json::parse(text);
    EXPECT_EQ(*value, expected) << text;
    EXPECT_EQ(value->type(), expected.type()) << text;
  }
}

TEST(JsonReaderTest, RefusesInputThatIsNotOneJsonText) {
  for (const std::string& text : {""s,
                                  " "s,
                                  "["s,
                                  "]"s,
                                  "[}"s,
                                  "{]"s,
                                  "[1,]"s,
                                  "[,1]"s,
                                  "[1 2]"s,
                                  "{\"a\"}"s,
                                  "{\"a\":}"s,
                                  "{\"a\":1,}"s,
                                  "{a:1}"s,
                                  "{1:1}"s,
                                  "[1]x"s,
                                  "[1]]"s,
                                  "[1][2]"s,
                                  "nul"s,
                                  "True"s,
                                  "NaN"s,
                                  "Infinity"s,
                                  "-"s,
                                  "+1"s,
                                  "01"s,
                                  "1."s,
                                  ".5"s,
                                  "1e"s,
                                  "1e999"s,
                                  "0x10"s,
                                  "'a'"s,
                                  "\"a"s,
                                  "\"\\\""s,
                                  "\"\\x\""s,
                                  "\"\\u12\""s,
                                  "\"\\u12g4\""s,
                                  "\"\n\""s,
                                  "\"\0\""s,
                                  "[1]\0"s,
                                  "[1]\0[2]"s,
                                  "\0"s,
                                  "\"\xff\""s,
                                  "\"\xc0\x80\""s,
                                  "\"\xed\xa0\x80\""s,
                                  "\"\xe6\x97\""s,
                                  "//\n1"s,
                                  "/**/1"s,
                                  "\xef\xbb\xbf[]"s}) {
    const auto value = read_json(text, depth, budget);
    ASSERT_FALSE(value) << text;
    EXPECT_EQ(value.error(), DecodeError::bad_json) << text;
  }
}

TEST(JsonReaderTest, CountsArraysAndObjectsAsDepth) {
  EXPECT_TRUE(read_json(R"([{"a":[1]}])", 3, budget));
  const auto deep = read_json(R"([{"a":[[]]}])", 3, budget);
  ASSERT_FALSE(deep);
  EXPECT_EQ(deep.error(), DecodeError::too_deep);
  // Neighbours do not add to the depth, and brackets in strings do not count.
  EXPECT_TRUE(read_json(R"([[],[],{},{"k":[]}])", 3, budget));
  EXPECT_TRUE(read_json(R"(["[[[[","\"[[[[",{"{{{{":0}])", 2, budget));
}

TEST(JsonReaderTest, ReadsLoneSurrogatesAsReplacementCharacters) {
  const auto text = [](std::string_view escaped) {
    const auto value = read_json("[\"" + std::string(escaped) + "\"]", depth, budget);
    return value ? value->at(0).get<std::string>() : std::string("refused");
  };
  EXPECT_EQ(text(R"(\ud83d)"), "\uFFFD");
  EXPECT_EQ(text(R"(\udE00)"), "\uFFFD");
  EXPECT_EQ(text(R"(a\uD83Db)"), "a\uFFFDb");
  EXPECT_EQ(text(R"(\ud83d\ud83d\ude00)"), "\uFFFD\U0001F600");
  EXPECT_EQ(text(R"(\ud83d\ude00\ude00)"), "\U0001F600\uFFFD");
  EXPECT_EQ(text(R"(\ud83d\n)"), "\uFFFD\n");
  EXPECT_EQ(text(R"(\\ud83d)"), R"(\ud83d)");
  EXPECT_EQ(text(R"(\ud83d\\ude00)"), "\uFFFD\\ude00");
  EXPECT_EQ(text(R"(\ud8)"), "refused");
}

// Long strings are read eight bytes at a time.
TEST(JsonReaderTest, ReadsSpecialCharactersAtEveryPositionOfAString) {
  const std::vector<std::string> pieces = {R"(\n)",     R"(\")", "\\\\", "\xc3\xa9", "\x7f",
                                           R"(\u00e9)", "!",     "[",    "]",        "#"};
  for (std::size_t length = 0; length < 40; ++length) {
    for (std::size_t at = 0; at <= length; ++at) {
      for (const std::string& piece : pieces) {
        std::string text(length, 'x');
        text.insert(at, piece);
        text = "[\"" + text + "\",\"" + text + "\"]";
        const auto value = read_json(text, depth, budget);
        ASSERT_TRUE(value) << text;
        EXPECT_EQ(*value, json::parse(text)) << text;
      }
      for (const std::string& bad : {"\x1f"s, "\0"s, "\x80"s, "\xff"s, R"(\x)"s, "\n"s, "\"\""s}) {
        std::string text(length, 'x');
        text.insert(at, bad);
        EXPECT_FALSE(read_json('"' + text + '"', depth, budget)) << text;
      }
      EXPECT_FALSE(read_json('"' + std::string(at, 'x'), depth, budget));
      EXPECT_FALSE(read_json('"' + std::string(at, 'x') + '\\', depth, budget));
    }
  }
}

TEST(JsonReaderTest, KeepsMembersInTheOrderOfTheText) {
  const auto value = read_json(R"({"b":[1,2],"a":3,"c":4,"a":5})", depth, budget);
  ASSERT_TRUE(value);
  EXPECT_EQ(value->dump(), R"({"b":[1,2],"a":3,"c":4,"a":5})");
}

TEST(JsonReaderTest, ReadsAnObjectOfManyMembersInLinearTime) {
  std::string text = "{";
  for (int i = 0; i < 200'000; ++i) text += '"' + std::to_string(i) + "\":0,";
  text.back() = '}';
  const auto value = read_json(text, depth, budget);  // quadratic time would take minutes
  ASSERT_TRUE(value);
  EXPECT_EQ(value->size(), 200'000U);
}

TEST(JsonReaderTest, ReadsNumbersTooSmallForADoubleAsZero) {
  const auto value = read_json("[1e-999,-1e-999]", depth, budget);
  ASSERT_TRUE(value);
  EXPECT_EQ(*value, json::array({0.0, 0.0}));
}

// The JSON library is the reference, except for input that it wrongly accepts (NUL, byte order
// mark) or refuses (lone surrogates); the inputs have none of these.
TEST(JsonReaderTest, AgreesWithTheJsonLibrary) {
  const std::uint64_t seed = std::random_device{}();
  RecordProperty("seed", std::to_string(seed));
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 engine(seed);
  const auto below = [&](std::size_t bound) {
    return std::uniform_int_distribution<std::size_t>(0, bound - 1)(engine);
  };
  const std::vector<std::string> pieces = {
      "[",       "]",     "{",    "}",    ",", ":",  "\"",    "\"a\"", "\"k\":", "\\", "\\n",
      "\\u00e9", "\\u12", "é",    "\xe6", "0", "1",  "-",     ".",     "e",      "E+", "12",
      "true",    "false", "null", "nul",  " ", "\n", "1.5e3", "[]",    "{}"};
  const std::vector<std::string> originals = {R"({"a":[1,-2.5e3,"x\u00e9\\",{"b":null}],"c":true})",
                                              R"(["e",12345678901234567890,0.1,[[]]])"};
  int accepted = 0;
  for (int round = 0; round < 100'000; ++round) {
    std::string text;
    if (round % 2 == 0) {
      for (std::size_t i = 1 + below(8); i > 0; --i) text += pieces[below(pieces.size())];
    } else {
      text = originals[below(originals.size())];
      const std::size_t at = below(text.size());
      text.replace(at, below(3), pieces[below(pieces.size())]);
    }
    const json expected = json::parse(text, nullptr, false);
    const auto value = read_json(text, 1000, budget);
    ASSERT_EQ(static_cast<bool>(value), !expected.is_discarded()) << text;
    if (!value) continue;
    ++accepted;
    ASSERT_EQ(value->dump(), expected.dump()) << text;
  }
  EXPECT_GT(accepted, 5'000);
}

}  // namespace
}  // namespace sioserve::parser
