#include "server/http/https_location.h"

#include <gtest/gtest.h>

namespace sioserve::http {
namespace {

std::optional<std::string> location_of(const std::string& host, const std::string& path = "/",
                                       const std::string& query = "", std::uint16_t port = 443) {
  RequestHead head;
  head.raw_path = path;
  head.query_string = query;
  if (!host.empty()) head.headers.add("host", host);
  return https_location(head, port);
}

TEST(HttpsLocation, KeepsHostPathAndQuery) {
  EXPECT_EQ(location_of("example.com", "/a%20b", "c=d"), "https://example.com/a%20b?c=d");
  EXPECT_EQ(location_of("Example.COM:80"), "https://Example.COM/");
  EXPECT_EQ(location_of("[::1]:8080", "/a"), "https://[::1]/a");
  EXPECT_EQ(location_of("127.0.0.1"), "https://127.0.0.1/");
}

TEST(HttpsLocation, HasAnUnusualPort) {
  EXPECT_EQ(location_of("example.com:8000", "/", "", 8443), "https://example.com:8443/");
}

TEST(HttpsLocation, HasAPathForRequestsWithoutOne) {
  EXPECT_EQ(location_of("example.com", "*"), "https://example.com/");
}

TEST(HttpsLocation, IsAbsentForOtherHosts) {
  for (const char* host : {"", ":80", "a b", "a/b", "a@b", "a\\b", "a?b", "a#b", "a%41", "[::1",
                           "[]", "[a]b", "a\"b", "<a>"}) {
    EXPECT_EQ(location_of(host), std::nullopt) << host;
  }
}

}  // namespace
}  // namespace sioserve::http
