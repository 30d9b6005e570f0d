#include "server/application/request_stream.h"

#include <gtest/gtest.h>

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "tests/unit/application/fakes.h"

namespace sioserve::application {
namespace {

using connection::BodyPart;

class RequestStreamTest : public testing::Test {
 protected:
  static Config small_windows() {
    Config config;
    config.receive_window = 100;
    config.send_window = 100;
    return config;
  }

  HttpRespond part(std::size_t size) {
    return {StreamId{1}, ResponseHead{}, std::string(size, 'x'), true};
  }

  Config config_ = small_windows();
  FakeSink sink_;
  FakeExchange exchange_;
  RequestStreams streams_;
  RequestStream stream_{StreamId{1}, exchange_, streams_, sink_, config_};
};

TEST_F(RequestStreamTest, PausesABodyThatIsNotReceivedAndResumesWhenItIs) {
  stream_.on_request("", BodyPart::more);
  EXPECT_TRUE(exchange_.wanted);
  stream_.on_body(std::string(100, 'x'), BodyPart::more);
  EXPECT_TRUE(exchange_.paused);
  stream_.body_consumed(100);
  EXPECT_FALSE(exchange_.paused);
}

TEST_F(RequestStreamTest, WaitsForTheApplicationIfTheClientExpectsContinue) {
  exchange_.request.headers = {{"expect", "100-continue"}};
  stream_.on_request("", BodyPart::more);
  EXPECT_FALSE(exchange_.wanted);
  stream_.body_consumed(0);
  EXPECT_TRUE(exchange_.wanted);
}

TEST_F(RequestStreamTest, PausesWhileTheEventQueueIsFull) {
  sink_.is_full = true;
  stream_.on_request("x", BodyPart::more);
  EXPECT_TRUE(exchange_.paused);
  stream_.body_consumed(1);
  EXPECT_TRUE(exchange_.paused);
  sink_.is_full = false;
  stream_.queue_drained();
  EXPECT_FALSE(exchange_.paused);
}

TEST_F(RequestStreamTest, GivesCreditWhenTheKernelHasTakenTheBytes) {
  stream_.on_request("", BodyPart::last);
  stream_.respond(part(80));
  EXPECT_TRUE(sink_.all<HttpSendCredit>().empty());
  exchange_.waiting = 10;
  stream_.on_drain();
  ASSERT_EQ(sink_.all<HttpSendCredit>().size(), 1U);
  EXPECT_EQ(sink_.all<HttpSendCredit>()[0].bytes, 70U);
}

TEST_F(RequestStreamTest, GivesCreditForABodyThatIsNeverSent) {
  exchange_.sends_bodies = false;
  stream_.on_request("", BodyPart::last);
  stream_.respond(part(200));
  ASSERT_EQ(sink_.all<HttpSendCredit>().size(), 1U);
  EXPECT_EQ(sink_.all<HttpSendCredit>()[0].bytes, 200U);
}

TEST_F(RequestStreamTest, ReportsADisconnectOnlyBeforeTheResponseIsComplete) {
  stream_.on_request("", BodyPart::last);
  stream_.respond(part(1));
  HttpRespond last = part(1);
  last.head.reset();
  last.more_body = false;
  stream_.respond(std::move(last));
  stream_.on_closed();
  EXPECT_TRUE(sink_.all<HttpDisconnect>().empty());

  RequestStream other(StreamId{2}, exchange_, streams_, sink_, config_);
  other.on_request("", BodyPart::last);
  other.on_closed();
  ASSERT_EQ(sink_.all<HttpDisconnect>().size(), 1U);
  EXPECT_EQ(sink_.all<HttpDisconnect>()[0].stream, StreamId{2});
}

TEST_F(RequestStreamTest, FailsOnce) {
  stream_.on_request("", BodyPart::last);
  stream_.fail();
  stream_.fail();
  EXPECT_EQ(exchange_.failures, 1);
}

// Only a process that was taken over sends such commands. Otherwise nothing would end the response.
TEST_F(RequestStreamTest, FailsIfCommandsComeOutOfOrder) {
  const auto head = [](RequestStream& stream) {
    stream.respond({StreamId{2}, ResponseHead{}, "", true});
  };
  const auto body = [](RequestStream& stream) {
    stream.respond({StreamId{2}, std::nullopt, "", false});
  };
  const auto file = [](RequestStream& stream) {
    stream.respond_file({StreamId{2}, ResponseHead{}, FilePart{}, false});
  };
  const auto trailers = [](RequestStream& stream) { stream.trailers({StreamId{2}, {}}); };
  using Commands = std::vector<std::function<void(RequestStream&)>>;
  for (const Commands& commands :
       {Commands{head, head}, Commands{body}, Commands{head, file}, Commands{trailers}}) {
    FakeExchange exchange;
    RequestStream stream(StreamId{2}, exchange, streams_, sink_, config_);
    stream.on_request("", BodyPart::last);
    for (const auto& command : commands) command(stream);
    EXPECT_EQ(exchange.failures, 1);
    stream.on_closed();
  }
  EXPECT_EQ(sink_.all<HttpDisconnect>().size(), 4U) << "the process is told";
}

TEST_F(RequestStreamTest, FailsWith502WhenItsProcessHasDied) {
  stream_.on_request("", BodyPart::last);
  stream_.process_lost();
  stream_.process_lost();
  EXPECT_EQ(exchange_.failed_with, 502);
  EXPECT_EQ(exchange_.failures, 1);
}

TEST_F(RequestStreamTest, AnswersWith503WithoutAProcess) {
  stream_.on_request("", BodyPart::last);
  stream_.no_process();
  EXPECT_EQ(exchange_.failed_with, 503);
}

TEST_F(RequestStreamTest, IsFoundAsLongAsItLives) {
  EXPECT_EQ(streams_.find(StreamId{1}), &stream_);
  { const RequestStream other(StreamId{2}, exchange_, streams_, sink_, config_); }
  EXPECT_EQ(streams_.find(StreamId{2}), nullptr);
}

TEST_F(RequestStreamTest, ReportsATimeoutToTheApplication) {
  config_.http.application_timeout = Milliseconds(5'000);
  RequestStream stream{StreamId{2}, exchange_, streams_, sink_, config_};
  stream.on_request("", BodyPart::last);
  EXPECT_EQ(exchange_.time_limit, Milliseconds(5'000));
  stream.on_timeout();
  stream.on_closed();
  EXPECT_EQ(sink_.all<HttpTimedOut>().size(), 1U);
  EXPECT_EQ(sink_.all<HttpDisconnect>().size(), 0U);
}

TEST_F(RequestStreamTest, AnAbandonedRequestMayStillBeAnsweredButNeedNot) {
  stream_.on_request("", BodyPart::last);
  EXPECT_EQ(stream_.on_client_end(), connection::ClientEnd::answer);
  stream_.on_abandoned();
  EXPECT_EQ(sink_.all<HttpAbandoned>().size(), 1U);
  stream_.respond(part(10));
  EXPECT_EQ(exchange_.waiting, 10U);
  stream_.fail();
  EXPECT_EQ(exchange_.aborts, 1);
  EXPECT_EQ(exchange_.failures, 0);
}

TEST_F(RequestStreamTest, EndsWithTheTrailers) {
  stream_.on_request("", BodyPart::last);
  stream_.early_hints({StreamId{1}, {"</a>"}});
  EXPECT_EQ(exchange_.hints, std::vector<std::string>{"</a>"});
  stream_.respond(part(1));
  stream_.trailers({StreamId{1}, {{"x", "y"}}});
  ASSERT_TRUE(exchange_.trailers);
  EXPECT_EQ(exchange_.trailers->at(0).value, "y");
  stream_.fail();
  EXPECT_EQ(exchange_.failures, 0);
}

}  // namespace
}  // namespace sioserve::application
