#include "server/base/http_values.h"

#include <gtest/gtest.h>

namespace sioserve {
namespace {

TEST(FindHeader, ReturnsTheFirstValue) {
  const Headers headers = {{"host", "a"}, {"x-twice", "1"}, {"x-twice", "2"}, {"x-empty", ""}};
  EXPECT_EQ(find_header(headers, "host"), "a");
  EXPECT_EQ(find_header(headers, "x-twice"), "1");
  EXPECT_EQ(find_header(headers, "x-empty"), "");
  EXPECT_EQ(find_header(headers, "x-none"), std::nullopt);
}

TEST(PercentDecode, DecodesEscapesInEitherCase) {
  EXPECT_EQ(percent_decode("/a%20b%2Fc%2f", PlusSign::literal), "/a b/c/");
  EXPECT_EQ(percent_decode("%E6%97%A5", PlusSign::literal), "日");
  EXPECT_EQ(percent_decode("%00", PlusSign::literal), std::string(1, '\0'));
}

TEST(PercentDecode, DecodesOnce) { EXPECT_EQ(percent_decode("%2541", PlusSign::literal), "%41"); }

TEST(PercentDecode, KeepsMalformedEscapes) {
  for (const char* text : {"%", "%4", "%zz", "a%", "%4g", "100%"}) {
    EXPECT_EQ(percent_decode(text, PlusSign::literal), text);
  }
}

TEST(PercentDecode, DecodesAnEscapeAtTheEnd) {
  EXPECT_EQ(percent_decode("a%41", PlusSign::literal), "aA");
}

TEST(PercentDecode, DecodesAPlusSignAsConfigured) {
  EXPECT_EQ(percent_decode("a+b", PlusSign::literal), "a+b");
  EXPECT_EQ(percent_decode("a+b%2B", PlusSign::space), "a b+");
}

TEST(FindQueryParameter, ReturnsTheFirstValueDecoded) {
  const char* query = "EIO=4&transport=polling&sid=a%2Bb&transport=websocket";
  EXPECT_EQ(find_query_parameter(query, "EIO"), "4");
  EXPECT_EQ(find_query_parameter(query, "transport"), "polling");
  EXPECT_EQ(find_query_parameter(query, "sid"), "a+b");
  EXPECT_EQ(find_query_parameter(query, "ransport"), std::nullopt);
}

TEST(FindQueryParameter, TreatsAMissingValueAsEmpty) {
  EXPECT_EQ(find_query_parameter("sid", "sid"), "");
  EXPECT_EQ(find_query_parameter("sid=", "sid"), "");
  EXPECT_EQ(find_query_parameter("a=1&sid", "sid"), "");
}

TEST(FindQueryParameter, KeepsFurtherEqualsSigns) {
  EXPECT_EQ(find_query_parameter("a=b=c", "a"), "b=c");
}

TEST(FindQueryParameter, DecodesNames) { EXPECT_EQ(find_query_parameter("%73id=1", "sid"), "1"); }

TEST(FindQueryParameter, FindsNothingInAnEmptyQuery) {
  for (const char* query : {"", "&", "&&", "=", "=1"}) {
    EXPECT_EQ(find_query_parameter(query, "sid"), std::nullopt) << query;
  }
}

}  // namespace
}  // namespace sioserve
