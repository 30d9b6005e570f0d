#include "server/net/listening_socket.h"

#include <gtest/gtest.h>

#include <string>

namespace sioserve::net {
namespace {

TEST(ListenTcp, ReturnsTheActualPort) {
  const auto sockets = listen_tcp("127.0.0.1", 0, 10);
  ASSERT_TRUE(sockets);
  ASSERT_EQ(sockets->size(), 1U);
  EXPECT_EQ((*sockets)[0].address.host, "127.0.0.1");
  EXPECT_GT((*sockets)[0].address.port, 0);
}

TEST(ListenTcp, ReportsAPortThatIsInUse) {
  const auto first = listen_tcp("127.0.0.1", 0, 10);
  ASSERT_TRUE(first);
  const int port = (*first)[0].address.port;
  const auto second = listen_tcp("127.0.0.1", static_cast<std::uint16_t>(port), 10);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error(), "address 127.0.0.1:" + std::to_string(port) + " is already in use");
}

TEST(ListenTcp, ReportsAnUnknownHost) {
  const std::string name(70, 'x');  // too long for a DNS label, so no server is asked
  const auto sockets = listen_tcp(name, 0, 10);
  ASSERT_FALSE(sockets);
  EXPECT_NE(sockets.error().find("\"" + name + "\""), std::string::npos) << sockets.error();
}

TEST(ListenTcp, ReportsAnAddressOfAnotherMachine) {
  const auto sockets = listen_tcp("192.0.2.1", 80, 10);
  ASSERT_FALSE(sockets);
  EXPECT_EQ(sockets.error(), "address 192.0.2.1:80 does not belong to this machine");
}

TEST(ListenTcp, ListensOnAllAddressesOfANameWithOnePort) {
  const auto sockets = listen_tcp("localhost", 0, 10);
  ASSERT_TRUE(sockets) << sockets.error();
  for (const ListeningSocket& socket : *sockets) {
    EXPECT_EQ(socket.address.port, (*sockets)[0].address.port);
  }
}

TEST(ListenTcp, AcceptsIpv6WithAndWithoutBrackets) {
  const auto plain = listen_tcp("::1", 0, 10);
  if (!plain) GTEST_SKIP() << "no IPv6 here: " << plain.error();
  EXPECT_EQ((*plain)[0].address.host, "::1");
  const auto in_brackets = listen_tcp("[::1]", 0, 10);
  ASSERT_TRUE(in_brackets);
}

TEST(AddressToString, PutsIpv6IntoBrackets) {
  EXPECT_EQ(to_string({"127.0.0.1", 80}), "127.0.0.1:80");
  EXPECT_EQ(to_string({"::1", 80}), "[::1]:80");
}

}  // namespace
}  // namespace sioserve::net
