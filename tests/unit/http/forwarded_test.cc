#include "server/http/forwarded.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

namespace sioserve::http {
namespace {

class ForwardedTest : public testing::Test {
 protected:
  ForwardedTest() { config_.forwarded_headers = true; }

  void trust(const std::vector<std::string>& entries) {
    auto proxies = TrustedProxies::parse(entries);
    ASSERT_TRUE(proxies);
    config_.trusted = *proxies;
  }

  // "client:port scheme server:port", or "unchanged".
  std::string result(const HeaderBlock& headers) {
    const SharedEndpoints found = endpoints_behind_proxies(headers, peers_, config_);
    if (found == peers_) return "unchanged";
    return found->client.host + " " + std::to_string(found->client.port) +
           (found->tls ? " https " : " http ") + found->server.host + " " +
           std::to_string(found->server.port) + found->unix_path;
  }
  // Only the address.
  std::string client(const HeaderBlock& headers) {
    return endpoints_behind_proxies(headers, peers_, config_)->client.host;
  }
  std::string client_of(std::string value) { return client({{"x-forwarded-for", value}}); }
  std::string client_by_rfc(std::string value) { return client({{"forwarded", value}}); }

  ProxyConfig config_;
  SharedEndpoints peers_ =
      std::make_shared<const Endpoints>(Endpoints{{"127.0.0.1", 4000}, {"127.0.0.1", 8000}, false});
};

TEST_F(ForwardedTest, IsOffByDefault) {
  config_.forwarded_headers = false;
  EXPECT_EQ(result({{"x-forwarded-for", "192.0.2.1"}}), "unchanged");
}

TEST_F(ForwardedTest, UsesHeadersOfTrustedPeersOnly) {
  trust({"10.0.0.0/8"});
  EXPECT_EQ(result({{"x-forwarded-for", "192.0.2.1"}, {"forwarded", "for=192.0.2.1"}}),
            "unchanged");
}

TEST_F(ForwardedTest, UsesClientSchemeAndServer) {
  EXPECT_EQ(result({{"host", "a"}}), "unchanged");
  EXPECT_EQ(result({{"x-forwarded-for", "192.0.2.1"}}), "192.0.2.1 0 http 127.0.0.1 8000");
  EXPECT_EQ(result({{"x-forwarded-for", "192.0.2.1"}, {"x-forwarded-proto", "HTTPS"}}),
            "192.0.2.1 0 https 127.0.0.1 8000");
  EXPECT_EQ(result({{"x-forwarded-for", "192.0.2.1"},
                    {"x-forwarded-proto", "wss"},
                    {"x-forwarded-host", "example.org"}}),
            "192.0.2.1 0 https example.org 443");
  EXPECT_EQ(result({{"x-forwarded-host", "example.org:8443"}}),
            "127.0.0.1 4000 http example.org 8443");
  EXPECT_EQ(result({{"x-forwarded-proto", "https"}}), "127.0.0.1 4000 https 127.0.0.1 8000");
}

TEST_F(ForwardedTest, UsesXForwardedPortForTheServerAndClientsWithoutAPort) {
  EXPECT_EQ(result({{"x-forwarded-port", "444"}}), "127.0.0.1 4000 http 127.0.0.1 444");
  EXPECT_EQ(result({{"x-forwarded-for", "192.0.2.1:5"}, {"x-forwarded-port", "444"}}),
            "192.0.2.1 5 http 127.0.0.1 444");
  EXPECT_EQ(result({{"x-forwarded-for", "192.0.2.1"}, {"x-forwarded-port", "444"}}),
            "192.0.2.1 444 http 127.0.0.1 444");
  for (const char* port : {"0", "65536", "-1", "+1", "1x", ""}) {
    EXPECT_EQ(result({{"x-forwarded-for", "192.0.2.1"}, {"x-forwarded-port", port}}),
              "192.0.2.1 0 http 127.0.0.1 8000")
        << port;
  }
}

TEST_F(ForwardedTest, ReadsTheConfiguredHeaders) {
  config_.forwarded_for_header = "x-real-ip";
  config_.forwarded_port_header = "x-real-port";
  EXPECT_EQ(
      result(
          {{"x-forwarded-for", "192.0.2.66"}, {"x-real-ip", "192.0.2.1"}, {"x-real-port", "77"}}),
      "192.0.2.1 77 http 127.0.0.1 8000");
}

TEST_F(ForwardedTest, ReadsAddressesInEveryForm) {
  EXPECT_EQ(client_of("192.0.2.1"), "192.0.2.1");
  EXPECT_EQ(client_of("192.0.2.1:4711"), "192.0.2.1");
  EXPECT_EQ(client_of("2001:DB8::1"), "2001:db8::1");
  EXPECT_EQ(client_of("[2001:db8::1]"), "2001:db8::1");
  EXPECT_EQ(client_of("[2001:db8::1]:4711"), "2001:db8::1");
  EXPECT_EQ(client_of("::ffff:192.0.2.1"), "192.0.2.1");
}

TEST_F(ForwardedTest, UsesTheRightmostUntrustedHop) {
  trust({"127.0.0.1", "10.0.0.0/8"});
  EXPECT_EQ(client_of("192.0.2.1, 10.0.0.2, 10.0.0.1"), "192.0.2.1");
  EXPECT_EQ(client_of("6.6.6.6, 192.0.2.1, 10.0.0.1"), "192.0.2.1");
  EXPECT_EQ(client_of("127.0.0.1, 192.0.2.1"), "192.0.2.1");
  EXPECT_EQ(client({{"x-forwarded-for", "6.6.6.6, 192.0.2.1"}, {"x-forwarded-for", "10.0.0.1"}}),
            "192.0.2.1");
  EXPECT_EQ(client_of(",6.6.6.6,,192.0.2.1 ,, "), "192.0.2.1");
}

TEST_F(ForwardedTest, UsesTheLeftmostHopIfAllAreTrusted) {
  trust({"*"});
  EXPECT_EQ(client_of("192.0.2.1, 10.0.0.2, 10.0.0.1"), "192.0.2.1");
}

TEST_F(ForwardedTest, StopsAtAHopWithoutAnAddress) {
  trust({"127.0.0.1", "10.0.0.0/8"});
  for (const std::string hop : {"unknown", "_secret", "name", "1.2.3", "[::1", "[::1]x",
                                "1.2.3.4.5:6", "<script>", "1.2.3.4:5:6"}) {
    EXPECT_EQ(client_of("192.0.2.1, " + hop), "127.0.0.1") << hop;
    EXPECT_EQ(client_of("192.0.2.1, " + hop + ", 10.0.0.1"), "10.0.0.1") << hop;
  }
}

TEST_F(ForwardedTest, UsesTheSchemeOfTheClientsHop) {
  trust({"127.0.0.1", "10.0.0.0/8"});
  const HeaderView hops{"x-forwarded-for", "192.0.2.1, 10.0.0.1"};
  EXPECT_EQ(result({hops, {"x-forwarded-proto", "https, http"}}),
            "192.0.2.1 0 https 127.0.0.1 8000");
  EXPECT_EQ(result({hops, {"x-forwarded-proto", "https"}}), "192.0.2.1 0 https 127.0.0.1 8000");
  // Entries that the client itself has sent are ignored.
  EXPECT_EQ(result({hops, {"x-forwarded-proto", "https, http, http"}}),
            "192.0.2.1 0 http 127.0.0.1 8000");
  EXPECT_EQ(result({hops, {"x-forwarded-proto", "gopher"}}), "192.0.2.1 0 http 127.0.0.1 8000");
}

TEST_F(ForwardedTest, IgnoresAnInvalidHost) {
  for (const char* host : {"", "a b", "a/b", "user@a", "[::1", "a\"b", ":80", "<"}) {
    EXPECT_EQ(result({{"x-forwarded-for", "192.0.2.1"}, {"x-forwarded-host", host}}),
              "192.0.2.1 0 http 127.0.0.1 8000")
        << host;
  }
}

TEST_F(ForwardedTest, UsesTheForwardedHostOnAUnixSocket) {
  peers_ = std::make_shared<const Endpoints>(Endpoints{{}, {}, false, "/a.sock"});
  EXPECT_EQ(result({{"x-forwarded-for", "192.0.2.1"}, {"x-forwarded-port", "444"}}),
            "192.0.2.1 444 http  0/a.sock");
  EXPECT_EQ(result({{"x-forwarded-for", "192.0.2.1"},
                    {"x-forwarded-proto", "https"},
                    {"x-forwarded-host", "example.org"}}),
            "192.0.2.1 0 https example.org 443");
  EXPECT_EQ(client_of("unknown"), "");
}

TEST_F(ForwardedTest, ReadsForwarded) {
  EXPECT_EQ(result({{"forwarded", "for=192.0.2.1;proto=https;host=example.org;by=10.0.0.1"}}),
            "192.0.2.1 0 https example.org 443");
  EXPECT_EQ(result({{"forwarded", "For=\"[2001:db8:cafe::17]:4711\""}}),
            "2001:db8:cafe::17 4711 http 127.0.0.1 8000");
  EXPECT_EQ(result({{"forwarded", "proto=https; host=\"example.org:8\" ; FOR=\"192.0.2.1:5\""}}),
            "192.0.2.1 5 https example.org 8");
  EXPECT_EQ(client_by_rfc("for=\"\\192.0.2.\\1\""), "192.0.2.1");
  EXPECT_EQ(client_by_rfc("for=192.0.2.1;ext=\"a,b;for=6.6.6.6\""), "192.0.2.1");
  EXPECT_EQ(client_by_rfc("for=192.0.2.1:_port"), "192.0.2.1");
  EXPECT_EQ(client_by_rfc("for=[2001:db8::1]:80"), "2001:db8::1");
}

TEST_F(ForwardedTest, ReadsTheHopsOfForwardedFromTheRight) {
  trust({"127.0.0.1", "10.0.0.0/8"});
  EXPECT_EQ(client_by_rfc("for=6.6.6.6, for=192.0.2.1, for=10.0.0.1"), "192.0.2.1");
  EXPECT_EQ(client({{"forwarded", "for=6.6.6.6, for=192.0.2.1"}, {"forwarded", "for=10.0.0.1"}}),
            "192.0.2.1");
  EXPECT_EQ(result({{"forwarded", "for=192.0.2.1;proto=https, for=10.0.0.1;proto=http"}}),
            "192.0.2.1 0 https 127.0.0.1 8000");
  EXPECT_EQ(client_by_rfc("for=6.6.6.6, for=unknown"), "127.0.0.1");
  EXPECT_EQ(client_by_rfc("for=6.6.6.6, for=_hidden, for=10.0.0.1"), "10.0.0.1");
  EXPECT_EQ(client_by_rfc("for=6.6.6.6, proto=https"), "127.0.0.1");
}

TEST_F(ForwardedTest, IgnoresForwardedWithInvalidGrammar) {
  trust({"127.0.0.1", "10.0.0.0/8"});
  for (const std::string line :
       {"for=\"192.0.2.1", "for=\"192.0.2.1\\", "for", "=192.0.2.1", "for=a b", "for=\"a\"b",
        "for=192.0.2.1;for=6.6.6.6", "for=\", for=\"192.0.2.1\"", "f\"or=192.0.2.1", "for==1"}) {
    EXPECT_EQ(client_by_rfc(line), "127.0.0.1") << line;
    EXPECT_EQ(client({{"forwarded", line}, {"forwarded", "for=192.0.2.1"}}), "192.0.2.1") << line;
    EXPECT_EQ(client({{"forwarded", "for=6.6.6.6"}, {"forwarded", line}}), "127.0.0.1") << line;
  }
}

TEST_F(ForwardedTest, ReadsForwardedOnlyWithoutXForwardedOrIfConfigured) {
  const HeaderBlock both{{"forwarded", "for=192.0.2.2"}, {"x-forwarded-for", "192.0.2.1"}};
  EXPECT_EQ(client(both), "192.0.2.1");
  EXPECT_EQ(client({{"forwarded", "for=192.0.2.2"}, {"x-forwarded-proto", "https"}}), "127.0.0.1");
  config_.forwarded_for_header = "forwarded";
  EXPECT_EQ(client(both), "192.0.2.2");
  EXPECT_EQ(client({{"x-forwarded-for", "192.0.2.1"}}), "127.0.0.1");
}

TEST_F(ForwardedTest, UsesTheRequestIdOfTrustedProxies) {
  const HeaderBlock given{{"host", "a"}, {"x-request-id", "5f0-A_z.=+/"}};
  EXPECT_EQ(request_id_of_proxy(given, *peers_, config_), "5f0-A_z.=+/");
  EXPECT_EQ(request_id_of_proxy({{"host", "a"}}, *peers_, config_), std::nullopt);
  trust({"10.0.0.0/8"});
  EXPECT_EQ(request_id_of_proxy(given, *peers_, config_), std::nullopt);
  trust({"*"});
  config_.forwarded_headers = false;
  EXPECT_EQ(request_id_of_proxy(given, *peers_, config_), std::nullopt);
}

TEST_F(ForwardedTest, UsesTheTraceOfTrustedProxiesWithoutARequestId) {
  const std::string trace = "0af7651916cd43dd8448eb211c80319c";
  HeaderBlock given{{"traceparent", "00-" + trace + "-b7ad6b7169203331-01"}};
  EXPECT_EQ(request_id_of_proxy(given, *peers_, config_), trace);
  trust({"10.0.0.0/8"});
  EXPECT_EQ(request_id_of_proxy(given, *peers_, config_), std::nullopt);
  trust({"*"});
  given.add("x-request-id", "own");
  EXPECT_EQ(request_id_of_proxy(given, *peers_, config_), "own");
}

TEST_F(ForwardedTest, IgnoresAnInvalidRequestId) {
  const auto taken = [&](const std::string& value) {
    return request_id_of_proxy({{"x-request-id", value}}, *peers_, config_).has_value();
  };
  EXPECT_TRUE(taken(std::string(128, 'x')));
  EXPECT_FALSE(taken(std::string(129, 'x')));
  for (const char* value : {"", "a b", "a\"b", "a'b", "a\\b", "a\tb", "a\x7f", "\xc3\xa9"}) {
    EXPECT_FALSE(taken(value)) << value;
  }
  const HeaderBlock twice{{"x-request-id", "a"}, {"x-request-id", "a"}};
  EXPECT_EQ(request_id_of_proxy(twice, *peers_, config_), std::nullopt);
}

}  // namespace
}  // namespace sioserve::http
