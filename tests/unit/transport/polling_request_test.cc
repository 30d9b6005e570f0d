#include "server/transport/polling_request.h"

#include <gtest/gtest.h>

#include "tests/unit/transport/fixture.h"

namespace sioserve::transport {
namespace {

struct PollingTest : testing::Test, EngineIoFixture {
  // Opens a session and connects it to "/"; returns sid and socket.
  std::pair<std::string, SocketId> connect() {
    const std::string sid = open_polling();
    EXPECT_EQ(post(sid, "40")->status, 200);
    const SocketId socket = sink.all<SocketConnect>().back().socket;
    server->handle(SocketAccept{socket});
    poll(sid);
    return {sid, socket};
  }
  void emit(SocketId socket, std::string json) {
    server->handle(SocketEmit{socket, {std::move(json), {}}, std::nullopt});
  }
};

TEST_F(PollingTest, TheHandshakeIsAnsweredWithTheOpenPacket) {
  const Request handshake = get("EIO=4&transport=polling&t=abc");
  EXPECT_EQ(handshake->status, 200);
  EXPECT_EQ(handshake->header("content-type"), "text/plain; charset=UTF-8");
  EXPECT_EQ(handshake->header("cache-control"), "no-store");
  const auto open = nlohmann::json::parse(handshake->body.substr(1));
  EXPECT_EQ(open.at("sid").get<std::string>().size(), 20u);
  EXPECT_EQ(engine->session_count(), 1u);
}

TEST_F(PollingTest, PacketsAreSentAndReceived) {
  const auto [sid, socket] = connect();
  const Request posted = post(sid, R"(42["hi"])");
  EXPECT_EQ(posted->status, 200);
  EXPECT_EQ(posted->body, "ok");
  EXPECT_EQ(posted->header("content-type"), "text/html");
  EXPECT_EQ(posted->header("cache-control"), "no-store");
  EXPECT_EQ(sink.all<SocketEvent>().size(), 1u);

  Request waiting = poll(sid);
  EXPECT_EQ(waiting->responses, 0);
  emit(socket, R"(["a"])");
  emit(socket, R"(["b"])");
  EXPECT_EQ(waiting->body, R"(42["a"])");
  EXPECT_EQ(waiting->header("content-type"), "text/plain; charset=UTF-8");
  waiting.close();
  EXPECT_EQ(poll(sid)->body, R"(42["b"])");
}

TEST_F(PollingTest, ABodyMayArriveInSeveralParts) {
  const std::string sid = open_polling();
  FakeExchange exchange(make_head("POST", "/socket.io/", "EIO=4&transport=polling&sid=" + sid));
  const auto handler = engine->make_handler(exchange);
  handler->on_request("4", BodyPart::more);
  EXPECT_TRUE(exchange.wanted);
  handler->on_body("0", BodyPart::more);
  EXPECT_EQ(exchange.responses, 0);
  handler->on_body("", BodyPart::last);
  EXPECT_EQ(exchange.body, "ok");
  EXPECT_EQ(sink.all<SocketConnect>().size(), 1u);
}

TEST_F(PollingTest, AnOversizePostGets413AndTheSessionStaysOpen) {
  const std::string sid = open_polling();
  const std::string big(config.engine_io.max_payload + 1, 'x');
  EXPECT_EQ(post(sid, big)->status, 413);

  FakeExchange announced(make_head("POST", "/socket.io/", "EIO=4&transport=polling&sid=" + sid,
                                   {{"content-length", "99999999999999999999999"}}));
  const auto handler = engine->make_handler(announced);
  handler->on_request({}, BodyPart::more);
  EXPECT_EQ(announced.status, 413);
  EXPECT_FALSE(announced.wanted);
  handler->on_body("ignored", BodyPart::last);
  EXPECT_EQ(announced.responses, 1);
  handler->on_closed();

  EXPECT_EQ(post(sid, "40")->body, "ok");
  EXPECT_EQ(post(sid, "4" + std::string(config.engine_io.max_payload, 'x'))->status, 413);
  EXPECT_EQ(engine->session_count(), 1u);
}

TEST_F(PollingTest, ASecondPollClosesTheSession) {
  const std::string sid = open_polling();
  const Request first = poll(sid);
  const Request second = poll(sid);
  EXPECT_EQ(first->body, "1");
  EXPECT_EQ(second->status, 400);
  EXPECT_EQ(poll(sid)->body, R"({"code":1,"message":"Session ID unknown"})");
}

TEST_F(PollingTest, ASecondPostClosesTheSession) {
  const std::string sid = open_polling();
  FakeExchange first(make_head("POST", "/socket.io/", "EIO=4&transport=polling&sid=" + sid));
  const auto handler = engine->make_handler(first);
  handler->on_request("4", BodyPart::more);
  EXPECT_EQ(post(sid, "40")->status, 400);
  EXPECT_EQ(first.status, 400);
  handler->on_body("0", BodyPart::last);
  handler->on_closed();
  EXPECT_EQ(first.responses, 1);
  EXPECT_EQ(engine->session_count(), 0u);
}

TEST_F(PollingTest, AnAbortedPollClosesTheSession) {
  const auto [sid, socket] = connect();
  Request waiting = poll(sid);
  waiting.close();
  EXPECT_EQ(engine->session_count(), 0u);
  EXPECT_EQ(sink.all<SocketDisconnect>().at(0).reason, "engineio_polling_disconnect");
}

TEST_F(PollingTest, AnAnsweredPollMayCloseLater) {
  const auto [sid, socket] = connect();
  Request waiting = poll(sid);
  emit(socket, R"(["a"])");
  EXPECT_EQ(waiting->status, 200);
  const Request next = poll(sid);
  waiting.close();
  EXPECT_EQ(engine->session_count(), 1u);
}

TEST_F(PollingTest, TheClientsCloseEndsTheSession) {
  const auto [sid, socket] = connect();
  const Request waiting = poll(sid);
  EXPECT_EQ(post(sid, "1")->body, "ok");
  EXPECT_EQ(waiting->body, "6");
  EXPECT_EQ(engine->session_count(), 0u);
}

TEST_F(PollingTest, LostClientsTimeOut) {
  connect();
  advance(std::chrono::seconds(44));
  EXPECT_EQ(engine->session_count(), 1u);
  advance(std::chrono::milliseconds(1100));
  EXPECT_EQ(engine->session_count(), 0u);
  EXPECT_EQ(sink.all<SocketDisconnect>().at(0).reason, "engineio_timeout");
  EXPECT_EQ(sink.all<SessionClosed>().size(), 1u);
}

TEST_F(PollingTest, APollDoesNotReachAnExpiredSession) {
  const auto [sid, socket] = connect();
  const TimePoint opened = now;
  advance(config.engine_io.ping_interval + std::chrono::milliseconds(20));
  EXPECT_EQ(poll(sid)->body, "2");
  now = opened + config.engine_io.ping_interval + config.engine_io.ping_timeout;
  EXPECT_EQ(poll(sid)->status, 400);
  EXPECT_EQ(sink.all<SocketDisconnect>().at(0).reason, "engineio_timeout");
}

TEST_F(PollingTest, ARequestMayOutliveItsSession) {
  const std::string sid = open_polling();
  Request posted = post(sid, "1");
  Request refused = post(sid, "1");
  advance(std::chrono::milliseconds(100));
  posted.close();
  refused.close();
}

TEST_F(PollingTest, AClosedSessionSendsTheClosePacketWithItsNextPolls) {
  const auto [sid, socket] = connect();
  server->handle(SocketClose{socket, true});
  EXPECT_EQ(post(sid, "43[]")->body, "ok")
      << "after an error the client would close before it reads";
  EXPECT_EQ(poll(sid)->body, "41");
  EXPECT_EQ(poll(sid)->body, "1");
  EXPECT_EQ(engine->session_count(), 0u);
}

TEST_F(PollingTest, AClosedSessionIsNotUpgraded) {
  const auto [sid, socket] = connect();
  server->handle(SocketClose{socket, true});
  EXPECT_EQ(websocket("EIO=4&transport=websocket&sid=" + sid)->body,
            R"({"code":1,"message":"Session ID unknown"})");
  EXPECT_EQ(poll(sid)->body, "41");
}

TEST_F(PollingTest, ABinaryPostClosesTheSession) {
  for (const char* type : {"application/octet-stream", "Application/Octet-Stream; charset=utf-8"}) {
    const std::string sid = open_polling();
    const Request refused =
        request(make_head("POST", "/socket.io/", "EIO=4&transport=polling&sid=" + sid,
                          {{"content-type", type}}),
                "40");
    EXPECT_EQ(refused->status, 400);
    EXPECT_EQ(engine->session_count(), 0u);
  }
  EXPECT_TRUE(sink.all<SocketConnect>().empty());
}

TEST_F(PollingTest, APostWithAnyOtherContentTypeIsText) {
  for (const char* type : {"text/plain;charset=UTF-8", "application/json", ""}) {
    const std::string sid = open_polling();
    const Request posted =
        request(make_head("POST", "/socket.io/", "EIO=4&transport=polling&sid=" + sid,
                          {{"content-type", type}}),
                "40");
    EXPECT_EQ(posted->body, "ok");
  }
}

// --- options ---

TEST_F(PollingTest, NoUpgradeIsOfferedIfUpgradesAreOff) {
  const auto upgrades = [this] {
    return nlohmann::json::parse(get("EIO=4&transport=polling")->body.substr(1))
        .at("upgrades")
        .dump();
  };
  EXPECT_EQ(upgrades(), R"(["websocket"])");
  config.engine_io.allow_upgrades = false;
  restart();
  EXPECT_EQ(upgrades(), "[]");
  config.engine_io.allow_upgrades = true;
  config.engine_io.transports = {"polling"};
  restart();
  EXPECT_EQ(upgrades(), "[]");
}

TEST_F(PollingTest, TheHandshakeSetsTheCookie) {
  config.engine_io.cookie = "io";
  restart();
  const Request handshake = get("EIO=4&transport=polling");
  const std::string sid = nlohmann::json::parse(handshake->body.substr(1)).at("sid");
  EXPECT_EQ(handshake->header("set-cookie"), "io=" + sid + "; Path=/; HttpOnly; SameSite=Lax");
  EXPECT_EQ(post(sid, "40")->header("set-cookie"), "(none)");
}

TEST_F(PollingTest, EveryResponseHasCorsHeaders) {
  config.engine_io.cors.origins = {"https://page.example"};
  config.engine_io.cors.credentials = true;
  restart();
  const HeaderBlock origin = {{"origin", "https://page.example"}};
  const auto ask = [&](const std::string& method, const std::string& query, std::string body = {},
                       std::optional<StreamId> adopted = {}) {
    Request made = request(make_head(method, "/socket.io/", query, origin), body, adopted);
    EXPECT_EQ(made->header("access-control-allow-origin"), "https://page.example") << query;
    EXPECT_EQ(made->header("access-control-allow-credentials"), "true") << query;
    EXPECT_EQ(made->header("vary"), "Origin") << query;
    return made;
  };
  const Request handshake = ask("GET", "EIO=4&transport=polling");
  EXPECT_EQ(handshake->status, 200) << "its origin is none of allowed_hosts";
  const std::string session =
      "EIO=4&transport=polling&sid=" +
      nlohmann::json::parse(handshake->body.substr(1)).at("sid").get<std::string>();
  EXPECT_EQ(ask("POST", session, "40")->body, "ok");
  server->handle(SocketAccept{sink.all<SocketConnect>().back().socket});
  EXPECT_EQ(ask("GET", session)->status, 200);
  EXPECT_EQ(ask("POST", session, std::string(config.engine_io.max_payload + 1, 'x'))->status, 413);
  EXPECT_EQ(ask("GET", "EIO=4&transport=nothing")->status, 400);
  EXPECT_EQ(ask("GET", "EIO=4&transport=polling", "", StreamId{90})->status, 200);
  EXPECT_EQ(ask("GET", "EIO=3&transport=polling", "", StreamId{91})->status, 400);
}

TEST_F(PollingTest, APreflightIsAnsweredForNativeAndRoutedRequests) {
  const auto ask = [this](std::optional<StreamId> adopted) {
    Request made = request(make_head("OPTIONS", "/socket.io/", "EIO=4&transport=polling",
                                     {{"origin", "https://page.example"}}),
                           {}, adopted);
    made.handler->on_closed();
    return made;
  };
  EXPECT_EQ(ask(std::nullopt)->body, R"({"code":2,"message":"Bad handshake method"})");
  config.engine_io.cors.origins = {"https://page.example"};
  restart();
  EXPECT_EQ(ask(std::nullopt)->status, 204);
  EXPECT_EQ(ask(StreamId{92})->status, 204);
  EXPECT_EQ(ask(StreamId{92})->header("access-control-allow-origin"), "https://page.example");
  EXPECT_EQ(engine->session_count(), 0u);
  EXPECT_EQ(sink.all<SessionClosed>().at(0).session, SessionId{92});
}

TEST_F(PollingTest, LongResponsesAreCompressed) {
  const auto [sid, socket] = connect();
  const std::string text = "[\"" + std::string(2'000, 'x') + "\"]";
  const auto poll_with = [&, sid = sid](std::string accepted) {
    return request(make_head("GET", "/socket.io/", "EIO=4&transport=polling&sid=" + sid,
                             {{"accept-encoding", accepted}}));
  };
  emit(socket, text);
  const Request compressed = poll_with("gzip");
  EXPECT_EQ(compressed->header("content-encoding"), "gzip");
  EXPECT_EQ(compressed->header("vary"), "Accept-Encoding");
  EXPECT_EQ(compressed->header("content-type"), "text/plain; charset=UTF-8");
  EXPECT_LT(compressed->body.size(), 100u);

  emit(socket, text);
  const Request refused = poll_with("gzip;q=0");
  EXPECT_EQ(refused->header("content-encoding"), "(none)");
  EXPECT_EQ(refused->header("vary"), "Accept-Encoding");
  EXPECT_EQ(refused->body, "42" + text);
}

TEST_F(PollingTest, ResponsesBelowTheThresholdAreNotCompressed) {
  config.engine_io.compression_threshold = 100;
  restart();
  const auto [sid, socket] = connect();
  const auto encoding = [&, sid = sid, socket = socket](std::size_t size) {
    // Packet type and brackets are four characters, the quotes two.
    emit(socket, "[\"" + std::string(size - 6, 'x') + "\"]");
    return request(make_head("GET", "/socket.io/", "EIO=4&transport=polling&sid=" + sid,
                             {{"accept-encoding", "gzip"}}))
        ->header("content-encoding");
  };
  EXPECT_EQ(encoding(99), "(none)");
  EXPECT_EQ(encoding(100), "gzip");
}

TEST_F(PollingTest, NothingIsCompressedIfCompressionIsOff) {
  config.engine_io.http_compression = false;
  restart();
  const auto [sid, socket] = connect();
  emit(socket, "[\"" + std::string(2'000, 'x') + "\"]");
  const Request answer = request(make_head(
      "GET", "/socket.io/", "EIO=4&transport=polling&sid=" + sid, {{"accept-encoding", "gzip"}}));
  EXPECT_EQ(answer->header("content-encoding"), "(none)");
  EXPECT_EQ(answer->header("vary"), "(none)");
}

TEST_F(PollingTest, AVeryLongResponseIsCompressedOnTheThreadPool) {
  const auto [sid, socket] = connect();
  const auto start = [&, sid = sid, socket = socket] {
    emit(socket, "[\"" + std::string(1'000'000, 'x') + "\"]");
    return request(make_head("GET", "/socket.io/", "EIO=4&transport=polling&sid=" + sid,
                             {{"accept-encoding", "deflate"}}));
  };
  Request waiting = start();
  EXPECT_EQ(waiting->responses, 0);
  ASSERT_EQ(background.size(), 1u);
  run_background();
  EXPECT_EQ(waiting->header("content-encoding"), "deflate");
  waiting.close();

  Request gone = start();
  gone.close();
  run_background();
  EXPECT_EQ(gone->responses, 0);
}

// --- handed over by the application ---

TEST_F(PollingTest, ARoutedSessionHasTheIdOfItsStream) {
  Request handshake =
      request(make_head("GET", "/ws/chat/", "EIO=4&transport=polling"), {}, StreamId{77});
  EXPECT_EQ(handshake->status, 200);
  handshake.close();
  const std::string sid = nlohmann::json::parse(handshake->body.substr(1)).at("sid");
  request(make_head("POST", "/ws/chat/", "EIO=4&transport=polling&sid=" + sid), "40");
  EXPECT_TRUE(sink.all<SessionOpened>().empty());
  EXPECT_EQ(sink.all<SocketConnect>().at(0).session, SessionId{77});
  EXPECT_TRUE(sink.all<SessionClosed>().empty());
}

TEST_F(PollingTest, ARoutedRequestWithoutASessionIsReportedAsClosed) {
  Request refused =
      request(make_head("POST", "/ws/chat/", "transport=polling&sid=gone"), "40", StreamId{78});
  EXPECT_EQ(refused->body, R"({"code":1,"message":"Session ID unknown"})");
  refused.close();
  ASSERT_EQ(sink.all<SessionClosed>().size(), 1u);
  EXPECT_EQ(sink.all<SessionClosed>()[0].session, SessionId{78});
}

TEST_F(PollingTest, ANativeSessionIsReportedWithItsRequest) {
  const Request handshake = request(
      make_head("GET", "/socket.io/", "EIO=4&transport=polling&token=x", {{"cookie", "a=b"}}));
  const std::string sid = nlohmann::json::parse(handshake->body.substr(1)).at("sid");
  post(sid, "40");
  const auto opened = sink.all<SessionOpened>();
  ASSERT_EQ(opened.size(), 1u);
  EXPECT_EQ(opened[0].head->query_string, "EIO=4&transport=polling&token=x");
  EXPECT_EQ(find_header(opened[0].head->headers, "cookie"), "a=b");
  EXPECT_EQ(opened[0].endpoints->client.host, "192.0.2.7");
}

}  // namespace
}  // namespace sioserve::transport
