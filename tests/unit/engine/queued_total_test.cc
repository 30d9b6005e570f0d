// The limit of the bytes queued for all clients together.
#include <gtest/gtest.h>

#include "tests/unit/engine/fakes.h"

namespace sioserve::engine {
namespace {

struct QueuedTotalTest : testing::Test {
  struct Peer {
    FakeHost host;
    Record record;
    FakeWebSocket socket;
    std::unique_ptr<Session> session;

    bool closed() {
      host.advance(*session, Milliseconds(20));
      return record.closed.has_value();
    }
  };

  QueuedTotalTest() {
    config.socket_io.slow_consumer = SocketIoConfig::SlowConsumer::drop_volatile;
  }

  // A client that reads nothing.
  Peer& open_slow() {
    Peer& peer = *peers.emplace_back(std::make_unique<Peer>());
    peer.host.total = total;
    peer.session = std::make_unique<Session>(SessionId{peers.size()}, "sid", framing_v4(), config,
                                             peer.host, logger, limits);
    peer.session->start(std::make_unique<FakeObserver>(*peer.session, peer.record));
    peer.session->stop_connect_timeout();
    peer.session->open_websocket(peer.socket);
    peer.socket.buffered_bytes = 1 << 20;
    return peer;
  }
  void send(Peer& peer, std::size_t bytes) {
    peer.session->send(MessageKind::text, share(std::string(bytes, 'x')), {}, {});
  }

  Config config;
  std::vector<std::string> warnings;
  Logger logger{[this](LogRecord record) { warnings.push_back(std::move(record.message)); }};
  Counters counters;
  Limits limits{config, counters, logger};
  std::shared_ptr<QueuedTotal> total = std::make_shared<QueuedTotal>(10'000'000);
  std::vector<std::unique_ptr<Peer>> peers;
};

constexpr std::size_t in_websocket = 1 << 20;

TEST_F(QueuedTotalTest, CountsMessagesWithOverheadAndBytesQueuedInTheWebSocket) {
  Peer& peer = open_slow();
  send(peer, 1000);
  send(peer, 500);
  EXPECT_EQ(total->bytes(), in_websocket + 1500 + 2 * Outbox::overhead);
  peer.socket.buffered_bytes = 0;
  peer.session->drain_websocket(peer.socket);
  EXPECT_EQ(total->bytes(), 0u);
}

TEST_F(QueuedTotalTest, CountsBytesQueuedInTheWebSocketWithAnEmptyOutbox) {
  Peer& peer = open_slow();
  peer.socket.buffered_bytes = 60'000;
  send(peer, 10);
  EXPECT_EQ(total->bytes(), 60'000u);
  peer.socket.buffered_bytes = 1'000;
  peer.session->drain_websocket(peer.socket);
  EXPECT_EQ(total->bytes(), 1'000u);
}

TEST_F(QueuedTotalTest, AClientThatIsNotSlowIsNotCounted) {
  Peer& peer = open_slow();
  peer.socket.buffered_bytes = 0;
  send(peer, 10);
  EXPECT_EQ(total->bytes(), 0u);
}

TEST_F(QueuedTotalTest, AboveTheLimitTheSessionWithTheLongestQueueIsClosed) {
  Peer& small = open_slow();
  Peer& large = open_slow();
  Peer& latest = open_slow();
  send(small, 1'000'000);
  send(large, 4'000'000);
  send(latest, 1'000'000);
  EXPECT_FALSE(large.closed());
  send(latest, 2'000'000);
  EXPECT_TRUE(large.closed());
  EXPECT_EQ(large.record.closed, CloseReason::slow_consumer);
  EXPECT_TRUE(large.socket.aborted);
  EXPECT_FALSE(small.closed());
  EXPECT_FALSE(latest.closed());
  EXPECT_LT(total->bytes(), 8'000'000u);
  EXPECT_EQ(counters.get(Counter::slow_consumers_closed_for_total), 1u);
  ASSERT_EQ(warnings.size(), 1u);
  EXPECT_NE(warnings[0].find("--socketio-max-queued-total"), std::string::npos) << warnings[0];
}

TEST_F(QueuedTotalTest, AsManySessionsAreClosedAsNecessary) {
  Peer& first = open_slow();
  Peer& second = open_slow();
  send(first, 3'000'000);
  send(second, 3'000'000);
  Peer& last = open_slow();
  send(last, 20'000'000);
  EXPECT_TRUE(last.closed());
  EXPECT_FALSE(first.closed() || second.closed());
  send(first, 20'000'000);
  EXPECT_TRUE(first.closed());
  EXPECT_FALSE(second.closed());
}

TEST_F(QueuedTotalTest, ClosedSessionsAreNoLongerCounted) {
  Peer& peer = open_slow();
  send(peer, 1000);
  peer.session->websocket_closed(peer.socket);
  EXPECT_EQ(total->bytes(), 0u);
  send(open_slow(), 1000);
  peers.clear();
  EXPECT_EQ(total->bytes(), 0u);
}

TEST_F(QueuedTotalTest, QueuedPacketsOfAClosedPollingSessionCountUntilTheyAreFetched) {
  Peer& peer = *peers.emplace_back(std::make_unique<Peer>());
  peer.host.total = total;
  peer.session = std::make_unique<Session>(SessionId{1}, "sid", framing_v4(), config, peer.host,
                                           logger, limits);
  peer.session->start(std::make_unique<FakeObserver>(*peer.session, peer.record));
  send(peer, 1000);
  peer.session->close(CloseReason::server_close);
  EXPECT_EQ(total->bytes(), 1000 + Outbox::overhead);
  FakePoll poll;
  peer.session->start_poll(poll);
  EXPECT_EQ(total->bytes(), 0u);
}

TEST_F(QueuedTotalTest, PacketsKeptForAPendingSocketCount) {
  Peer& peer = open_slow();
  peer.socket.buffered_bytes = 0;
  peer.session->change_kept(0, 5'000);
  EXPECT_EQ(total->bytes(), 5'000u);
  peer.session->change_kept(5'000, 11'000'000);
  EXPECT_TRUE(peer.closed());
  peer.session->change_kept(11'000'000, 0);
  EXPECT_EQ(total->bytes(), 0u);
}

TEST_F(QueuedTotalTest, WithoutALimitNoSessionIsClosed) {
  total = std::make_shared<QueuedTotal>(0);
  Peer& peer = open_slow();
  send(peer, 100'000'000);
  EXPECT_FALSE(peer.closed());
}

}  // namespace
}  // namespace sioserve::engine
