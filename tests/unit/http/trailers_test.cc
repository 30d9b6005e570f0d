#include "server/http/trailers.h"

#include <gtest/gtest.h>

namespace sioserve::http {
namespace {

TEST(Trailers, MayBeFieldsThatAreNotNeededBeforeTheBody) {
  for (const char* name : {"server-timing", "Digest", "x-anything", "ETag"}) {
    EXPECT_EQ(trailer_error({name, "value, 1"}), std::nullopt) << name;
  }
}

TEST(Trailers, AreNotFieldsForFramingOrRouting) {
  for (const char* name : {"Content-Length", "transfer-encoding", "host", "Trailer", "SET-COOKIE",
                           "age", "www-authenticate", "Content-Type", "vary"}) {
    EXPECT_TRUE(trailer_error({name, "x"})) << name;
  }
}

TEST(Trailers, AreWellFormed) {
  EXPECT_TRUE(trailer_error({"", "x"}));
  EXPECT_TRUE(trailer_error({"a:b", "x"}));
  EXPECT_TRUE(trailer_error({"a", "x\r\ny: z"}));
}

}  // namespace
}  // namespace sioserve::http
