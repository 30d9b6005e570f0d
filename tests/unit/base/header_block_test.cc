#include "server/base/header_block.h"

#include <gtest/gtest.h>

#include <iterator>
#include <string>

namespace sioserve {
namespace {

std::string text_of(const HeaderBlock& headers) {
  std::string text;
  for (const HeaderView& header : headers) {
    text.append(header.name).append("=").append(header.value).append(" ");
  }
  return text;
}

TEST(HeaderBlock, HasItsHeadersInOrder) {
  HeaderBlock headers = {{"host", "a"}, {"x-empty", ""}};
  headers.add("host", "b");
  EXPECT_EQ(text_of(headers), "host=a x-empty= host=b ");
  EXPECT_EQ(headers.size(), 3u);
  EXPECT_EQ(std::distance(headers.begin(), headers.end()), 3);
}

TEST(HeaderBlock, IsEmptyAtFirstAndAfterClear) {
  HeaderBlock headers;
  EXPECT_TRUE(headers.empty());
  EXPECT_EQ(headers.begin(), headers.end());
  headers.add("host", "a");
  headers.clear();
  EXPECT_TRUE(headers.empty());
  EXPECT_EQ(text_of(headers), "");
}

TEST(HeaderBlock, TakesTheLastHeaderInParts) {
  HeaderBlock headers = {{"host", "a"}};
  headers.begin_header();
  headers.append_to_name("Acc");
  headers.append_to_name("EPT");
  headers.append_to_value("Text/");
  headers.append_to_value("*  \t ");
  headers.trim_value();
  headers.begin_header();
  headers.append_to_name("X");
  headers.append_to_value(" \t");
  headers.trim_value();
  EXPECT_EQ(text_of(headers), "host=a accept=Text/* x= ");
}

TEST(HeaderBlock, ConvertsOnlyLettersToLowerCase) {
  HeaderBlock headers;
  headers.begin_header();
  headers.append_to_name("AZaz@[`{_-09");
  EXPECT_EQ(text_of(headers), "azaz@[`{_-09= ");
}

}  // namespace
}  // namespace sioserve
