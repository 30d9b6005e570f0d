#include "server/base/utf8.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <string>

namespace sioserve {
namespace {

TEST(Utf8Test, AcceptsTheFirstAndLastCharacterOfEachLength) {
  for (const char* text :
       {"", "\x7f", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xee\x80\x80",
        "\xef\xbf\xbf", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf"}) {
    EXPECT_TRUE(is_utf8(text)) << text;
  }
}

TEST(Utf8Test, RefusesInvalidSequences) {
  for (const char* text :
       {"\x80", "\xbf", "\xc0\x80", "\xc1\xbf", "\xe0\x9f\xbf", "\xed\xa0\x80", "\xed\xbf\xbf",
        "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff", "\xc2", "\xe0\xa0",
        "\xf0\x90\x80", "\xc2\x41", "\xe0\xa0\xc0"}) {
    EXPECT_FALSE(is_utf8(text)) << text;
  }
}

// Texts are examined in blocks, and the rest byte by byte.
TEST(Utf8Test, FindsOneOtherByteAnywhere) {
  for (std::size_t size = 1; size <= 200; ++size) {
    std::string text(size, 'x');
    EXPECT_TRUE(is_ascii(text)) << size;
    EXPECT_TRUE(is_utf8(text)) << size;
    for (std::size_t at = 0; at < size; ++at) {
      text[at] = '\xff';
      EXPECT_FALSE(is_ascii(text)) << size << ", " << at;
      EXPECT_FALSE(is_utf8(text)) << size << ", " << at;
      text[at] = 'x';
    }
  }
}

TEST(Utf8Test, AcceptsOneLongerCharacterAnywhere) {
  const std::string character = "\xf0\x90\x80\x80";
  for (std::size_t at = 0; at <= 200; ++at) {
    const std::string text = std::string(at, 'x') + character + std::string(200 - at, 'x');
    EXPECT_TRUE(is_utf8(text)) << at;
    EXPECT_FALSE(is_ascii(text)) << at;
    EXPECT_FALSE(is_utf8(text.substr(0, at + 3))) << at;
  }
}

}  // namespace
}  // namespace sioserve
