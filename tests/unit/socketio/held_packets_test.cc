// Packets after a CONNECT that the application has not answered.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/unit/socketio/fixture.h"

namespace sioserve::socketio {
namespace {

struct HeldPacketsTest : testing::Test, ServerFixture {
  HeldPacketsTest() {
    config.socket_io.max_events_in_flight = 3;
    restart();
  }

  // A client with a pending CONNECT.
  Peer& ask() {
    Peer& peer = open();
    peer.receive("0");
    return peer;
  }
  std::vector<std::string> events() const {
    std::vector<std::string> found;
    for (const SocketEvent& event : sink.all<SocketEvent>()) {
      found.push_back(tree(event.args).dump() +
                      (event.ack_id ? std::to_string(*event.ack_id) : ""));
    }
    return found;
  }
  void accept() { server->handle(SocketAccept{latest_socket()}); }
  std::string reason() const { return sink.all<SocketDisconnect>().back().reason; }
};

using Events = std::vector<std::string>;

TEST_F(HeldPacketsTest, HeldEventsAreHandledInOrderOnceTheClientIsAccepted) {
  Peer& peer = ask();
  peer.receive(R"(2["a"])");
  peer.receive(R"(27["b",1])");
  EXPECT_TRUE(peer.session->is_open());
  EXPECT_EQ(events(), Events{});
  accept();
  peer.receive(R"(2["c"])");
  EXPECT_EQ(events(), (Events{R"(["a"])", R"(["b",1]7)", R"(["c"])"}));
}

TEST_F(HeldPacketsTest, AnEventWithAttachmentsIsHeldToo) {
  Peer& peer = ask();
  peer.receive(R"(51-["a",{"_placeholder":true,"num":0}])");
  peer.receive_binary("x");
  peer.receive(R"(51-["b",{"_placeholder":true,"num":0}])");
  accept();
  EXPECT_EQ(events().size(), 1u);
  peer.receive_binary("y");
  EXPECT_EQ(events().size(), 2u);
  EXPECT_EQ(tree(sink.all<SocketEvent>()[1].args)[1].get_binary(), nlohmann::json::binary_t({'y'}));
}

TEST_F(HeldPacketsTest, HeldPacketsOfARefusedClientAreDropped) {
  Peer& peer = ask();
  for (int i = 0; i < 4; ++i) peer.receive(R"(2["a"])");
  EXPECT_TRUE(peer.socket.paused);
  server->handle(SocketRefuse{latest_socket(), "{}"});
  EXPECT_EQ(events(), Events{});
  EXPECT_TRUE(peer.session->is_open());
  EXPECT_FALSE(peer.socket.paused);
  EXPECT_EQ(peer.take(), std::vector<std::string>{"44{}"});
}

TEST_F(HeldPacketsTest, AHeldDisconnectFollowsTheConnect) {
  Peer& peer = ask();
  peer.receive(R"(2["a"])");
  peer.receive("1");
  EXPECT_TRUE(sink.all<SocketDisconnect>().empty());
  accept();
  EXPECT_EQ(events(), Events{R"(["a"])"});
  EXPECT_EQ(reason(), "client_disconnect");
  EXPECT_TRUE(peer.session->is_open());
}

TEST_F(HeldPacketsTest, APacketAfterAHeldDisconnectClosesTheSession) {
  Peer& peer = ask();
  peer.receive("1");
  peer.receive(R"(2["a"])");
  peer.receive(R"(2["b"])");
  accept();
  EXPECT_FALSE(peer.session->is_open());
  EXPECT_EQ(events(), Events{});
}

// Otherwise one request with many of both would keep the application busy with connects.
TEST_F(HeldPacketsTest, ASecondConnectClosesTheSession) {
  for (const bool disconnects : {false, true}) {
    Peer& peer = ask();
    if (disconnects) peer.receive("1");
    peer.receive("0");
    EXPECT_FALSE(peer.session->is_open());
  }
}

TEST_F(HeldPacketsTest, AHeldAcknowledgementMatchesAnEmitFromBeforeTheAccept) {
  Peer& peer = ask();
  server->handle(SocketEmit{latest_socket(), {R"(["q"])", {}}, 9});
  peer.receive("30[1]");
  EXPECT_TRUE(sink.all<SocketAcknowledged>().empty());
  accept();
  EXPECT_EQ(sink.all<SocketAcknowledged>().size(), 1u);
}

TEST_F(HeldPacketsTest, TooManyHeldPacketsPauseReadingUntilTheyAreHandled) {
  Peer& peer = ask();
  for (int i = 0; i < 3; ++i) peer.receive(R"(2["a"])");
  EXPECT_FALSE(peer.socket.paused);
  peer.receive(R"(2["a"])");
  EXPECT_TRUE(peer.socket.paused);
  accept();
  EXPECT_TRUE(peer.socket.paused) << "they are in the application's hands now";
  server->handle(SocketEventsDone{latest_socket(), 4});
  EXPECT_FALSE(peer.socket.paused);
}

TEST_F(HeldPacketsTest, UnreadInputIsHandledAfterTheHeldPackets) {
  Peer& peer = *peers.emplace_back(std::make_unique<Peer>());
  peer.session = std::make_unique<engine::Session>(SessionId{1}, "sid", engine::framing_v4(),
                                                   config, peer.host, logger, limits);
  peer.session->start(server->make_observer(*peer.session, std::nullopt));
  engine::FakePost request;
  ASSERT_TRUE(peer.session->start_post(request));
  std::string body = "40";
  Events all;
  for (int i = 0; i < 9; ++i) {
    body += "\x1e" + ("42[\"" + std::to_string(i)) + "\"]";
    all.push_back("[\"" + std::to_string(i) + "\"]");
  }
  peer.session->receive_post(request, MessageKind::text, body);
  EXPECT_FALSE(request.outcome);
  accept();
  EXPECT_EQ(events(), Events(all.begin(), all.begin() + 4));
  server->handle(SocketEventsDone{latest_socket(), 4});
  server->handle(SocketEventsDone{latest_socket(), 4});
  EXPECT_EQ(events(), all);
  EXPECT_EQ(request.outcome, engine::HttpOutcome::ok);
}

TEST_F(HeldPacketsTest, LargeHeldPacketsPauseReading) {
  config.engine_io.max_payload = 10'000;
  restart();
  Peer& peer = ask();
  peer.receive("2[\"a\",\"" + std::string(6'000, 'x') + "\"]");
  EXPECT_FALSE(peer.socket.paused);
  peer.receive("2[\"a\",\"" + std::string(6'000, 'x') + "\"]");
  EXPECT_TRUE(peer.socket.paused);
}

// Its connect() may still accept it; then it handles them before the disconnect.
TEST_F(HeldPacketsTest, HeldEventsOfADisconnectedClientGoToTheApplication) {
  Peer& peer = ask();
  peer.receive(R"(2["a"])");
  peer.session->websocket_closed(peer.socket);
  EXPECT_EQ(events(), Events{R"(["a"])"});
  EXPECT_EQ(reason(), "engineio_websocket_disconnect");
  EXPECT_NE(get_message<SocketDisconnect>(sink.events[sink.events.size() - 2]), nullptr);
}

TEST_F(HeldPacketsTest, HeldEventsGoToTheApplicationBeforeItsOwnDisconnect) {
  Peer& peer = ask();
  peer.receive(R"(2["a"])");
  server->handle(SocketClose{latest_socket(), false});
  accept();
  EXPECT_EQ(events(), Events{R"(["a"])"});
  EXPECT_EQ(reason(), "server_disconnect");
}

}  // namespace
}  // namespace sioserve::socketio
