#include "server/connection/load.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace sioserve::connection {
namespace {

Endpoints peer(std::string host) { return {{std::move(host), 1}, {"127.0.0.1", 2}, false, {}}; }

class LoadTest : public testing::Test {
 protected:
  LoadTest() { logger_.set_level(LogCategory::server, static_cast<int>(LogLevel::info)); }

  // The log lines since the last call.
  std::vector<std::string> log() { return std::exchange(log_, {}); }
  void later(Milliseconds time) {
    now_ += time;
    load_.sweep(now_);
  }

  Config config_;
  std::vector<std::string> log_;
  Logger logger_{[this](LogRecord record) { log_.push_back(std::move(record.message)); }};
  TimePoint now_{std::chrono::hours(1)};
  Load load_{config_, logger_};
};

using Lines = std::vector<std::string>;

TEST_F(LoadTest, AdmitsConnectionsUpToTheLimitAndAgainWhenOneCloses) {
  config_.load.max_connections = 2;
  const auto first = load_.admit_connection(now_);
  auto second = load_.admit_connection(now_);
  EXPECT_TRUE(first && second);
  EXPECT_TRUE(load_.connections_full());
  EXPECT_FALSE(load_.admit_connection(now_));
  second.reset();
  EXPECT_FALSE(load_.connections_full());
  EXPECT_TRUE(load_.admit_connection(now_));
}

TEST_F(LoadTest, CountsTheConnectionsOfEachAddress) {
  config_.load.max_connections_per_address = 1;
  auto first = load_.admit_address(peer("192.0.2.1"), now_);
  ASSERT_TRUE(first);
  EXPECT_FALSE(load_.admit_address(peer("192.0.2.1"), now_));
  EXPECT_TRUE(load_.admit_address(peer("192.0.2.2"), now_));
  first->reset();
  EXPECT_TRUE(load_.admit_address(peer("192.0.2.1"), now_));
}

TEST_F(LoadTest, CountsNeitherTrustedProxiesNorUnixSockets) {
  config_.load.max_connections_per_address = 1;
  std::vector<std::optional<AddressCounts::Ticket>> tickets;
  for (int i = 0; i < 3; ++i) {
    tickets.push_back(load_.admit_address(peer("127.0.0.1"), now_));
    tickets.push_back(load_.admit_address(peer(""), now_));
  }
  for (const auto& ticket : tickets) EXPECT_TRUE(ticket);
}

TEST_F(LoadTest, RefusesALimitedNumberAtATime) {
  std::vector<Count::Ticket> tickets;
  while (auto ticket = load_.refuse_over_limit()) {
    tickets.push_back(std::move(ticket));
    ASSERT_LT(tickets.size(), 1'000U);
  }
  tickets.pop_back();
  EXPECT_TRUE(load_.refuse_over_limit());
}

TEST_F(LoadTest, ReportsManyRefusalsWithTwoLines) {
  config_.load.max_connections = 1;
  const auto only = load_.admit_connection(now_);
  EXPECT_TRUE(load_.quiet());
  for (int i = 0; i < 5; ++i) {
    EXPECT_FALSE(load_.admit_connection(now_));
    later(LimitEpisode::quiet_time - Milliseconds(1));
  }
  EXPECT_EQ(log(), Lines{"Refusing clients with 503: 1 connections are open (--limit-connections; "
                         "docs/limits.md#http-and-websockets)"});
  EXPECT_FALSE(load_.quiet());
  later(Milliseconds(1));
  EXPECT_EQ(log(), Lines{"Refused no more: 5 clients were, with 503 (too many connections)"});
  EXPECT_TRUE(load_.quiet());
  later(LimitEpisode::quiet_time);
  EXPECT_EQ(log(), Lines{});
  EXPECT_FALSE(load_.admit_connection(now_));
  EXPECT_EQ(log().size(), 1U);
}

TEST_F(LoadTest, AdmitsRequestsUpToTheLimitAndThoseOfSessionsAboveIt) {
  config_.load.max_concurrency = 1;
  auto first = load_.admit_request(now_);
  EXPECT_TRUE(first);
  EXPECT_FALSE(load_.admit_request(now_));
  auto of_session = load_.count_request();
  first.reset();
  EXPECT_FALSE(load_.admit_request(now_));
  of_session.reset();
  EXPECT_TRUE(load_.admit_request(now_));
  EXPECT_EQ(log(), Lines{"Refusing requests with 503: 1 requests and WebSockets are under way "
                         "(--limit-concurrency; docs/limits.md#http-and-websockets)"});
  later(LimitEpisode::quiet_time);
  EXPECT_EQ(log(), Lines{"Refused no more: 2 requests were, with 503 (too many under way)"});
}

TEST_F(LoadTest, ReportsOnceThatMaxRequestsIsReached) {
  int told = 0;
  load_.on_max_requests = [&told] { ++told; };
  load_.request_answered();
  EXPECT_EQ(told, 0);
  config_.load.max_requests = 3;
  load_.request_answered();
  EXPECT_EQ(told, 0);
  load_.request_answered();
  load_.request_answered();
  EXPECT_EQ(told, 1);
}

TEST_F(LoadTest, NamesTheAddressThatIsAboveItsLimit) {
  config_.load.max_connections_per_address = 1;
  const auto only = load_.admit_address(peer("192.0.2.1"), now_);
  EXPECT_FALSE(load_.admit_address(peer("192.0.2.1"), now_));
  EXPECT_EQ(log(), Lines{"Refusing clients with 429: 1 connections of 192.0.2.1 are open "
                         "(--limit-connections-per-address; docs/limits.md#http-and-websockets)"});
}

TEST_F(LoadTest, SaysThatClientsWithTlsGetNoStatus) {
  config_.tls.certificates = {{"a.crt", "a.key"}};
  config_.load.max_connections = 1;
  config_.load.max_connections_per_address = 1;
  const auto only = load_.admit_connection(now_);
  const auto only_of_one = load_.admit_address(peer("192.0.2.1"), now_);
  EXPECT_FALSE(load_.admit_connection(now_));
  EXPECT_FALSE(load_.admit_address(peer("192.0.2.1"), now_));
  EXPECT_EQ(log(),
            (Lines{"Refusing clients with 503 (those with TLS by closing the connection): 1 "
                   "connections are open (--limit-connections; docs/limits.md#http-and-websockets)",
                   "Refusing clients with 429 (those with TLS by closing the connection): 1 "
                   "connections of 192.0.2.1 are open (--limit-connections-per-address; "
                   "docs/limits.md#http-and-websockets)"}));
  later(LimitEpisode::quiet_time);
  EXPECT_EQ(log(),
            (Lines{"Refused no more: 1 clients were (too many connections)",
                   "Refused no more: 1 clients were (too many connections of one address)"}));
}

TEST(ConnectionsForDescriptors, LeavesAReserveForFiles) {
  EXPECT_EQ(connections_for_descriptors(1'024), 922U);
  EXPECT_EQ(connections_for_descriptors(256), 192U);
  EXPECT_EQ(connections_for_descriptors(65'536), 58'983U);
  EXPECT_EQ(connections_for_descriptors(64), 32U);
  EXPECT_EQ(connections_for_descriptors(1), 1U);
}

TEST_F(LoadTest, CountsAnIpv6NetworkAsOneClient) {
  config_.load.max_connections_per_address = 1;
  const auto first = load_.admit_address(peer("2001:db8:0:1::1"), now_);
  EXPECT_TRUE(first);
  EXPECT_FALSE(load_.admit_address(peer("2001:db8:0:1:ffff::2"), now_));
  EXPECT_TRUE(load_.admit_address(peer("2001:db8:0:2::1"), now_));
  EXPECT_EQ(log(),
            (Lines{"Refusing clients with 429: 1 connections of 2001:db8:0:1::/64 are open "
                   "(--limit-connections-per-address; docs/limits.md#http-and-websockets)"}));
}

TEST(AddressCounts, ForgetsAddressesWithoutConnections) {
  AddressCounts counts;
  auto first = counts.take("a");
  auto second = counts.take("a");
  EXPECT_EQ(counts.size("a"), 2U);
  first.reset();
  EXPECT_EQ(counts.size("a"), 1U);
  second.reset();
  EXPECT_EQ(counts.addresses(), 0U);
}

}  // namespace
}  // namespace sioserve::connection
