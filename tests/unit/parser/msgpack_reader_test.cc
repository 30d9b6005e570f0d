#include "socketio/parser/msgpack_reader.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <nlohmann/json.hpp>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "socketio/parser/json_tree.h"

namespace sioserve::parser {
namespace {

using json = Json;
using namespace std::string_literals;

ValueBudget budget;  // without a limit

json read(const std::string& bytes) {
  auto value = read_msgpack(bytes, 64, budget);
  if (!value) {
    ADD_FAILURE() << testing::PrintToString(bytes) << ": " << describe(value.error());
    return {};
  }
  return std::move(*value);
}

void expect_refused(const std::string& bytes, DecodeError error = DecodeError::bad_msgpack) {
  const auto value = read_msgpack(bytes, 64, budget);
  ASSERT_FALSE(value) << testing::PrintToString(bytes.substr(0, 80));
  EXPECT_EQ(value.error(), error) << testing::PrintToString(bytes.substr(0, 80));
}

json binary(std::string_view bytes) {
  return json::binary(json::binary_t::container_type(bytes.begin(), bytes.end()));
}

TEST(MsgpackReaderTest, ReadsEveryForm) {
  EXPECT_EQ(read("\xc0"), nullptr);
  EXPECT_EQ(read("\xc2"), false);
  EXPECT_EQ(read("\xc3"), true);
  EXPECT_EQ(read("\x7f"), 127);
  EXPECT_EQ(read("\xe0"), -32);
  EXPECT_EQ(read("\xcc\xff"), 255);
  EXPECT_EQ(read("\xcd\x01\x02"), 258);
  EXPECT_EQ(read("\xce\xff\xff\xff\xff"), 4'294'967'295U);
  EXPECT_EQ(read("\xcf\xff\xff\xff\xff\xff\xff\xff\xff"), 18'446'744'073'709'551'615U);
  EXPECT_EQ(read("\xd0\x80"), -128);
  EXPECT_EQ(read("\xd1\xff\xfe"), -2);
  EXPECT_EQ(read("\xd2\x80\x00\x00\x00"s), -2'147'483'648);
  EXPECT_EQ(read("\xd3\x80\x00\x00\x00\x00\x00\x00\x00"s), INT64_MIN);
  EXPECT_TRUE(read("\xd0\x05").is_number_unsigned());
  EXPECT_EQ(read("\xca\x3f\xc0\x00\x00"s), 1.5);
  EXPECT_EQ(read("\xcb\xbf\xf8\x00\x00\x00\x00\x00\x00"s), -1.5);
  EXPECT_EQ(read("\xa3"
                 "a\xc3\xa9"),
            "a\u00e9");
  EXPECT_EQ(read("\xd9\x01"
                 "a"),
            "a");
  EXPECT_EQ(read("\xda\x00\x01"
                 "a"s),
            "a");
  EXPECT_EQ(read("\xdb\x00\x00\x00\x01"
                 "a"s),
            "a");
  EXPECT_EQ(read("\xc4\x01"
                 "a"),
            binary("a"));
  EXPECT_EQ(read("\xc5\x00\x00"s), binary(""));
  EXPECT_EQ(read("\xc6\x00\x00\x00\x01"
                 "a"s),
            binary("a"));
  EXPECT_EQ(read("\x92\x01\x90"), json::array({1, json::array()}));
  EXPECT_EQ(read("\xdc\x00\x01\x02"s), json::array({2}));
  EXPECT_EQ(read("\xdd\x00\x00\x00\x01\x02"s), json::array({2}));
  EXPECT_EQ(read("\x81\xa1"
                 "a\x01")
                .dump(),
            R"({"a":1})");
  EXPECT_EQ(read("\xde\x00\x01\xd9\x01"
                 "a\x01"s)
                .dump(),
            R"({"a":1})");
  EXPECT_EQ(read("\xdf\x00\x00\x00\x02\xa1"
                 "b\x01\xa1"
                 "a\x02"s)
                .dump(),
            R"({"b":1,"a":2})");
}

TEST(MsgpackReaderTest, ConvertsJavaScriptValuesAsJsonDoes) {
  EXPECT_EQ(read("\x92\xd4\x00\x00\x01"s), json::array({nullptr, 1}));
  EXPECT_EQ(read("\x82\xa1"
                 "a\xd4\x00\x00\xa1"
                 "b\x01"s)
                .dump(),
            R"({"b":1})");
  expect_refused("\xd4\x00\x00"s);
  EXPECT_EQ(read("\xcb\x7f\xf8\x00\x00\x00\x00\x00\x00"s), nullptr);
  EXPECT_EQ(read("\xca\x7f\x80\x00\x00"s), nullptr);
  // Dates.
  EXPECT_EQ(read("\xd7\x00\x00\x00\x01\x8d\x01\x02\x03\x04"s), "2024-01-13T04:08:45.572Z");
  EXPECT_EQ(read("\xd7\x00\x00\x00\x00\x00\x00\x00\x00\x00"s), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(read("\xd7\x00\xff\xff\xff\xff\xff\xff\xff\xff"s), "1969-12-31T23:59:59.999Z");
  EXPECT_EQ(read("\xd7\x00\x00\x1e\xb2\x08\xc2\xdc\x00\x00"s), "+275760-09-13T00:00:00.000Z");
  EXPECT_EQ(read("\xd7\x00\xff\xe1\x4d\xf7\x3d\x24\x00\x00"s), "-271821-04-20T00:00:00.000Z");
  EXPECT_EQ(read("\xd7\x00\x00\x1e\xb2\x08\xc2\xdc\x00\x01"s), nullptr);
  EXPECT_EQ(read("\xd7\x00\x80\x00\x00\x00\x00\x00\x00\x00"s), nullptr);
}

// One byte of an ArrayBuffer is not undefined, and eight bytes are not a Date.
TEST(MsgpackReaderTest, DistinguishesArrayBuffersFromFixedExtensions) {
  EXPECT_EQ(read("\xc7\x01\x00\x00"s), binary("\0"s));
  EXPECT_EQ(read("\xc7\x08\x00"
                 "12345678"s),
            binary("12345678"));
  EXPECT_EQ(read("\xc8\x00\x01\x00"
                 "a"s),
            binary("a"));
  EXPECT_EQ(read("\xc9\x00\x00\x00\x00\x00"s), binary(""));
}

TEST(MsgpackReaderTest, ReadsOtherExtensionsAsTypeAndBytes) {
  EXPECT_EQ(read("\xd5\x05"
                 "ab"),
            json::array({5, binary("ab")}));
  EXPECT_EQ(read("\xd6\xff"
                 "abcd"),
            json::array({-1, binary("abcd")}));
  EXPECT_EQ(read("\xd8\x00"
                 "0123456789abcdef"s),
            json::array({0, binary("0123456789abcdef")}));
  EXPECT_EQ(read("\xc7\x03\x07"
                 "abc"),
            json::array({7, binary("abc")}));
}

TEST(MsgpackReaderTest, RefusesMalformedInput) {
  expect_refused("");
  expect_refused("\xc1");
  expect_refused("\x01\x01");  // bytes after the value
  expect_refused(
      "\xa2"
      "a");                                    // an incomplete string
  expect_refused("\xa1\xff");                  // not UTF-8
  expect_refused("\x81\x01\x01");              // a key that is not a string
  expect_refused("\x81\xa1\xff\x01");          // a key that is not UTF-8
  expect_refused("\xdd\xff\xff\xff\xff\x01");  // more elements than bytes
  expect_refused("\xdf\xff\xff\xff\xff\x01");
  expect_refused(
      "\xdb\xff\xff\xff\xff"
      "a");
  expect_refused(
      "\xc6\xff\xff\xff\xff"
      "a");
  expect_refused(
      "\xc9\xff\xff\xff\xff\x00"
      "a"s);
}

TEST(MsgpackReaderTest, LimitsTheDepthWhileReading) {
  const std::string deep(1'000'000, '\x91');
  expect_refused(deep, DecodeError::too_deep);
  expect_refused(std::string(65, '\x91') + "\x01", DecodeError::too_deep);
  EXPECT_TRUE(read_msgpack(std::string(64, '\x91') + "\x01", 64, budget));
  std::string maps;
  for (int i = 0; i < 300'000; ++i)
    maps +=
        "\x81\xa1"
        "a";
  expect_refused(maps, DecodeError::too_deep);
  // Independent of the configuration.
  const auto value = read_msgpack(deep, 1'000'000, budget);
  ASSERT_FALSE(value);
  EXPECT_EQ(value.error(), DecodeError::too_deep);
}

TEST(MsgpackReaderTest, HandlesDamagedInput) {
  const std::uint64_t seed = std::random_device{}();
  RecordProperty("seed", std::to_string(seed));
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  const std::string original =
      "\x83\xa4type\x02\xa4"
      "data\x94\xa1"
      "a\xc4\x02xy\xcb\x40\x09\x21\xfb\x54\x44\x2d\x18"
      "\xc7\x03\x00"
      "abc\xa3nsp\xa1/"s;
  ASSERT_TRUE(read_msgpack(original, 64, budget));
  for (int round = 0; round < 50'000; ++round) {
    std::string bytes = original;
    for (auto changes = 1 + random() % 3; changes > 0; --changes) {
      const std::size_t at = random() % bytes.size();
      if (random() % 4 == 0) {
        bytes.erase(at, 1 + random() % 3);
        bytes += '\0';
      } else {
        bytes[at] = static_cast<char>(random());
      }
    }
    const auto value = read_msgpack(bytes, 64, budget);
    if (value) {
      EXPECT_FALSE(value->dump().empty());  // throws for a string that is not UTF-8
    }
  }
}

}  // namespace
}  // namespace sioserve::parser
