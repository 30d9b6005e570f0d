#include "server/base/base64.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace sioserve {
namespace {

TEST(Base64, EncodesTheExamplesOfTheRfc) {
  EXPECT_EQ(base64_encode(""), "");
  EXPECT_EQ(base64_encode("f"), "Zg==");
  EXPECT_EQ(base64_encode("fo"), "Zm8=");
  EXPECT_EQ(base64_encode("foo"), "Zm9v");
  EXPECT_EQ(base64_encode("foob"), "Zm9vYg==");
  EXPECT_EQ(base64_encode("fooba"), "Zm9vYmE=");
  EXPECT_EQ(base64_encode("foobar"), "Zm9vYmFy");
}

TEST(Base64, DecodesWhatItEncodes) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  for (std::size_t size = 0; size < 300; ++size) {
    std::string bytes(size, '\0');
    for (char& byte : bytes) byte = static_cast<char>(random() % 256);
    EXPECT_EQ(base64_decode(base64_encode(bytes)), bytes);
  }
}

TEST(Base64, RefusesInvalidBase64) {
  for (const char* text :
       {"Z", "Zg", "Zg=", "Zg===", "=", "==", "====", "Zg==Zg==", "Z=g=", "Zm9v\n", " Zm9v",
        "Zm 9v", "Zm9-", "Zm9_", "Zm9v====", "\xff\xff\xff\xff"}) {
    EXPECT_EQ(base64_decode(text), std::nullopt) << text;
  }
  EXPECT_EQ(base64_decode(std::string_view("Zm\0v", 4)), std::nullopt);
}

TEST(Base64, DecodesAnEmptyText) { EXPECT_EQ(base64_decode(""), ""); }

TEST(Base64, DecodeAnyAcceptsAllForms) {
  for (const char* text : {"Zm9v/+8=", "Zm9v/+8", "Zm9v_-8", "Zm9v\r\n/+8=\n", " Z m9v/-8"}) {
    EXPECT_EQ(base64_decode_any(text), "foo\xff\xef") << text;
  }
  for (const char* text : {"Z", "Zm9vZ", "Zg=a", "Zm9v=", "*m9v", "Zm9v\xff"}) {
    EXPECT_EQ(base64_decode_any(text), std::nullopt) << text;
  }
  EXPECT_EQ(base64_decode_any(" \n"), "");
}

}  // namespace
}  // namespace sioserve
