// Reading stops while the application has too much in hand.
#include <gtest/gtest.h>

#include "tests/unit/socketio/fixture.h"

namespace sioserve::socketio {
namespace {

struct BackPressureTest : testing::Test, ServerFixture {
  BackPressureTest() {
    config.socket_io.max_events_in_flight = 3;
    restart();
  }
};

TEST_F(BackPressureTest, TooManyEventsInFlightPauseReading) {
  Peer& peer = open();
  const SocketId socket = join_namespace(peer);
  for (int i = 0; i < 3; ++i) peer.receive(R"(2["x"])");
  EXPECT_FALSE(peer.socket.paused);
  peer.receive(R"(2["x"])");
  EXPECT_TRUE(peer.socket.paused);
  server->handle(SocketEventsDone{socket, 1});
  EXPECT_FALSE(peer.socket.paused);
}

TEST_F(BackPressureTest, SoDoEventsThatAreLarge) {
  config.engine_io.max_payload = 10'000;
  restart();
  Peer& peer = open();
  const SocketId socket = join_namespace(peer);
  const std::string text(4'000, 'x');
  peer.receive(R"(2["x"])");
  peer.receive("2[\"x\",\"" + text + "\"]");
  peer.receive(R"(51-["x",{"_placeholder":true,"num":0}])");
  peer.receive_binary(text);
  EXPECT_FALSE(peer.socket.paused);
  peer.receive("2[\"x\",\"" + text + "\"]");
  EXPECT_TRUE(peer.socket.paused);
  server->handle(SocketEventsDone{socket, 1});
  EXPECT_TRUE(peer.socket.paused) << "a small one";
  server->handle(SocketEventsDone{socket, 1});
  EXPECT_FALSE(peer.socket.paused);
  peer.receive("2[\"x\",\"" + text + "\"]");
  EXPECT_TRUE(peer.socket.paused);
  peer.session->websocket_closed(peer.socket);
}

TEST_F(BackPressureTest, ADisconnectedSocketsEventsCountNoMore) {
  Peer& peer = open();
  const SocketId gone = join_namespace(peer);
  join_namespace(peer, "/chat");
  for (int i = 0; i < 4; ++i) peer.receive(R"(2["x"])");
  EXPECT_TRUE(peer.socket.paused);
  server->handle(SocketClose{gone, false});
  EXPECT_FALSE(peer.socket.paused);
  server->handle(SocketEventsDone{gone, 4});
  for (int i = 0; i < 3; ++i) peer.receive(R"(2/chat,["x"])");
  EXPECT_FALSE(peer.socket.paused);
}

TEST_F(BackPressureTest, MoreDoneThanWereSentIsHarmless) {
  Peer& peer = open();
  const SocketId socket = join_namespace(peer);
  server->handle(SocketEventsDone{socket, 1000});
  for (int i = 0; i < 4; ++i) peer.receive(R"(2["x"])");
  EXPECT_TRUE(peer.socket.paused);
}

TEST_F(BackPressureTest, AFullSinkPausesUntilItIsDrained) {
  Peer& first = open();
  Peer& second = open();
  join_namespace(first);
  join_namespace(second);
  sink.is_full = true;
  first.receive(R"(2["x"])");
  second.receive("1");
  EXPECT_TRUE(first.socket.paused);
  EXPECT_TRUE(second.socket.paused);
  second.session->websocket_closed(second.socket);
  sink.is_full = false;
  server->handle(AppQueueDrained{});
  EXPECT_FALSE(first.socket.paused);
}

TEST_F(BackPressureTest, APostIsAnsweredWhenItsEventsHaveBeenTaken) {
  Peer& peer = *peers.emplace_back(std::make_unique<Peer>());
  peer.session = std::make_unique<engine::Session>(SessionId{1}, "sid", engine::framing_v4(),
                                                   config, peer.host, logger, limits);
  peer.session->start(server->make_observer(*peer.session, std::nullopt));
  engine::FakePost connect;
  peer.session->start_post(connect);
  peer.session->receive_post(connect, MessageKind::text, "40");
  const SocketId socket = latest_socket();
  server->handle(SocketAccept{socket});

  std::string body = R"(42["0"])";
  for (int i = 1; i < 10; ++i)
    body +=
        "\x1e"
        "42[\"" +
        std::to_string(i) + "\"]";
  engine::FakePost post;
  ASSERT_TRUE(peer.session->start_post(post));
  peer.session->receive_post(post, MessageKind::text, body);
  EXPECT_EQ(sink.all<SocketEvent>().size(), 4u);
  EXPECT_FALSE(post.outcome);
  for (int i = 0; i < 10 && !post.outcome; ++i) server->handle(SocketEventsDone{socket, 2});
  EXPECT_EQ(post.outcome, engine::HttpOutcome::ok);
  const auto events = sink.all<SocketEvent>();
  ASSERT_EQ(events.size(), 10u);
  for (std::size_t i = 0; i < 10; ++i) EXPECT_EQ(events[i].args[0], std::to_string(i));
}

TEST_F(BackPressureTest, WhatAPendingSocketIsToldIsBounded) {
  config.socket_io.max_queued_bytes = 1000;
  Peer& peer = open();
  peer.receive("0");
  for (int i = 0; i < 20; ++i) broadcast(R"([")" + std::string(100, 'x') + R"("])");
  peer.host.advance(*peer.session, Milliseconds(20));
  EXPECT_EQ(sink.all<SocketDisconnect>().at(0).reason, "engineio_slow_consumer");
}

}  // namespace
}  // namespace sioserve::socketio
