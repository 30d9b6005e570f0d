#include "server/application/websocket_stream.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/unit/application/fakes.h"

namespace sioserve::application {
namespace {

using Calls = std::vector<std::string>;

class WebSocketStreamTest : public testing::Test {
 protected:
  static Config small_windows() {
    Config config;
    config.receive_window = 1000;
    return config;
  }

  void open() {
    stream_.on_upgrade_request();
    stream_.accept({StreamId{1}, "", {}});
    channel_.calls.clear();
  }

  Config config_ = small_windows();
  FakeSink sink_;
  FakeChannel channel_;
  WebSocketStreams streams_;
  WebSocketStream stream_{StreamId{1}, channel_, streams_, sink_, config_};
};

TEST_F(WebSocketStreamTest, RefusesTheHandshakeIfTheApplicationClosesFirst) {
  stream_.on_upgrade_request();
  stream_.close({StreamId{1}, 1000, ""});
  stream_.accept({StreamId{1}, "", {}});
  stream_.send({StreamId{1}, MessageKind::text, "late"});
  EXPECT_EQ(channel_.calls, Calls{"deny 403"});
}

TEST_F(WebSocketStreamTest, AnswersAFailureBeforeTheHandshakeWith500AndAfterItWith1011) {
  stream_.on_upgrade_request();
  stream_.fail();
  EXPECT_EQ(channel_.calls, Calls{"deny 500"});

  FakeChannel open_channel;
  WebSocketStream open_stream(StreamId{2}, open_channel, streams_, sink_, config_);
  open_stream.accept({StreamId{2}, "", {}});
  open_stream.fail();
  open_stream.fail();
  EXPECT_EQ(open_channel.calls, (Calls{"accept", "close 1011"}));
}

TEST_F(WebSocketStreamTest, ClosesWithServiceRestartWhenItsProcessHasDied) {
  open();
  stream_.process_lost();
  stream_.process_lost();
  EXPECT_EQ(channel_.calls, Calls{"close 1012"});
}

TEST_F(WebSocketStreamTest, AnswersTheHandshakeWith502WhenItsProcessHasDied) {
  stream_.on_upgrade_request();
  stream_.process_lost();
  EXPECT_EQ(channel_.calls, Calls{"deny 502"});
}

TEST_F(WebSocketStreamTest, AnswersTheHandshakeWith503WithoutAProcess) {
  stream_.on_upgrade_request();
  stream_.no_process();
  EXPECT_EQ(channel_.calls, Calls{"deny 503"});
}

TEST_F(WebSocketStreamTest, SendsADenialInParts) {
  stream_.on_upgrade_request();
  stream_.deny({StreamId{1}, ResponseHead{418, {}}, "one", true});
  stream_.deny({StreamId{1}, std::nullopt, "two", false});
  EXPECT_EQ(channel_.calls, (Calls{"deny 418", "denial body two"}));
}

TEST_F(WebSocketStreamTest, PausesAtTheWindowAlsoForEmptyMessages) {
  open();
  while (!channel_.paused) {
    ASSERT_LT(sink_.events.size(), 100U);
    stream_.on_message(MessageKind::text, "");
  }
  const auto messages = sink_.all<WebSocketMessage>();
  EXPECT_GT(messages.size(), 5U);
  for (std::size_t i = 0; i < messages.size(); ++i) {
    stream_.consumed(websocket_message_overhead);
  }
  EXPECT_FALSE(channel_.paused);
}

// The peer's close frame comes after the messages that it sent before.
TEST_F(WebSocketStreamTest, ResumesReadingWhenItClosesWithAFullWindow) {
  open();
  stream_.on_message(MessageKind::binary, std::string(2000, 'x'));
  ASSERT_TRUE(channel_.paused);
  stream_.close({StreamId{1}, 4000, ""});
  EXPECT_FALSE(channel_.paused);
  sink_.is_full = true;
  stream_.consumed(1);
  stream_.queue_drained();
  EXPECT_FALSE(channel_.paused);
  EXPECT_EQ(channel_.calls, Calls{"close 4000"});
}

TEST_F(WebSocketStreamTest, ReportsTheCloseCodeAndReason) {
  open();
  stream_.on_closed(1001, "going away");
  ASSERT_EQ(sink_.all<WebSocketDisconnect>().size(), 1U);
  EXPECT_EQ(sink_.all<WebSocketDisconnect>()[0].code, 1001);
  EXPECT_EQ(sink_.all<WebSocketDisconnect>()[0].reason, "going away");
}

}  // namespace
}  // namespace sioserve::application
