// Handshakes that the application decides about.
#include <gtest/gtest.h>

#include "tests/unit/transport/fixture.h"

namespace sioserve::transport {
namespace {

using namespace std::chrono_literals;

const std::string polling = "EIO=4&transport=polling";
const std::string direct = "EIO=4&transport=websocket";

struct AllowRequestTest : testing::Test, EngineIoFixture {
  AllowRequestTest() { engine->handle(EnableAllowRequest{}); }

  StreamId asked() const { return sink.all<HandshakeAsked>().back().stream; }
  std::size_t questions() const { return sink.all<HandshakeAsked>().size(); }
  void decide(StreamId stream, std::optional<std::string> refusal = std::nullopt) {
    engine->handle(HandshakeDecision{stream, std::move(refusal), {}, {}});
  }
};

TEST_F(AllowRequestTest, TheApplicationIsNotAskedByDefault) {
  restart();
  EXPECT_EQ(get(polling)->status, 200);
  EXPECT_EQ(questions(), 0u);
  config.ask_about_handshakes = true;
  restart();
  EXPECT_EQ(get(polling)->responses, 0);
  EXPECT_EQ(questions(), 1u);
}

TEST_F(AllowRequestTest, AnAllowedHandshakeContinues) {
  const Request waiting =
      request(make_head("GET", "/socket.io/", polling + "&token=x", {{"cookie", "a=b"}}));
  EXPECT_EQ(waiting->responses, 0);
  EXPECT_EQ(engine->session_count(), 0u);
  const auto question = sink.all<HandshakeAsked>().at(0);
  EXPECT_EQ(question.head.query_string, polling + "&token=x");
  EXPECT_EQ(find_header(question.head.headers, "cookie"), "a=b");
  decide(question.stream);
  EXPECT_EQ(waiting->status, 200);
  EXPECT_EQ(engine->session_count(), 1u);
  decide(question.stream, "again");
  EXPECT_EQ(waiting->responses, 1);
}

TEST_F(AllowRequestTest, HeadersOfTheApplicationStandInTheFirstResponse) {
  config.engine_io.cookie = "io";
  restart();
  engine->handle(EnableAllowRequest{});
  const Headers headers = {{"set-cookie", "lb=1"}, {"x-node", "n"}};
  const Request plain = get(polling);
  engine->handle(HandshakeDecision{asked(), std::nullopt, headers, {}});
  EXPECT_EQ(plain->header("x-node"), "n");
  EXPECT_EQ(plain->header("set-cookie"), "lb=1");
  const std::string sid = nlohmann::json::parse(plain->body.substr(1)).at("sid");
  EXPECT_EQ(post(sid, "40")->header("x-node"), "(none)");
  const WebSocket socket = websocket(direct);
  engine->handle(HandshakeDecision{asked(), std::nullopt, headers, {}});
  ASSERT_TRUE(socket->accepted);
  EXPECT_EQ(socket->header("x-node"), "n");
  const Request refused = get(polling);
  engine->handle(HandshakeDecision{asked(), "no", headers, {}});
  EXPECT_EQ(refused->header("x-node"), "(none)");
}

TEST_F(AllowRequestTest, HeadersOfTheSessionStandInAllItsResponses) {
  const Headers headers = {{"x-shard", "7"}};
  const Request handshake = get(polling);
  engine->handle(HandshakeDecision{asked(), std::nullopt, {}, headers});
  EXPECT_EQ(handshake->header("x-shard"), "7");
  const std::string sid = nlohmann::json::parse(handshake->body.substr(1)).at("sid");
  const Request waiting = poll(sid);
  EXPECT_EQ(post(sid, "40")->header("x-shard"), "7");
  WebSocket upgraded = websocket(direct + "&sid=" + sid);
  ASSERT_TRUE(upgraded->accepted);
  EXPECT_EQ(upgraded->header("x-shard"), "7");
  upgraded.receive("2probe");
  EXPECT_EQ(waiting->header("x-shard"), "7");

  const WebSocket socket = websocket(direct);
  engine->handle(HandshakeDecision{asked(), std::nullopt, {{"x-one", "1"}}, headers});
  EXPECT_EQ(socket->header("x-shard"), "7");
  EXPECT_EQ(socket->header("x-one"), "1");

  const Request other = get(polling);
  decide(asked());
  EXPECT_EQ(other->header("x-shard"), "(none)") << "each session has its own";
}

TEST_F(AllowRequestTest, ARefusedOneIsToldWhy) {
  const Request plain = get(polling);
  decide(asked(), "");
  EXPECT_EQ(plain->status, 403);
  EXPECT_EQ(plain->body, R"({"code":4,"message":"Forbidden"})");
  const Request told = get(polling);
  decide(asked(), "not \"you\"\n\xff");
  EXPECT_EQ(told->body, "{\"code\":4,\"message\":\"not \\\"you\\\"\\n\xEF\xBF\xBD\"}");
  EXPECT_EQ(engine->session_count(), 0u);
}

TEST_F(AllowRequestTest, WebSocketsAreAskedAboutToo) {
  WebSocket allowed = websocket(direct);
  EXPECT_FALSE(allowed->accepted);
  decide(asked());
  ASSERT_TRUE(allowed->accepted);
  allowed.handler->on_open();
  EXPECT_TRUE(allowed->sent.at(0).starts_with("0{"));
  const WebSocket refused = websocket(direct);
  decide(asked(), "no");
  EXPECT_EQ(refused->status, 403);
  EXPECT_EQ(refused->body, R"({"code":4,"message":"no"})");
}

TEST_F(AllowRequestTest, OnlyHandshakesThatPassTheOtherChecksAreAskedAbout) {
  get("EIO=4&transport=nothing");
  get(polling + "&sid=nobody");
  request(make_head("POST", "/socket.io/", polling));
  get(direct);
  request(make_head("GET", "/socket.io/", polling, {{"origin", "https://evil.example"}}));
  EXPECT_EQ(questions(), 0u);

  const Request old = get("EIO=3&transport=polling");
  EXPECT_EQ(questions(), 1u) << "the version comes last";
  decide(asked());
  EXPECT_EQ(old->body, R"({"code":5,"message":"Unsupported protocol version"})");

  const Request handshake = get(polling);
  decide(asked());
  const std::string sid = nlohmann::json::parse(handshake->body.substr(1)).at("sid");
  post(sid, "40");
  websocket(direct + "&sid=" + sid);
  EXPECT_EQ(questions(), 2u) << "neither requests of a session nor its upgrade";
}

TEST_F(AllowRequestTest, ARoutedHandshakeIsAskedAboutUnderTheIdOfItsStream) {
  Request refused = request(make_head("GET", "/ws/", polling), {}, StreamId{70});
  EXPECT_EQ(asked(), StreamId{70});
  decide(StreamId{70}, "");
  EXPECT_EQ(refused->status, 403);
  refused.close();
  EXPECT_EQ(sink.all<SessionClosed>().at(0).session, SessionId{70});
  const Request allowed = request(make_head("GET", "/ws/", polling), {}, StreamId{71});
  decide(StreamId{71});
  EXPECT_EQ(allowed->status, 200);
}

TEST_F(AllowRequestTest, ADisconnectedHandshakeIsForgotten) {
  Request gone = get(polling);
  WebSocket gone_too = websocket(direct);
  gone.close();
  gone_too.close();
  for (const HandshakeAsked& question : sink.all<HandshakeAsked>()) decide(question.stream);
  advance(10s);
  EXPECT_EQ(engine->session_count(), 0u);
}

TEST_F(AllowRequestTest, AHandshakeThatIsNotDecidedInTimeIsRefused) {
  config.websocket.connect_timeout = 2s;
  restart();
  engine->handle(EnableAllowRequest{});
  const Request first = get(polling);
  advance(1s);
  const WebSocket second = websocket(direct);
  advance(960ms);
  EXPECT_EQ(first->responses, 0);
  advance(60ms);
  EXPECT_EQ(first->status, 403);
  EXPECT_EQ(second->status, 0);
  advance(1s);
  EXPECT_EQ(second->status, 403);
  decide(sink.all<HandshakeAsked>().at(0).stream);
  EXPECT_EQ(first->responses, 1);
  EXPECT_EQ(engine->session_count(), 0u);
}

TEST_F(AllowRequestTest, LateHandshakesMakeAtMostOneLogLineInASecond) {
  config.websocket.connect_timeout = 500ms;
  restart();
  engine->handle(EnableAllowRequest{});
  std::vector<Request> waiting;
  for (int i = 0; i < 40; ++i) {
    waiting.push_back(get(polling));
    advance(100ms);
  }
  advance(2s);
  EXPECT_EQ(waiting.back()->status, 403);
  ASSERT_EQ(log.size(), 5U);
  const std::string why =
      " refused with 403: allow_request or allow_origin did not decide within 500 ms "
      "(--websocket-connect-timeout)";
  EXPECT_EQ(log[0], "1 handshake was" + why);
  EXPECT_EQ(log[1], "10 handshakes were" + why);
  EXPECT_EQ(log[4], "9 handshakes were" + why);
}

TEST_F(AllowRequestTest, PendingHandshakesAreRefusedWhenTheServerStops) {
  const Request waiting = get(polling);
  shut_down();
  EXPECT_EQ(waiting->body, R"({"code":3,"message":"Bad request"})");
  decide(asked());
  EXPECT_EQ(engine->session_count(), 0u);
}

}  // namespace
}  // namespace sioserve::transport
