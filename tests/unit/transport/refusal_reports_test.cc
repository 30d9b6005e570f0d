// Refused requests are told to the application.
#include <gtest/gtest.h>

#include "tests/unit/transport/fixture.h"

namespace sioserve::transport {
namespace {

using namespace std::chrono_literals;

const std::string polling = "EIO=4&transport=polling";

struct RefusalReportsTest : testing::Test, EngineIoFixture {
  RefusalReportsTest() { engine->handle(WatchRefusals{}); }

  std::vector<RequestRefused> reports() const { return sink.all<RequestRefused>(); }
  std::string last() const {
    const RequestRefused report = reports().back();
    return (report.code ? std::to_string(*report.code) : "-") + " " + report.message;
  }
};

TEST_F(RefusalReportsTest, NothingIsReportedByDefault) {
  restart();
  get("EIO=4");
  EXPECT_TRUE(reports().empty());
}

TEST_F(RefusalReportsTest, EachErrorHasItsCodeAndMessage) {
  get("EIO=4&transport=carrier&token=x");
  EXPECT_EQ(last(), "0 Transport unknown");
  EXPECT_EQ(reports().back().head.query_string, "EIO=4&transport=carrier&token=x");
  EXPECT_EQ(reports().back().endpoints.client.host, "192.0.2.7");
  poll("nobody");
  EXPECT_EQ(last(), "1 Session ID unknown");
  request(make_head("POST", "/socket.io/", polling));
  EXPECT_EQ(last(), "2 Bad handshake method");
  get("EIO=4&transport=websocket");
  EXPECT_EQ(last(), "3 Bad request");
  websocket(make_head("GET", "/socket.io/", "EIO=4&transport=websocket", {{"origin", "null"}}));
  EXPECT_EQ(last(), "4 Forbidden");
  get("EIO=3&transport=polling");
  EXPECT_EQ(last(), "5 Unsupported protocol version");
  engine->handle(EnableAllowRequest{});
  const Request asked = get(polling);
  engine->handle(HandshakeDecision{sink.all<HandshakeAsked>().back().stream, "not today", {}, {}});
  EXPECT_EQ(last(), "4 not today");
  EXPECT_EQ(reports().size(), 7u);
}

TEST_F(RefusalReportsTest, LimitsOfSessionsHaveNoCode) {
  config.engine_io.max_sessions = 1;
  restart();
  engine->handle(WatchRefusals{});
  open_polling();
  get(polling);
  EXPECT_EQ(last(), "- Too many sessions");
}

TEST_F(RefusalReportsTest, WhatASessionRefusesIsNotReported) {
  const std::string sid = open_polling();
  post(sid, "40");
  const Request first = poll(sid);
  const Request second = poll(sid);
  EXPECT_EQ(second->status, 400);
  EXPECT_TRUE(reports().empty());
}

TEST_F(RefusalReportsTest, AsManyPerSecondAsAllowedAndTheOthersAreCounted) {
  for (std::uint64_t i = 0; i < RefusalReports::most_per_second; ++i) get("");
  EXPECT_EQ(reports().size(), RefusalReports::most_per_second);
  get("");
  get("");
  EXPECT_EQ(reports().size(), RefusalReports::most_per_second);
  advance(1s);
  get("");
  get("");
  ASSERT_EQ(reports().size(), RefusalReports::most_per_second + 2);
  EXPECT_EQ(reports()[RefusalReports::most_per_second].omitted, 2u);
  EXPECT_EQ(reports().back().omitted, 0u);
}

}  // namespace
}  // namespace sioserve::transport
