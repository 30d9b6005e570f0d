#include "server/transport/origin_policy.h"

#include <gtest/gtest.h>

namespace sioserve::transport {
namespace {

using Hosts = std::vector<std::string>;

TEST(OriginPolicyTest, AllowsAnExactHostWithAnySchemeAndPort) {
  const Hosts hosts = {"example.com", "localhost", "127.0.0.1"};
  EXPECT_TRUE(origin_allowed("https://example.com", hosts));
  EXPECT_TRUE(origin_allowed("http://example.com:8080", hosts));
  EXPECT_TRUE(origin_allowed("http://localhost:3000", hosts));
  EXPECT_TRUE(origin_allowed("http://127.0.0.1", hosts));
  EXPECT_TRUE(origin_allowed("https://example.com.", hosts));
  EXPECT_TRUE(origin_allowed("https://example.com:", hosts));
}

TEST(OriginPolicyTest, RefusesOtherHosts) {
  const Hosts hosts = {"example.com"};
  for (const char* origin : {"https://www.example.com", "https://example.com.evil.org",
                             "https://evilexample.com", "https://example.org", "https://xample.com",
                             "https://evil.org/example.com", "https://example.com@evil.org",
                             "https://evil.org#example.com", "https://evil.org?example.com"}) {
    EXPECT_FALSE(origin_allowed(origin, hosts)) << origin;
  }
}

TEST(OriginPolicyTest, ADotCoversTheDomainAndItsSubdomains) {
  const Hosts hosts = {".example.com"};
  EXPECT_TRUE(origin_allowed("https://example.com", hosts));
  EXPECT_TRUE(origin_allowed("https://www.example.com", hosts));
  EXPECT_TRUE(origin_allowed("https://a.b.example.com:1", hosts));
  EXPECT_FALSE(origin_allowed("https://evilexample.com", hosts));
  EXPECT_FALSE(origin_allowed("https://example.com.evil.org", hosts));
}

TEST(OriginPolicyTest, IgnoresCase) {
  EXPECT_TRUE(origin_allowed("HTTPS://WWW.Example.COM", {".eXample.com"}));
  EXPECT_TRUE(origin_allowed("https://EXAMPLE.com", {"example.COM"}));
}

TEST(OriginPolicyTest, AllowsIpv6AddressesInBrackets) {
  const Hosts hosts = {"[::1]", "[2001:DB8::1]"};
  EXPECT_TRUE(origin_allowed("http://[::1]", hosts));
  EXPECT_TRUE(origin_allowed("http://[::1]:8000", hosts));
  EXPECT_TRUE(origin_allowed("http://[2001:db8::1]:8000", hosts));
  EXPECT_FALSE(origin_allowed("http://[::2]:8000", hosts));
  EXPECT_FALSE(origin_allowed("http://[::1].evil.org", hosts));
  EXPECT_FALSE(origin_allowed("http://[::1", hosts));
}

TEST(OriginPolicyTest, InvalidOriginsNeedTheStar) {
  for (const char* origin :
       {"", "null", "example.com", "//example.com", "://example.com", "https://", "https://:80",
        "https://.", "https://example.com/", "https://example.com:80a", "https://exa mple.com",
        "https://user@example.com", "https://example.com:80:80", "https://example.com\n"}) {
    EXPECT_FALSE(origin_allowed(origin, {"example.com", ".example.com", "null", "", "."}))
        << origin;
    EXPECT_TRUE(origin_allowed(origin, {"example.com", "*"})) << origin;
  }
}

TEST(OriginPolicyTest, AnEmptyListAllowsNothing) {
  EXPECT_FALSE(origin_allowed("https://example.com", {}));
  EXPECT_FALSE(origin_allowed("", {}));
}

}  // namespace
}  // namespace sioserve::transport
