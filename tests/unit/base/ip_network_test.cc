#include "server/base/ip_network.h"

#include <gtest/gtest.h>

#include <string>

#include "server/base/trusted_proxies.h"

namespace sioserve {
namespace {

std::string canonical(std::string_view text) {
  const auto address = IpAddress::parse(text);
  return address ? address->to_string() : "none";
}

TEST(IpAddress, HasOneCanonicalForm) {
  EXPECT_EQ(canonical("192.0.2.1"), "192.0.2.1");
  EXPECT_EQ(canonical("::ffff:192.0.2.1"), "192.0.2.1");
  EXPECT_EQ(canonical("2001:DB8:0:0::1"), "2001:db8::1");
}

TEST(IpAddress, RefusesInvalidText) {
  for (const char* text : {"", "1.2.3", "1.2.3.4.5", "256.1.1.1", "01.2.3.4", "1.2.3.4 ", "[::1]",
                           "fe80::1%lo", "name", "1.2.3.4:80", ":::"}) {
    EXPECT_EQ(canonical(text), "none") << text;
  }
  EXPECT_EQ(canonical(std::string_view("1.2.3.4\0", 8)), "none");
}

bool contains(std::string_view network, std::string_view address) {
  return IpNetwork::parse(network)->contains(*IpAddress::parse(address));
}

TEST(IpNetwork, ContainsTheAddressesOfItsPrefix) {
  EXPECT_TRUE(contains("10.0.0.0/8", "10.255.255.255"));
  EXPECT_FALSE(contains("10.0.0.0/8", "11.0.0.0"));
  EXPECT_TRUE(contains("192.0.2.128/25", "192.0.2.129"));
  EXPECT_FALSE(contains("192.0.2.128/25", "192.0.2.127"));
  EXPECT_TRUE(contains("192.0.2.1", "::ffff:192.0.2.1"));
  EXPECT_FALSE(contains("192.0.2.1", "192.0.2.2"));
  EXPECT_TRUE(contains("0.0.0.0/0", "203.0.113.9"));
  EXPECT_FALSE(contains("0.0.0.0/0", "2001:db8::1"));
  EXPECT_TRUE(contains("::/0", "2001:db8::1"));
  EXPECT_TRUE(contains("2001:db8::/33", "2001:db8:7fff::"));
  EXPECT_FALSE(contains("2001:db8::/33", "2001:db8:8000::"));
}

TEST(IpNetwork, RefusesInvalidText) {
  for (const char* text : {"", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/8x",
                           "10.0.0.1/8", "2001:db8::1/64", "::/129", "name", "*"}) {
    EXPECT_FALSE(IpNetwork::parse(text)) << text;
  }
}

Endpoints from(std::string host, std::string unix_path = "") {
  return {{std::move(host), 0}, {}, false, std::move(unix_path)};
}

TEST(TrustedProxies, AreThisMachineByDefault) {
  const TrustedProxies proxies;
  EXPECT_TRUE(proxies.trusts_peer(from("127.0.0.1")));
  EXPECT_TRUE(proxies.trusts_peer(from("::1")));
  EXPECT_TRUE(proxies.trusts_peer(from("", "/run/app.sock")));
  EXPECT_FALSE(proxies.trusts_peer(from("127.0.0.2")));
  EXPECT_FALSE(proxies.trusts_peer(from("")));
}

TEST(IpAddress, HasPrefixes) {
  const auto prefix = [](const char* text, int bits) {
    return IpAddress::parse(text)->prefix(bits).to_string();
  };
  EXPECT_EQ(prefix("2001:db8:1:2:3:4:5:6", 64), "2001:db8:1:2::");
  EXPECT_EQ(prefix("2001:db8:ffff::", 36), "2001:db8:f000::");
  EXPECT_EQ(prefix("2001:db8::1", 128), "2001:db8::1");
  EXPECT_EQ(prefix("2001:db8::1", 0), "::");
}

TEST(TrustedProxies, AreTheConfiguredAddresses) {
  const auto proxies = TrustedProxies::parse({"10.0.0.0/8", "2001:db8::1"});
  ASSERT_TRUE(proxies);
  EXPECT_TRUE(proxies->trusts_peer(from("10.1.2.3")));
  EXPECT_TRUE(proxies->trusts_peer(from("2001:db8::1")));
  EXPECT_FALSE(proxies->trusts_peer(from("127.0.0.1")));
  EXPECT_FALSE(proxies->trusts_peer(from("", "/run/app.sock")));
  EXPECT_TRUE(TrustedProxies::parse({"unix"})->trusts_peer(from("", "/run/app.sock")));
  EXPECT_TRUE(TrustedProxies::parse({"*"})->trusts_peer(from("")));
  EXPECT_FALSE(TrustedProxies::parse({})->trusts_peer(from("127.0.0.1")));
}

TEST(TrustedProxies, ReportTheInvalidEntry) {
  const auto proxies = TrustedProxies::parse({"127.0.0.1", "10.0.0.1/8"});
  ASSERT_FALSE(proxies);
  EXPECT_TRUE(proxies.error().starts_with("\"10.0.0.1/8\" is no address")) << proxies.error();
}

}  // namespace
}  // namespace sioserve
