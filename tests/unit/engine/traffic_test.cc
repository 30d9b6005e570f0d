// The counters of sessions and of their messages.
#include <gtest/gtest.h>

#include "tests/unit/engine/fakes.h"

namespace sioserve::engine {
namespace {

struct TrafficTest : testing::Test, SessionFixture {
  FakeWebSocket socket;

  std::uint64_t count(Counter counter) const { return counters.get(counter); }
};

TEST_F(TrafficTest, ASessionCountsFromItsStartToItsEnd) {
  EXPECT_EQ(count(Counter::sessions), 1u);
  EXPECT_EQ(count(Counter::sessions_opened), 1u);
  EXPECT_EQ(count(Counter::sessions_closed), 0u);
  session->shut_down();
  session->shut_down();
  EXPECT_EQ(count(Counter::sessions), 0u);
  EXPECT_EQ(count(Counter::sessions_opened), 1u);
  EXPECT_EQ(count(Counter::sessions_closed), 1u);
}

TEST_F(TrafficTest, ADestroyedSessionIsNotCounted) {
  session.reset();
  EXPECT_EQ(count(Counter::sessions), 0u);
  EXPECT_EQ(count(Counter::polling_sessions), 0u);
  EXPECT_EQ(count(Counter::sessions_closed), 1u);
}

TEST_F(TrafficTest, APollingSessionCountsAsOneUntilItsEnd) {
  EXPECT_EQ(count(Counter::polling_sessions), 1u);
  session->shut_down();
  EXPECT_EQ(count(Counter::polling_sessions), 0u);
}

TEST_F(TrafficTest, ASessionOpenedByAWebSocketIsNotCountedAsPolling) {
  session->open_websocket(socket);
  EXPECT_EQ(count(Counter::polling_sessions), 0u);
  EXPECT_EQ(count(Counter::sessions), 1u);
  session->shut_down();
  EXPECT_EQ(count(Counter::polling_sessions), 0u);
}

TEST_F(TrafficTest, AnUpgradeChangesTheCountOfPollingButNotOfSessions) {
  session->start_probe(socket);
  session->receive_websocket(socket, MessageKind::text, "2probe");
  EXPECT_EQ(count(Counter::polling_sessions), 1u);
  session->receive_websocket(socket, MessageKind::text, "5");
  EXPECT_EQ(count(Counter::polling_sessions), 0u);
  EXPECT_EQ(count(Counter::sessions), 1u);
}

TEST_F(TrafficTest, ReceivedMessagesAreCountedWithTheirBytes) {
  post(
      "4abc\x1e"
      "bAQID");
  EXPECT_EQ(count(Counter::packets_in), 2u);
  EXPECT_EQ(count(Counter::bytes_in), 6u);
  session->open_websocket(socket);
  session->receive_websocket(socket, MessageKind::text, "4hello");
  session->receive_websocket(socket, MessageKind::binary, "1234");
  EXPECT_EQ(count(Counter::packets_in), 4u);
  EXPECT_EQ(count(Counter::bytes_in), 15u);
}

TEST_F(TrafficTest, SentMessagesAreCountedWithTheirAttachments) {
  send("abc");
  send("abc", {share("12"), share("3456")});
  EXPECT_EQ(count(Counter::packets_out), 4u);
  EXPECT_EQ(count(Counter::bytes_out), 12u);
}

TEST_F(TrafficTest, HeartbeatsAreNotCounted) {
  session->open_websocket(socket);
  host.advance(*session, config.engine_io.ping_interval);
  ASSERT_EQ(socket.sent.back(), "2");
  session->receive_websocket(socket, MessageKind::text, "3");
  EXPECT_EQ(count(Counter::packets_out), 0u);
  EXPECT_EQ(count(Counter::packets_in), 0u);
}

TEST_F(TrafficTest, NothingIsCountedAfterTheClose) {
  session->open_websocket(socket);
  session->shut_down();
  send("abc");
  session->receive_websocket(socket, MessageKind::text, "4abc");
  EXPECT_EQ(count(Counter::packets_out), 0u);
  EXPECT_EQ(count(Counter::packets_in), 0u);
}

}  // namespace
}  // namespace sioserve::engine
