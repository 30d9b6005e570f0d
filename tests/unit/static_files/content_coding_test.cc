#include "server/static_files/content_coding.h"

#include <gtest/gtest.h>

#include <string>

namespace sioserve::static_files {
namespace {

std::string order(std::string_view accept_encoding) {
  std::string names;
  for (const Coding* coding : acceptable_codings(accept_encoding)) {
    names += std::string(coding->name) + " ";
  }
  return names;
}

TEST(ContentCoding, IsNoneWithoutTheHeader) { EXPECT_EQ(order(""), ""); }

TEST(ContentCoding, PrefersTheBestCompressionAmongEquals) {
  EXPECT_EQ(order("gzip, deflate, br, zstd"), "br zstd gzip ");
  EXPECT_EQ(order("gzip, deflate"), "gzip ");
  EXPECT_EQ(order("*"), "br zstd gzip ");
}

TEST(ContentCoding, FollowsTheClientsPreference) {
  EXPECT_EQ(order("gzip, br;q=0.5"), "gzip br ");
  EXPECT_EQ(order("gzip;q=0.123, zstd;q=0.124"), "zstd gzip ");
  EXPECT_EQ(order("*;q=0.1, gzip"), "gzip br zstd ");
  EXPECT_EQ(order("GZIP ; Q=1.000"), "gzip ");
  EXPECT_EQ(order("x-gzip"), "gzip ");
}

TEST(ContentCoding, IsNeverACodingThatTheClientRefuses) {
  EXPECT_EQ(order("gzip;q=0"), "");
  EXPECT_EQ(order("br;q=0.000, *"), "zstd gzip ");
  EXPECT_EQ(order("identity"), "");
  EXPECT_EQ(order("identity, gzip;q=0.5"), "");
  EXPECT_EQ(order("identity;q=0.5, gzip"), "gzip ");
  EXPECT_EQ(order("*;q=0"), "");
}

TEST(ContentCoding, IgnoresMalformedMembers) {
  EXPECT_EQ(order("gzip;q=2"), "");
  EXPECT_EQ(order("gzip;q=1.5"), "");
  EXPECT_EQ(order("gzip;q=0.12345"), "");
  EXPECT_EQ(order("gzip;q="), "");
  EXPECT_EQ(order("gzip;q=-1"), "");
  EXPECT_EQ(order("gzip;level=1, br"), "br ");
  EXPECT_EQ(order(",;,gz ip, br"), "br ");
}

}  // namespace
}  // namespace sioserve::static_files
