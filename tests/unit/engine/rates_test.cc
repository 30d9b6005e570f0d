// A client that exceeds its rate is throttled; nothing else happens to it.
#include <gtest/gtest.h>

#include "tests/unit/engine/fakes.h"

namespace sioserve::engine {
namespace {

using Messages = std::vector<std::string>;

struct RatesTest : testing::Test, SessionFixture {
  FakeWebSocket socket;

  void open(std::size_t packets, std::size_t bytes = 0) {
    config.engine_io.max_packets_per_second = packets;
    config.engine_io.max_bytes_per_second = bytes;
    restart();
  }
  void open_websocket(std::size_t packets, std::size_t bytes = 0) {
    open(packets, bytes);
    session->open_websocket(socket);
  }
  // The messages that a WebSocket delivers: none while it is paused.
  int flood(int messages) {
    int taken = 0;
    for (; taken < messages && !socket.paused; ++taken) {
      session->receive_websocket(socket, MessageKind::text, "4x");
    }
    return taken;
  }
};

TEST_F(RatesTest, AWebSocketIsReadAtTheConfiguredRate) {
  open_websocket(10);
  EXPECT_EQ(flood(100), 10);
  EXPECT_TRUE(socket.paused);
  host.advance(*session, Milliseconds(98));
  EXPECT_TRUE(socket.paused);
  host.advance(*session, Milliseconds(4));
  EXPECT_FALSE(socket.paused);
  EXPECT_EQ(flood(100), 1);
  int taken = 0;
  for (int tick = 0; tick < 500; ++tick) {
    host.advance(*session, Milliseconds(20));
    taken += flood(100);
  }
  EXPECT_NEAR(taken, 100, 2);
  EXPECT_EQ(counters.get(Counter::sessions_throttled), 1u) << "one spell";
  EXPECT_FALSE(record.closed);
}

TEST_F(RatesTest, APeriodOfThrottlingIsOneEpisode) {
  std::vector<std::string> log;
  Logger listening([&log](LogRecord line) { log.push_back(std::move(line.message)); });
  listening.set_level(LogCategory::engineio, static_cast<int>(LogLevel::info));
  Limits logged(config, counters, listening);
  config.engine_io.max_packets_per_second = 10;
  session =
      std::make_unique<Session>(SessionId{7}, "a-sid", *framing, config, host, listening, logged);
  session->start(std::make_unique<FakeObserver>(*session, record));
  session->stop_connect_timeout();
  session->open_websocket(socket);
  for (int tick = 0; tick < 3000; ++tick) {
    logged.advance(host.now());
    flood(100);
    host.advance(*session, Milliseconds(20));
  }
  EXPECT_EQ(log.size(), 1u) << log.back();
}

TEST_F(RatesTest, AnEpisodeEndsAfterASecondBelowTheRate) {
  open_websocket(10);
  flood(100);
  host.advance(*session, Milliseconds(1100));
  flood(100);
  EXPECT_EQ(counters.get(Counter::sessions_throttled), 2u);
}

TEST_F(RatesTest, BytesAreCountedToo) {
  open_websocket(0, 1000);
  session->receive_websocket(socket, MessageKind::binary, std::string(3500, 'x'));
  EXPECT_EQ(record.messages.size(), 1u) << "what has come is not refused";
  EXPECT_TRUE(socket.paused);
  host.advance(*session, Milliseconds(2400));
  EXPECT_TRUE(socket.paused);
  host.advance(*session, Milliseconds(200));
  EXPECT_FALSE(socket.paused);
}

TEST_F(RatesTest, APostIsAnsweredWhenAllOfItHasBeenRead) {
  open(2);
  FakePost post;
  session->start_post(post);
  session->receive_post(post, MessageKind::text,
                        "4a\x1e"
                        "4b\x1e"
                        "4c\x1e"
                        "4d");
  EXPECT_EQ(record.messages, (Messages{"a", "b"}));
  EXPECT_FALSE(post.outcome);
  host.advance(*session, Milliseconds(510));
  EXPECT_EQ(record.messages, (Messages{"a", "b", "c"}));
  EXPECT_FALSE(post.outcome);
  host.advance(*session, Milliseconds(1000));
  EXPECT_EQ(record.messages, (Messages{"a", "b", "c", "d"}));
  EXPECT_EQ(post.outcome, HttpOutcome::ok);
}

TEST_F(RatesTest, AThrottledClientStillReceivesMessages) {
  open_websocket(1);
  flood(100);
  socket.sent.clear();
  send("hello");
  EXPECT_EQ(socket.sent, Messages{"4hello"});
}

TEST_F(RatesTest, TheHeartbeatDoesNotExpireWhileAPongIsNotRead) {
  config.engine_io.ping_interval = config.engine_io.ping_timeout = Milliseconds(1000);
  open_websocket(1);
  // The pong is behind 100 messages, which take more than a minute at this rate.
  host.advance(*session, Milliseconds(1000));
  for (int second = 0; second < 100; ++second) {
    flood(1);
    EXPECT_TRUE(session->is_open());
    host.advance(*session, Milliseconds(1010));
  }
  EXPECT_EQ(record.messages.size(), 100u);
  session->receive_websocket(socket, MessageKind::text, "3");
  host.advance(*session, Milliseconds(3500));
  EXPECT_EQ(record.closed, CloseReason::timeout) << "no further data arrives";
}

TEST_F(RatesTest, AClientGetsFurtherPingsWhileItsPongIsNotRead) {
  config.engine_io.ping_interval = config.engine_io.ping_timeout = Milliseconds(3000);
  open_websocket(1);
  socket.sent.clear();
  for (int second = 0; second < 100; ++second) {
    flood(1);
    host.advance(*session, Milliseconds(1010));
  }
  EXPECT_NEAR(double(socket.sent.size()), 33, 1);
  // All of its pongs arrive, and only the last one answers the latest ping.
  const auto pings = socket.sent.size();
  for (std::size_t pong = 1; pong <= pings; ++pong) {
    EXPECT_EQ(record.pongs, 0);
    session->receive_websocket(socket, MessageKind::text, "3");
    host.advance(*session, Milliseconds(10));
  }
  EXPECT_EQ(record.pongs, 1);
}

TEST_F(RatesTest, AClientGetsPingsWhileTheLayerAbovePausesReading) {
  config.engine_io.ping_interval = config.engine_io.ping_timeout = Milliseconds(1000);
  open_websocket(0);
  socket.sent.clear();
  session->pause_reading();
  host.advance(*session, Milliseconds(10'500));
  EXPECT_EQ(socket.sent, Messages(10, "2"));
  session->resume_reading();
  host.advance(*session, Milliseconds(1500));
  EXPECT_EQ(socket.sent, Messages(10, "2")) << "its pong is waited for";
  EXPECT_EQ(record.closed, CloseReason::timeout);
}

TEST_F(RatesTest, AClientOfProtocol3GetsNoopsWhileItsPingIsNotRead) {
  config.engine_io.ping_interval = config.engine_io.ping_timeout = Milliseconds(1000);
  framing = &framing_v3(BinaryForm::bytes);
  open_websocket(0);
  socket.sent.clear();
  session->pause_reading();
  host.advance(*session, Milliseconds(10'000));
  EXPECT_EQ(socket.sent, Messages(20, "6"));
  session->resume_reading();
  session->receive_websocket(socket, MessageKind::text, "2");
  host.advance(*session, Milliseconds(1900));
  EXPECT_EQ(socket.sent.size(), 21u) << "the pong";
  EXPECT_FALSE(record.closed);
}

TEST_F(RatesTest, TheLayerAboveAndTheRatePauseIndependently) {
  open_websocket(2);
  session->pause_reading();
  session->receive_websocket(socket, MessageKind::text, "4a");
  session->receive_websocket(socket, MessageKind::text, "4b");
  host.advance(*session, Milliseconds(2000));
  EXPECT_TRUE(socket.paused) << "the layer above still pauses reading";
  session->resume_reading();
  EXPECT_FALSE(socket.paused);
  flood(2);
  session->pause_reading();
  session->resume_reading();
  EXPECT_TRUE(socket.paused) << "the rate still pauses reading";
  host.advance(*session, Milliseconds(510));
  EXPECT_FALSE(socket.paused);
}

TEST_F(RatesTest, AnUpgradeDoesNotEndThrottling) {
  open(2);
  EXPECT_EQ(post("4a\x1e"
                 "4b"),
            std::nullopt);
  session->start_probe(socket);
  session->receive_websocket(socket, MessageKind::text, "2probe");
  session->receive_websocket(socket, MessageKind::text, "5");
  EXPECT_TRUE(socket.paused);
  host.advance(*session, Milliseconds(510));
  EXPECT_FALSE(socket.paused);
}

}  // namespace
}  // namespace sioserve::engine
