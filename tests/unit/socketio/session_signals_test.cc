// The status of a session for the application: transport, latency, upgrade and drain.
#include <gtest/gtest.h>

#include "tests/unit/socketio/fixture.h"

namespace sioserve::socketio {
namespace {

struct SessionSignalsTest : testing::Test, ServerFixture {
  // A session on polling, connected to "/".
  Peer& open_polling() {
    Peer& peer = *peers.emplace_back(std::make_unique<Peer>());
    const SessionId id{++last_session};
    peer.session =
        std::make_unique<engine::Session>(id, "sid", *framing, config, peer.host, logger, limits);
    peer.session->start(server->make_observer(*peer.session, std::nullopt));
    engine::FakePost post;
    EXPECT_TRUE(peer.session->start_post(post));
    peer.session->receive_post(post, MessageKind::text, "40");
    server->handle(SocketAccept{latest_socket()});
    poll(peer);
    return peer;
  }

  static std::string poll(Peer& peer) {
    engine::FakePoll request;
    peer.session->start_poll(request);
    EXPECT_TRUE(request.outcome);
    return request.payload;
  }

  static void upgrade(Peer& peer) {
    peer.session->start_probe(peer.socket);
    for (const char* packet : {"2probe", "5"}) {
      peer.session->receive_websocket(peer.socket, MessageKind::text, packet);
    }
  }

  // The status of the latest connected session.
  SessionStatus status() {
    return ask(SessionStatusAsked{sink.all<SocketConnect>().back().session}).value();
  }
  std::vector<SessionSignal> signals() const {
    std::vector<SessionSignal> found;
    for (const auto& event : sink.all<SessionSignalled>()) found.push_back(event.signal);
    return found;
  }
};

using Signals = std::vector<SessionSignal>;

TEST_F(SessionSignalsTest, TheTransportChangesWithTheUpgrade) {
  Peer& peer = open_polling();
  EXPECT_EQ(status().transport, SessionTransport::polling);
  upgrade(peer);
  EXPECT_EQ(status().transport, SessionTransport::websocket);
  join_namespace(open());
  EXPECT_EQ(status().transport, SessionTransport::websocket);
}

TEST_F(SessionSignalsTest, LatencyIsTheTimeFromAPingToItsPong) {
  Peer& peer = open();
  join_namespace(peer);
  EXPECT_FALSE(status().latency);
  const auto pong = [&peer] {
    peer.session->receive_websocket(peer.socket, MessageKind::text, "3");
  };
  pong();
  EXPECT_FALSE(status().latency) << "there was no question";
  peer.host.advance(*peer.session, config.engine_io.ping_interval);
  peer.host.advance(*peer.session, Milliseconds(42));
  EXPECT_FALSE(status().latency);
  pong();
  EXPECT_EQ(status().latency, Milliseconds(42));
  peer.host.advance(*peer.session, config.engine_io.ping_interval);
  peer.host.advance(*peer.session, Milliseconds(7));
  pong();
  EXPECT_EQ(status().latency, Milliseconds(7));
}

TEST_F(SessionSignalsTest, TheStatusOfAClosedSessionIsKeptUntilItIsReleased) {
  Peer& peer = open_polling();
  const SessionId session = peer.session->id();
  upgrade(peer);
  peer.session->websocket_closed(peer.socket);
  EXPECT_EQ(sink.all<SessionClosed>().back().status.transport, SessionTransport::websocket);
  peers.clear();
  EXPECT_EQ(status().transport, SessionTransport::websocket);
  server->handle(SessionReleased{session});
  EXPECT_FALSE(ask(SessionStatusAsked{session}));
}

TEST_F(SessionSignalsTest, NoSignalIsReportedUnlessWatched) {
  Peer& peer = open_polling();
  emit(latest_socket(), R"(["x"])");
  poll(peer);
  upgrade(peer);
  peer.session->drain_websocket(peer.socket);
  EXPECT_EQ(signals(), Signals{});
}

TEST_F(SessionSignalsTest, AWatchedUpgradeIsReported) {
  Peer& peer = open_polling();
  server->handle(SocketWatch{latest_socket(), SessionSignal::upgrade});
  EXPECT_EQ(signals(), Signals{});
  upgrade(peer);
  EXPECT_EQ(signals(), Signals{SessionSignal::upgrade});
  EXPECT_EQ(sink.all<SessionSignalled>().back().session, peer.session->id());
}

TEST_F(SessionSignalsTest, AnEarlierUpgradeIsReportedImmediately) {
  upgrade(open_polling());
  server->handle(SocketWatch{latest_socket(), SessionSignal::upgrade});
  EXPECT_EQ(signals(), Signals{SessionSignal::upgrade});
  const SocketId never_polled = join_namespace(open());
  server->handle(SocketWatch{never_polled, SessionSignal::upgrade});
  EXPECT_EQ(signals().size(), 1u);
}

TEST_F(SessionSignalsTest, ADrainIsReportedWhenTheQueueIsEmpty) {
  Peer& peer = open_polling();
  const SocketId socket = latest_socket();
  server->handle(SocketWatch{socket, SessionSignal::drain});
  emit(socket, R"(["x"])");
  EXPECT_EQ(signals(), Signals{});
  poll(peer);
  EXPECT_EQ(signals(), Signals{SessionSignal::drain});

  upgrade(peer);
  peer.socket.weight = 1;
  emit(socket, R"(["y"])");
  peer.socket.buffered_bytes -= 1;
  peer.session->drain_websocket(peer.socket);
  EXPECT_EQ(signals().size(), 1u) << "a part is still queued";
  peer.socket.buffered_bytes = 0;
  peer.session->drain_websocket(peer.socket);
  EXPECT_EQ(signals().size(), 2u);
}

}  // namespace
}  // namespace sioserve::socketio
