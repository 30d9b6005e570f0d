// The policies for a client with too many queued bytes.
#include <gtest/gtest.h>

#include "tests/unit/engine/fakes.h"

namespace sioserve::engine {
namespace {

using Messages = std::vector<std::string>;
using SlowConsumer = SocketIoConfig::SlowConsumer;

// The limit that this many messages with this total of bytes reach exactly.
constexpr std::size_t room_for(std::size_t messages, std::size_t bytes) {
  return messages * Outbox::overhead + bytes;
}

struct SlowConsumerTest : testing::Test, SessionFixture {
  FakeWebSocket socket;

  void open(SlowConsumer policy, std::size_t most) {
    config.socket_io.slow_consumer = policy;
    config.socket_io.max_queued_bytes = most;
    restart();
    session->open_websocket(socket);
    socket.buffered_bytes = 1 << 20;  // the client reads nothing
    socket.sent.clear();
  }
  Messages drain() {
    socket.buffered_bytes = 0;
    session->drain_websocket(socket);
    return std::exchange(socket.sent, {});
  }
};

TEST_F(SlowConsumerTest, DisconnectClosesAboveTheLimit) {
  open(SlowConsumer::disconnect, room_for(1, 10));
  send("123456789");
  host.advance(*session, Milliseconds(20));
  EXPECT_FALSE(record.closed) << "exactly the limit";
  send("");
  host.advance(*session, Milliseconds(20));
  EXPECT_EQ(record.closed, CloseReason::slow_consumer);
  EXPECT_TRUE(socket.aborted);
  EXPECT_EQ(counters.get(Counter::slow_consumers_closed), 1u);
}

TEST_F(SlowConsumerTest, AWebSocketThatIsNotReadQueuesLittle) {
  open(SlowConsumer::disconnect, 10'000'000);
  socket.buffered_bytes = 0;
  socket.weight = 1;
  const std::string event(10'000, 'x');
  for (int i = 0; i < 100; ++i) send(event);
  EXPECT_GT(socket.buffered_bytes, 60'000u);
  EXPECT_LT(socket.buffered_bytes, 80'000u) << "the rest waits as buffers that others share";
  std::size_t taken = 0;
  while (const std::size_t more = drain().size()) taken += more;
  EXPECT_EQ(taken, 100u);
}

TEST_F(SlowConsumerTest, DropVolatileKeepsReliableEventsUpToAHardLimit) {
  open(SlowConsumer::drop_volatile, room_for(1, 10));
  for (int i = 0; i < 4; ++i) send("123456789");
  EXPECT_FALSE(session->is_writable()) << "volatile events are dropped";
  EXPECT_EQ(counters.get(Counter::slow_consumers), 1u);
  EXPECT_EQ(drain().size(), 4u);
  EXPECT_TRUE(session->is_writable());
  socket.buffered_bytes = 1 << 20;
  for (int i = 0; i < 5; ++i) send("123456789");
  EXPECT_EQ(counters.get(Counter::slow_consumers), 2u);
  host.advance(*session, Milliseconds(20));
  EXPECT_EQ(record.closed, CloseReason::slow_consumer);
}

TEST_F(SlowConsumerTest, DropOldestKeepsTheLatest) {
  open(SlowConsumer::drop_oldest, room_for(3, 10));
  for (int i = 0; i < 9; ++i) send("m" + std::to_string(i));
  EXPECT_EQ(counters.get(Counter::events_dropped), 6u);
  EXPECT_EQ(drain(), (Messages{"4m6", "4m7", "4m8"}));
  host.advance(*session, Milliseconds(20));
  EXPECT_FALSE(record.closed);
}

TEST_F(SlowConsumerTest, DropOldestDropsAttachmentsWithTheirEvent) {
  open(SlowConsumer::drop_oldest, room_for(3, 10));
  send("51-", {share("xx"), share("yy")});
  send("12345678");
  EXPECT_EQ(counters.get(Counter::events_dropped), 1u);
  EXPECT_EQ(drain(), Messages{"412345678"});
}

TEST_F(SlowConsumerTest, DropOldestKeepsRequiredPacketsAndClosesIfTheyAreTooMany) {
  open(SlowConsumer::drop_oldest, room_for(3, 10));
  send("0", {}, Importance::required);
  send("m1");
  send("3[]", {}, Importance::required);
  send("m2");
  EXPECT_EQ(drain(), (Messages{"40", "43[]", "4m2"}));
  socket.buffered_bytes = 1 << 20;
  for (int i = 0; i < 3; ++i) send("3[]", {}, Importance::required);
  host.advance(*session, Milliseconds(20));
  EXPECT_EQ(record.closed, CloseReason::slow_consumer);
}

TEST_F(SlowConsumerTest, PongsForAClientOfProtocol3AreCountedAsQueued) {
  framing = &framing_v3(BinaryForm::bytes);
  open(SlowConsumer::drop_oldest, room_for(3, 10));
  const auto ping = [&] { session->receive_websocket(socket, MessageKind::text, "2"); };
  for (int i = 0; i < 3; ++i) ping();
  host.advance(*session, Milliseconds(20));
  EXPECT_FALSE(record.closed);
  ping();
  host.advance(*session, Milliseconds(20));
  EXPECT_EQ(record.closed, CloseReason::slow_consumer);
}

TEST_F(SlowConsumerTest, DropOldestWorksOnPollingToo) {
  config.socket_io.slow_consumer = SlowConsumer::drop_oldest;
  config.socket_io.max_queued_bytes = room_for(3, 10);
  restart();
  for (int i = 0; i < 9; ++i) send("m" + std::to_string(i));
  EXPECT_EQ(poll(),
            "4m6\x1e"
            "4m7\x1e"
            "4m8");
}

}  // namespace
}  // namespace sioserve::engine
