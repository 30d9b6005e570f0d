#include "server/transport/session_quota.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tests/unit/transport/fixture.h"

namespace sioserve::transport {
namespace {

using Place = SessionQuota::Place;

Endpoints at(std::string host) { return {{std::move(host), 1}, {"127.0.0.1", 2}, false, {}}; }

class SessionQuotaTest : public testing::Test {
 protected:
  // Nullopt if a place is free; the place is kept.
  std::optional<SessionQuota::Full> take(const std::string& host) {
    auto place = quota_.take(at(host));
    if (!place) return place.error();
    places_.push_back(std::move(*place));
    return std::nullopt;
  }

  Config config_;
  Logger logger_{[](LogRecord) {}};
  Counters counters_;
  Limits limits_{config_, counters_, logger_};
  SessionQuota quota_{config_, limits_};
  std::vector<Place> places_;
};

TEST_F(SessionQuotaTest, ThereIsNoLimitByDefault) {
  for (int i = 0; i < 1000; ++i) EXPECT_FALSE(take("192.0.2.1"));
}

TEST_F(SessionQuotaTest, TheTotalOfSessionsIsLimited) {
  config_.engine_io.max_sessions = 2;
  EXPECT_FALSE(take("192.0.2.1"));
  EXPECT_FALSE(take("192.0.2.2"));
  EXPECT_EQ(take("192.0.2.3"), SessionQuota::Full::server);
  EXPECT_EQ(counters_.get(Counter::sessions_refused), 1u);
  places_.pop_back();
  EXPECT_FALSE(take("192.0.2.3"));
}

TEST_F(SessionQuotaTest, TheSessionsOfOneAddressAreLimited) {
  config_.engine_io.max_sessions = 3;
  config_.engine_io.max_sessions_per_address = 1;
  EXPECT_FALSE(take("192.0.2.1"));
  for (int i = 0; i < 3; ++i) EXPECT_EQ(take("192.0.2.1"), SessionQuota::Full::address);
  EXPECT_FALSE(take("192.0.2.2")) << "what was refused takes no place";
  EXPECT_EQ(counters_.get(Counter::address_sessions_refused), 3u);
  places_.clear();
  EXPECT_FALSE(take("192.0.2.1"));
}

TEST_F(SessionQuotaTest, AnIpv6NetworkIsOneClient) {
  config_.engine_io.max_sessions_per_address = 1;
  EXPECT_FALSE(take("2001:db8:0:1::1"));
  EXPECT_EQ(take("2001:db8:0:1:ffff::2"), SessionQuota::Full::address);
  EXPECT_FALSE(take("2001:db8:0:2::1"));
}

TEST_F(SessionQuotaTest, TrustedProxiesAndUnixSocketsAreNotCounted) {
  config_.engine_io.max_sessions_per_address = 1;
  for (int i = 0; i < 3; ++i) {
    EXPECT_FALSE(take("127.0.0.1"));
    EXPECT_FALSE(take(""));
  }
}

struct FullServerTest : testing::Test, EngineIoFixture {
  FullServerTest() {
    config.engine_io.max_sessions = 1;
    restart();
  }
};

TEST_F(FullServerTest, HandshakesAreRefusedAndOpenSessionsContinue) {
  const std::string sid = open_polling();
  const Request refused = get("EIO=4&transport=polling");
  EXPECT_EQ(refused->status, 503);
  EXPECT_EQ(refused->header("retry-after"), "1");
  EXPECT_EQ(refused->body, R"({"message":"Too many sessions"})");
  const WebSocket denied = websocket("EIO=4&transport=websocket");
  EXPECT_EQ(denied->status, 503);
  EXPECT_EQ(denied->body, refused->body);
  EXPECT_EQ(post(sid, "40")->body, "ok");
  WebSocket upgrading = websocket("EIO=4&transport=websocket&sid=" + sid);
  EXPECT_TRUE(upgrading->accepted);
  post(sid, "1");
  EXPECT_EQ(get("EIO=4&transport=polling")->status, 200);
}

TEST_F(FullServerTest, AHandshakesPlaceIsTakenBeforeItsWebSocketOpens) {
  FakeChannel first(make_head("GET", "/socket.io/", "EIO=4&transport=websocket"));
  const auto handler = engine->make_handler(first);
  handler->on_upgrade_request();
  EXPECT_TRUE(first.accepted);
  EXPECT_EQ(get("EIO=4&transport=polling")->status, 503);
  handler->on_closed(1006, {});
}

TEST_F(FullServerTest, AWebSocketThatNeverOpensReleasesItsPlace) {
  {
    FakeChannel first(make_head("GET", "/socket.io/", "EIO=4&transport=websocket"));
    const auto handler = engine->make_handler(first);
    handler->on_upgrade_request();
    handler->on_closed(1006, {});
  }
  EXPECT_EQ(get("EIO=4&transport=polling")->status, 200);
}

TEST_F(FullServerTest, AnAdoptedHandshakeIsRefusedAndAbandoned) {
  open_polling();
  Request adopted =
      request(make_head("GET", "/elsewhere/", "EIO=4&transport=polling"), {}, StreamId{77});
  EXPECT_EQ(adopted->status, 503);
  adopted.close();
  EXPECT_EQ(sink.all<SessionClosed>().at(0).session, SessionId{77});
}

}  // namespace
}  // namespace sioserve::transport
