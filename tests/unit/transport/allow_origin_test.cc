// Origins that the application decides about (CORS).
#include <gtest/gtest.h>

#include "tests/unit/transport/fixture.h"

namespace sioserve::transport {
namespace {

using namespace std::chrono_literals;

const std::string polling = "EIO=4&transport=polling";
const std::string direct = "EIO=4&transport=websocket";
const std::string page = "https://page.example";

struct AllowOriginTest : testing::Test, EngineIoFixture {
  AllowOriginTest() { engine->handle(EnableAllowOrigin{}); }

  Request from(const std::string& origin, const std::string& query = polling,
               const std::string& method = "GET") {
    return request(
        make_head(method, "/socket.io/", query, {{"host", "example.org"}, {"origin", origin}}));
  }
  WebSocket socket_from(const std::string& origin, const std::string& query = direct) {
    return websocket(make_head("GET", "/socket.io/", query, {{"origin", origin}}));
  }
  std::vector<HandshakeAsked> questions() const { return sink.all<HandshakeAsked>(); }
  void allow() {
    engine->handle(HandshakeDecision{questions().back().stream, std::nullopt, {}, {}});
  }
  void refuse() { engine->handle(HandshakeDecision{questions().back().stream, "", {}, {}}); }
  std::string open_from(const std::string& origin) {
    const Request handshake = from(origin);
    allow();
    return nlohmann::json::parse(handshake->body.substr(1)).at("sid");
  }
};

TEST_F(AllowOriginTest, AnAllowedOriginGetsTheHeadersAndItsSessionToo) {
  const Request handshake = from(page);
  EXPECT_EQ(handshake->responses, 0);
  EXPECT_EQ(questions().at(0).topic, HandshakeTopic::origin);
  allow();
  EXPECT_EQ(handshake->status, 200);
  EXPECT_EQ(handshake->header("access-control-allow-origin"), page);
  EXPECT_EQ(handshake->header("vary"), "Origin");
  const std::string sid = nlohmann::json::parse(handshake->body.substr(1)).at("sid");
  const Request preflight = from(page, polling + "&sid=" + sid, "OPTIONS");
  EXPECT_EQ(preflight->header("access-control-allow-origin"), page);
  const Request poll = from(page, polling + "&sid=" + sid);
  post(sid, "1");
  EXPECT_EQ(poll->header("access-control-allow-origin"), page);
  EXPECT_EQ(questions().size(), 1u) << "later requests of the session are not asked about";
}

TEST_F(AllowOriginTest, ARefusedOriginIsForbidden) {
  const Request handshake = from(page);
  refuse();
  EXPECT_EQ(handshake->status, 403);
  EXPECT_EQ(handshake->header("access-control-allow-origin"), "(none)");
  EXPECT_EQ(handshake->header("vary"), "Origin");
  const WebSocket socket = socket_from(page);
  refuse();
  EXPECT_EQ(socket->status, 403);
  EXPECT_EQ(engine->session_count(), 0u);
}

TEST_F(AllowOriginTest, ARefusedOriginThatAllowedHostsNamesGetsNoHeaders) {
  const Request handshake = from("https://example.org:444");
  refuse();
  EXPECT_EQ(handshake->status, 200);
  EXPECT_EQ(handshake->header("access-control-allow-origin"), "(none)");
}

TEST_F(AllowOriginTest, AWebSocketOfAnAllowedOriginIsAccepted) {
  const WebSocket socket = socket_from(page);
  EXPECT_FALSE(socket->accepted);
  allow();
  EXPECT_TRUE(socket->accepted);
}

TEST_F(AllowOriginTest, APreflightRequestIsAskedAbout) {
  const Request allowed = from(page, polling, "OPTIONS");
  EXPECT_EQ(allowed->responses, 0);
  allow();
  EXPECT_EQ(allowed->status, 204);
  EXPECT_EQ(allowed->header("access-control-allow-origin"), page);
  EXPECT_EQ(allowed->header("access-control-allow-methods"), "GET, HEAD, POST");
  const Request refused = from(page, polling, "OPTIONS");
  refuse();
  EXPECT_EQ(refused->status, 204);
  EXPECT_EQ(refused->header("access-control-allow-origin"), "(none)");
}

TEST_F(AllowOriginTest, ALaterRefusalHolds) {
  const std::string sid = open_from(page);
  const Request refused = from(page);
  refuse();
  const Request poll = from(page, polling + "&sid=" + sid);
  post(sid, "1");
  EXPECT_EQ(poll->status, 200);
  EXPECT_EQ(poll->header("access-control-allow-origin"), "(none)");
}

TEST_F(AllowOriginTest, OnlyOtherValidOriginsAreAskedAbout) {
  config.engine_io.cors.origins = {"https://listed.example"};
  config.engine_io.cors.ask = true;
  restart();
  EXPECT_EQ(from("https://listed.example")->status, 200);
  EXPECT_EQ(from("https://example.org")->status, 200) << "the server's own";
  EXPECT_EQ(get(polling)->status, 200);
  for (const char* invalid : {"null", "https://a.example/path", "", "a.example"}) {
    EXPECT_EQ(from(invalid)->status, 403) << invalid;
  }
  EXPECT_EQ(from(page, "EIO=4&transport=carrier")->status, 400);
  EXPECT_TRUE(questions().empty());
  from(page);
  EXPECT_EQ(questions().size(), 1u);
}

TEST_F(AllowOriginTest, TheHandshakeIsAskedAboutAfterItsOrigin) {
  engine->handle(EnableAllowRequest{});
  const Request handshake = from(page);
  allow();
  EXPECT_EQ(handshake->responses, 0);
  EXPECT_EQ(questions().at(1).topic, HandshakeTopic::request);
  engine->handle(HandshakeDecision{questions().back().stream, "not today", {}, {}});
  EXPECT_EQ(handshake->body, R"({"code":4,"message":"not today"})");
  EXPECT_EQ(handshake->header("access-control-allow-origin"), page) << "the page may read it";
  const WebSocket socket = socket_from(page);
  allow();
  EXPECT_FALSE(socket->accepted);
  allow();
  EXPECT_TRUE(socket->accepted);
}

TEST_F(AllowOriginTest, AnOriginThatIsNotDecidedInTimeIsRefused) {
  config.websocket.connect_timeout = 1s;
  restart();
  engine->handle(EnableAllowOrigin{});
  const Request handshake = from(page);
  const Request preflight = from(page, polling, "OPTIONS");
  Request gone = from(page);
  gone.close();
  advance(1100ms);
  EXPECT_EQ(handshake->status, 403);
  EXPECT_EQ(preflight->status, 204);
  EXPECT_EQ(preflight->header("access-control-allow-origin"), "(none)");
}

TEST_F(AllowOriginTest, AStopRefuses) {
  const Request handshake = from(page);
  shut_down();
  EXPECT_EQ(handshake->status, 400);
  EXPECT_EQ(from(page)->status, 400);
  EXPECT_EQ(questions().size(), 1u);
}

TEST_F(AllowOriginTest, ARoutedRequestIsAskedAboutForItsHeadersOnly) {
  const Request handshake =
      request(make_head("GET", "/ws/", polling, {{"origin", page}}), {}, StreamId{70});
  EXPECT_EQ(questions().at(0).stream, StreamId{70});
  refuse();
  EXPECT_EQ(handshake->status, 200);
  EXPECT_EQ(handshake->header("access-control-allow-origin"), "(none)");
}

}  // namespace
}  // namespace sioserve::transport
