#include "server/transport/engine_websocket.h"

#include <gtest/gtest.h>

#include "tests/unit/transport/fixture.h"

namespace sioserve::transport {
namespace {

using connection::FaultNotice;
using Messages = std::vector<std::string>;

struct EngineWebSocketTest : testing::Test, EngineIoFixture {
  WebSocket probe(const std::string& sid) {
    return websocket("EIO=4&transport=websocket&sid=" + sid);
  }
  static FaultNotice fault(WebSocket& socket) {
    return socket.handler->on_peer_fault(1002, "protocol error");
  }
  WebSocket upgrade(const std::string& sid) {
    WebSocket socket = probe(sid);
    socket.receive("2probe");
    socket.receive("5");
    return socket;
  }
};

TEST_F(EngineWebSocketTest, AHandshakeOpensASession) {
  WebSocket socket = websocket("EIO=4&transport=websocket");
  ASSERT_EQ(socket->sent.size(), 1u);
  EXPECT_TRUE(socket->sent[0].starts_with("0{"));
  socket.receive("40");
  server->handle(SocketAccept{sink.all<SocketConnect>().at(0).socket});
  EXPECT_TRUE(socket->sent.at(1).starts_with("40{\"sid\":"));
  socket.close();
  EXPECT_EQ(engine->session_count(), 0u);
  EXPECT_EQ(sink.all<SocketDisconnect>().at(0).reason, "engineio_websocket_disconnect");
}

TEST_F(EngineWebSocketTest, RefusedHandshakesAreDenied) {
  const auto denial = [this](const std::string& query) {
    const WebSocket socket = websocket(query);
    EXPECT_FALSE(socket->accepted);
    return std::to_string(socket->status) + " " + socket->body;
  };
  EXPECT_EQ(denial(""), R"(400 {"code":0,"message":"Transport unknown"})");
  EXPECT_EQ(denial("transport=websocket&sid=x"),
            R"(400 {"code":1,"message":"Session ID unknown"})");
  EXPECT_EQ(denial("transport=polling&EIO=4"), R"(400 {"code":3,"message":"Bad request"})");
  EXPECT_EQ(denial("transport=websocket&EIO=3"),
            R"(400 {"code":5,"message":"Unsupported protocol version"})");
  const WebSocket foreign = websocket(make_head("GET", "/socket.io/", "transport=websocket&EIO=4",
                                                {{"origin", "https://evil.example"}}));
  EXPECT_EQ(foreign->status, 403);
}

TEST_F(EngineWebSocketTest, AMessageAboveTheLimitClosesTheSession) {
  WebSocket socket = websocket("EIO=4&transport=websocket");
  socket.receive("40");
  socket.handler->on_message_too_big();
  EXPECT_EQ(fault(socket), FaultNotice::behind_answers) << "connect has not been answered";
  socket.close();
  EXPECT_EQ(sink.all<SocketDisconnect>().at(0).reason, "engineio_payload_too_large");
  EXPECT_EQ(counters.get(Counter::messages_too_large), 1u);
}

TEST_F(EngineWebSocketTest, AProbesMessageAboveTheLimitClosesOnlyTheProbe) {
  const std::string sid = open_polling();
  WebSocket socket = probe(sid);
  socket.handler->on_message_too_big();
  EXPECT_EQ(fault(socket), FaultNotice::at_once);
  socket.close();
  EXPECT_EQ(post(sid, "40")->body, "ok");
}

TEST_F(EngineWebSocketTest, AFaultWaitsUntilTheEventsBeforeItAreAnswered) {
  WebSocket socket = websocket("EIO=4&transport=websocket");
  socket.receive("40");
  const SocketId id = sink.all<SocketConnect>().at(0).socket;
  server->handle(SocketAccept{id});
  socket.receive(R"(420["a"])");
  socket.receive(R"(421["b"])");
  ASSERT_EQ(fault(socket), FaultNotice::behind_answers);
  server->handle(SocketAck{id, 0, {"[]", {}}});
  server->handle(SocketEventsDone{id, 1});
  EXPECT_FALSE(socket->close_code);
  server->handle(SocketAck{id, 1, {"[]", {}}});
  server->handle(SocketEventsDone{id, 1});
  EXPECT_TRUE(socket->close_code);
  EXPECT_EQ(socket->sent.back(), "431[]");
  EXPECT_EQ(sink.all<SocketDisconnect>().at(0).reference_reason, "transport error");
}

TEST_F(EngineWebSocketTest, AFaultWithoutEventsBeforeItIsToldAtOnce) {
  WebSocket socket = websocket("EIO=4&transport=websocket");
  socket.receive("40");
  server->handle(SocketAccept{sink.all<SocketConnect>().at(0).socket});
  EXPECT_EQ(fault(socket), FaultNotice::at_once);
  socket.close();
  EXPECT_EQ(sink.all<SocketDisconnect>().at(0).reason, "engineio_websocket_disconnect");
  EXPECT_EQ(sink.all<SocketDisconnect>().at(0).reference_reason, "transport error");
}

TEST_F(EngineWebSocketTest, APollingSessionIsUpgraded) {
  const std::string sid = open_polling();
  Request waiting = poll(sid);
  WebSocket socket = probe(sid);
  socket.receive("2probe");
  EXPECT_EQ(socket->sent, (Messages{"3probe"}));
  EXPECT_EQ(waiting->body, "6");
  waiting.close();
  socket.receive("5");
  socket.receive("40");
  EXPECT_EQ(sink.all<SocketConnect>().size(), 1u);
  EXPECT_EQ(poll(sid)->body, R"({"code":3,"message":"Bad request"})");
  EXPECT_EQ(engine->session_count(), 1u);
}

TEST_F(EngineWebSocketTest, ASecondWebSocketForAnUpgradedSessionIsAcceptedAndClosed) {
  const std::string sid = open_polling();
  WebSocket first = upgrade(sid);
  const WebSocket second = probe(sid);
  EXPECT_TRUE(second->accepted);
  EXPECT_TRUE(second->close_code);
  EXPECT_FALSE(first->close_code);
  first.receive("40");
  EXPECT_EQ(sink.all<SocketConnect>().size(), 1u);
}

TEST_F(EngineWebSocketTest, ASecondProbeIsAcceptedAndClosed) {
  const std::string sid = open_polling();
  WebSocket first = probe(sid);
  const WebSocket second = probe(sid);
  EXPECT_TRUE(second->close_code);
  first.receive("2probe");
  first.receive("5");
  EXPECT_EQ(poll(sid)->status, 400);
}

TEST_F(EngineWebSocketTest, AFailedProbeDoesNotAffectPolling) {
  const std::string sid = open_polling();
  WebSocket socket = probe(sid);
  socket.receive("2probe");
  socket.close();
  EXPECT_EQ(post(sid, "40")->body, "ok");
  server->handle(SocketAccept{sink.all<SocketConnect>().at(0).socket});
  EXPECT_TRUE(poll(sid)->body.starts_with("40{"));
  upgrade(sid).receive("41");
  EXPECT_EQ(sink.all<SocketDisconnect>().size(), 1u);
}

TEST_F(EngineWebSocketTest, WithoutUpgradesAProbeIsAcceptedAndClosed) {
  config.engine_io.allow_upgrades = false;
  restart();
  const std::string sid = open_polling();
  WebSocket refused = probe(sid);
  EXPECT_TRUE(refused->accepted);
  EXPECT_TRUE(refused->close_code);
  refused.receive("2probe");
  EXPECT_TRUE(refused->sent.empty());
  EXPECT_EQ(post(sid, "40")->body, "ok");
  EXPECT_FALSE(websocket("EIO=4&transport=websocket")->close_code);
}

TEST_F(EngineWebSocketTest, AHandshakesResponseHasCookieAndCorsHeaders) {
  config.engine_io.cookie = "io";
  config.engine_io.cors.origins = {"https://page.example"};
  restart();
  const auto connect = [this](const std::string& query, const std::string& origin) {
    return websocket(make_head("GET", "/socket.io/", query, {{"origin", origin}}));
  };
  const WebSocket opened = connect("EIO=4&transport=websocket", "https://page.example");
  const std::string sid = nlohmann::json::parse(opened->sent.at(0).substr(1)).at("sid");
  EXPECT_EQ(opened->header("set-cookie"), "io=" + sid + "; Path=/; HttpOnly; SameSite=Lax");
  EXPECT_EQ(opened->header("access-control-allow-origin"), "https://page.example");
  EXPECT_EQ(probe(open_polling())->header("set-cookie"), "(none)");

  const WebSocket refused = connect("EIO=3&transport=websocket", "https://page.example");
  EXPECT_EQ(refused->header("access-control-allow-origin"), "https://page.example");
  const WebSocket foreign = connect("EIO=4&transport=websocket", "https://evil.example");
  EXPECT_EQ(foreign->status, 403);
  EXPECT_EQ(foreign->header("access-control-allow-origin"), "(none)");
}

TEST_F(EngineWebSocketTest, ASessionMayCloseBeforeTheProbeOpens) {
  const std::string sid = open_polling();
  FakeChannel channel(make_head("GET", "/socket.io/", "EIO=4&transport=websocket&sid=" + sid));
  const auto handler = engine->make_handler(channel);
  handler->on_upgrade_request();
  ASSERT_TRUE(channel.accepted);
  post(sid, "1");
  handler->on_open();
  EXPECT_TRUE(channel.close_code);
  handler->on_message(MessageKind::text, "2probe");
  handler->on_closed(1005, {});
}

TEST_F(EngineWebSocketTest, AnOversizeMessageClosesWith1009) {
  WebSocket socket = websocket("EIO=4&transport=websocket");
  socket.receive(std::string(config.engine_io.max_payload + 1, '4'));
  EXPECT_EQ(socket->close_code, 1009);
  EXPECT_EQ(engine->session_count(), 0u);
  socket.receive("40");
  socket.close();
}

TEST_F(EngineWebSocketTest, ASlowWebSocketGetsPacketsAsItDrains) {
  WebSocket socket = websocket("EIO=4&transport=websocket");
  socket.receive("40");
  const SocketId id = sink.all<SocketConnect>().at(0).socket;
  server->handle(SocketAccept{id});
  socket->sent.clear();
  socket->buffered_bytes = 2'000'000;
  server->handle(SocketEmit{id, {R"(["x"])", {}}, std::nullopt});
  EXPECT_TRUE(socket->sent.empty());
  socket->buffered_bytes = 0;
  socket.handler->on_drain();
  EXPECT_EQ(socket->sent, (Messages{R"(42["x"])"}));
}

TEST_F(EngineWebSocketTest, ARoutedSessionHasTheIdOfItsStream) {
  WebSocket socket = websocket(
      make_head("GET", "/ws/chat/", "EIO=4&transport=websocket", {{"origin", "https://x.example"}}),
      StreamId{88});
  socket.receive("40");
  EXPECT_EQ(sink.all<SocketConnect>().at(0).session, SessionId{88});
  socket.close();
  ASSERT_EQ(sink.all<SessionClosed>().size(), 1u);
  EXPECT_EQ(sink.all<SessionClosed>()[0].session, SessionId{88});
}

TEST_F(EngineWebSocketTest, ARoutedWebSocketWithoutASessionIsReportedAsClosed) {
  WebSocket socket =
      websocket(make_head("GET", "/ws/chat/", "transport=websocket&sid=gone"), StreamId{89});
  EXPECT_EQ(socket->status, 400);
  socket.close();
  EXPECT_EQ(sink.all<SessionClosed>().at(0).session, SessionId{89});
}

TEST_F(EngineWebSocketTest, ShutDownTakesOnePartAtATimeWhenNoTimeIsLeft) {
  constexpr std::size_t messages = 10'000;
  WebSocket slow = websocket("EIO=4&transport=websocket");
  slow.receive("40");
  const SocketId socket = sink.all<SocketConnect>().at(0).socket;
  server->handle(SocketAccept{socket});
  slow->buffered_bytes = 1'000'000;
  for (std::size_t i = 0; i < messages; ++i) {
    server->handle(SocketEmit{socket, {R"(["e"])", {}}, std::nullopt});
  }
  const std::size_t before = slow->sent.size();
  std::size_t turns = 1;
  while (!engine->shut_down_while([] { return false; })) {
    EXPECT_FALSE(slow->close_code);
    EXPECT_LT(slow->sent.size(), before + turns * 1'000);
    ++turns;
  }
  EXPECT_GT(turns, 10u);
  EXPECT_EQ(slow->sent.size(), before + messages);
  EXPECT_EQ(slow->close_code, 1012);
  EXPECT_EQ(engine->session_count(), 0u);
}

TEST_F(EngineWebSocketTest, ShutDownClosesWithServiceRestart) {
  WebSocket socket = websocket("EIO=4&transport=websocket");
  socket.receive("40");
  shut_down();
  EXPECT_EQ(socket->close_code, 1012);
  EXPECT_EQ(sink.all<SocketDisconnect>().at(0).reference_reason, "server shutting down");
  socket.close();
}

}  // namespace
}  // namespace sioserve::transport
