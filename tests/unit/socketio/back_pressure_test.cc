// Reading stops while too many events are in flight.
#include <gtest/gtest.h>

#include "tests/unit/socketio/fixture.h"

namespace sioserve::socketio {
namespace {

struct BackPressureTest : testing::Test, ServerFixture {
  BackPressureTest() {
    config.socket_io.max_events_in_flight = 3;
    restart();
  }

  Peer& open_polling() {
    Peer& peer = *peers.emplace_back(std::make_unique<Peer>());
    peer.session = std::make_unique<engine::Session>(SessionId{1}, "sid", engine::framing_v4(),
                                                     config, peer.host, logger, limits);
    peer.session->start(server->make_observer(*peer.session, std::nullopt));
    return peer;
  }
  SocketId join_namespace_by_post(Peer& peer) {
    EXPECT_EQ(post(peer, "40"), engine::HttpOutcome::ok);
    const SocketId socket = latest_socket();
    server->handle(SocketAccept{socket});
    return socket;
  }
  std::optional<engine::HttpOutcome> post(Peer& peer, std::string body) {
    engine::FakePost request;
    EXPECT_TRUE(peer.session->start_post(request));
    peer.session->receive_post(request, MessageKind::text, std::move(body));
    if (!request.outcome) peer.session->release_post(request);
    return request.outcome;
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

TEST_F(BackPressureTest, LargeEventsInFlightPauseReading) {
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

TEST_F(BackPressureTest, EventsOfADisconnectedSocketAreNoLongerInFlight) {
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

TEST_F(BackPressureTest, MoreHandledEventsThanWereSentHaveNoEffect) {
  Peer& peer = open();
  const SocketId socket = join_namespace(peer);
  server->handle(SocketEventsDone{socket, 1000});
  for (int i = 0; i < 4; ++i) peer.receive(R"(2["x"])");
  EXPECT_TRUE(peer.socket.paused);
}

TEST_F(BackPressureTest, AFullEventQueuePausesReadingUntilItIsTaken) {
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
  server->events_taken();
  EXPECT_FALSE(first.socket.paused);
}

TEST_F(BackPressureTest, APostIsAnsweredWhenItsEventsHaveBeenTaken) {
  Peer& peer = open_polling();
  const SocketId socket = join_namespace_by_post(peer);

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
  for (std::size_t i = 0; i < 10; ++i) EXPECT_EQ(tree(events[i].args)[0], std::to_string(i));
}

// --- a handler waits for input that comes after other events ---

struct ReadAheadTest : BackPressureTest {
  ReadAheadTest() { config.engine_io.ping_timeout = Milliseconds(20'000); }

  void ask(SocketId socket, std::uint64_t callback) {
    server->handle(SocketEmit{socket, {R"(["question"])", {}}, callback});
  }
  // Sends until reading pauses; returns the number of messages.
  int send(Peer& peer, int most, const std::string& message = R"(2["x"])") {
    int sent = 0;
    for (; sent < most && !peer.socket.paused; ++sent) peer.receive(message);
    return sent;
  }
  // Advances the clock of all sessions.
  void pass(Peer& peer, Milliseconds time) {
    peer.host.advance(*peer.session, time);
    server->advance(peer.host.now());
  }
};

TEST_F(ReadAheadTest, AnAcknowledgementAfterManyEventsIsRead) {
  Peer& peer = open();
  const SocketId socket = join_namespace(peer);
  ask(socket, 100);
  EXPECT_EQ(send(peer, 50), 50);
  peer.receive(R"(30["answer"])");
  EXPECT_EQ(sink.all<SocketAcknowledged>().at(0).callback_id, 100u);
  EXPECT_TRUE(peer.socket.paused) << "no acknowledgement is pending";
  EXPECT_EQ(sink.all<SocketEvent>().size(), 50u);
  server->handle(SocketEventsDone{socket, 46});
  EXPECT_TRUE(peer.socket.paused);
  server->handle(SocketEventsDone{socket, 1});
  EXPECT_FALSE(peer.socket.paused);
}

TEST_F(ReadAheadTest, APendingAcknowledgementResumesReading) {
  Peer& peer = open();
  const SocketId socket = join_namespace(peer);
  send(peer, 10);
  ASSERT_TRUE(peer.socket.paused);
  ask(socket, 100);
  EXPECT_FALSE(peer.socket.paused);
}

TEST_F(ReadAheadTest, AnAcknowledgementOfAnotherNamespaceIsReadToo) {
  Peer& peer = open();
  join_namespace(peer);
  ask(join_namespace(peer, "/chat"), 100);
  EXPECT_EQ(send(peer, 50), 50);
}

TEST_F(ReadAheadTest, APostIsReadToItsEndForAnAcknowledgementInTheNext) {
  Peer& peer = open_polling();
  const SocketId socket = join_namespace_by_post(peer);
  ask(socket, 100);
  std::string body = R"(42["0"])";
  for (int i = 0; i < 9; ++i)
    body +=
        "\x1e"
        R"(42["x"])";
  EXPECT_EQ(post(peer, body), engine::HttpOutcome::ok);
  EXPECT_EQ(post(peer, R"(430["answer"])"), std::nullopt) << "there is enough now";
  EXPECT_EQ(sink.all<SocketAcknowledged>().size(), 1u);
}

TEST_F(ReadAheadTest, AcknowledgementsFailWhenReadAheadIsNotEnough) {
  config.socket_io.max_read_ahead = 100'000;
  Peer& peer = open();
  const SocketId socket = join_namespace(peer);
  ask(socket, 100);
  ask(socket, 101);
  const int read = send(peer, 10'000);
  EXPECT_GT(read, 100'000 / 300);
  EXPECT_LT(read, 100'000 / 250) << "a small event costs more than its bytes";
  pass(peer, Milliseconds(19'000));
  EXPECT_TRUE(sink.all<SocketAcksLost>().empty());
  server->handle(SocketEventsDone{socket, 1});
  pass(peer, Milliseconds(19'000));
  EXPECT_TRUE(sink.all<SocketAcksLost>().empty()) << "it goes on";
  pass(peer, Milliseconds(1'000));
  const auto lost = sink.all<SocketAcksLost>();
  ASSERT_EQ(lost.size(), 1u);
  EXPECT_EQ(lost[0].socket, socket);
  EXPECT_EQ(lost[0].callback_ids, (std::vector<std::uint64_t>{100, 101}));
  EXPECT_EQ(lost[0].why, AckLoss::unread);
  EXPECT_EQ(counters.get(Counter::acks_unread), 2u);
  ASSERT_EQ(warnings.size(), 1u);
  EXPECT_NE(warnings[0].message.find("--socketio-max-read-ahead"), std::string::npos);
  EXPECT_TRUE(peer.socket.paused);
  EXPECT_TRUE(peer.session->is_open());
  server->handle(SocketEventsDone{socket, static_cast<std::size_t>(read)});
  EXPECT_FALSE(peer.socket.paused);
  peer.receive("30[]");
  EXPECT_TRUE(sink.all<SocketAcknowledged>().empty()) << "too late";
}

TEST_F(ReadAheadTest, AFullEventQueueDoesNotMakeAcknowledgementsFail) {
  Peer& peer = open();
  const SocketId socket = join_namespace(peer);
  ask(socket, 100);
  sink.is_full = true;
  send(peer, 10);
  EXPECT_TRUE(peer.socket.paused);
  pass(peer, Milliseconds(60'000));
  EXPECT_TRUE(sink.all<SocketAcksLost>().empty());
}

TEST_F(ReadAheadTest, TheLastInputOfADisconnectedClientIsRead) {
  Peer& peer = open();
  join_namespace(peer);
  send(peer, 10);
  ASSERT_TRUE(peer.socket.paused);
  peer.session->peer_ended(peer.socket);
  EXPECT_FALSE(peer.socket.paused);
  EXPECT_EQ(send(peer, 50), 50);
  peer.session->websocket_closed(peer.socket);
  EXPECT_EQ(sink.all<SocketEvent>().size(), 54u);
  EXPECT_EQ(sink.all<SocketDisconnect>().at(0).reason, "engineio_websocket_disconnect");
}

TEST_F(ReadAheadTest, ADisconnectAfterTooMuchUnreadInputIsNoticed) {
  config.socket_io.max_read_ahead = 1'000;
  Peer& peer = open();
  join_namespace(peer);
  send(peer, 10);
  peer.session->peer_ended(peer.socket);
  send(peer, 50);
  EXPECT_TRUE(peer.socket.paused);
  pass(peer, Milliseconds(20'000));
  EXPECT_EQ(sink.all<SocketDisconnect>().at(0).reason, "engineio_websocket_disconnect");
  EXPECT_EQ(counters.get(Counter::last_input_dropped), 1u);
}

TEST_F(BackPressureTest, PacketsKeptForAPendingSocketAreLimited) {
  config.socket_io.max_queued_bytes = 1000;
  Peer& peer = open();
  peer.receive("0");
  for (int i = 0; i < 20; ++i) broadcast(R"([")" + std::string(100, 'x') + R"("])");
  peer.host.advance(*peer.session, Milliseconds(20));
  EXPECT_EQ(sink.all<SocketDisconnect>().at(0).reason, "engineio_slow_consumer");
}

}  // namespace
}  // namespace sioserve::socketio
