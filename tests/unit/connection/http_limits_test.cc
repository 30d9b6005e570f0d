// The limits and timeouts of HttpConfig.
#include <string>

#include "server/connection/http_deadlines.h"
#include "tests/unit/connection/fixture.h"

namespace sioserve::connection {
namespace {

using HttpLimitsTest = ConnectionTest;

const std::string get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

std::string post(const std::string& headers, const std::string& body) {
  return "POST / HTTP/1.1\r\nHost: a\r\n" + headers + "\r\n" + body;
}

std::string status(const std::string& output) { return output.substr(0, 12); }

TEST_F(HttpLimitsTest, ClosesAConnectionWithoutAFirstByteWithoutAResponse) {
  later(config_.http.first_byte_timeout - Milliseconds(1));
  EXPECT_FALSE(wire_.finished);
  later(Milliseconds(2));
  EXPECT_TRUE(wire_.finished);
  EXPECT_EQ(sent(), "");
  EXPECT_TRUE(log_.empty());
}

TEST_F(HttpLimitsTest, RefusesRequestsAboveTheLimitAndKeepsTheConnection) {
  config_.load.max_concurrency = 1;
  auto other = context_.load.count_request();
  receive(post("Content-Length: 5\r\n", "he"));
  const std::string refused = sent();
  EXPECT_EQ(status(refused), "HTTP/1.1 503");
  EXPECT_NE(refused.find("retry-after: 1\r\n"), std::string::npos);
  receive("llo");
  receive("GET /?sid=open HTTP/1.1\r\nHost: a\r\n\r\n");
  ASSERT_EQ(requests(), 1U);  // of a session, so it is answered
  exchange(0).respond({200, {}}, "", BodyPart::last);
  turn();
  sent();
  other.reset();
  receive(get);
  EXPECT_EQ(requests(), 2U);
  EXPECT_FALSE(context_.load.admit_request(now_));
  exchange(1).respond({200, {}}, "", BodyPart::last);
  turn();
  EXPECT_TRUE(context_.load.admit_request(now_));
  EXPECT_FALSE(wire_.finished);
}

TEST_F(HttpLimitsTest, RefusesASlowHead) {
  receive("GET / HT");
  later(Milliseconds(20'000));
  receive("TP");
  later(Milliseconds(10'001));
  EXPECT_EQ(status(sent()), "HTTP/1.1 408");
  EXPECT_TRUE(wire_.finished);
  ASSERT_EQ(log_.size(), 1U);
  EXPECT_EQ(log_[0].message,
            "Refused a request of 127.0.0.1:1 (GET) with 408: the head took too long");
}

TEST_F(HttpLimitsTest, StartsTheTimeoutOfAHeadAtItsFirstByte) {
  receive(get);
  exchange(0).respond({200, {}}, "", BodyPart::last);
  turn();
  sent();
  later(config_.http.keep_alive_timeout - Milliseconds(1));
  receive("GET");
  later(config_.http.header_timeout - Milliseconds(1));
  EXPECT_FALSE(wire_.finished);
  later(Milliseconds(2));
  EXPECT_EQ(status(sent()), "HTTP/1.1 408");
}

TEST_F(HttpLimitsTest, RefusesASlowBody) {
  const Milliseconds almost = config_.http.body_timeout - Milliseconds(1);
  receive(post("Content-Length: 9\r\n", "ab"));
  later(almost);
  receive("c");
  later(almost);
  EXPECT_EQ(calls(0), (Calls{"request(ab) more", "body(c) more"}));
  later(Milliseconds(2));
  EXPECT_EQ(calls(0), (Calls{"closed"}));
  EXPECT_EQ(status(sent()), "HTTP/1.1 408");
  EXPECT_TRUE(wire_.finished);
  EXPECT_EQ(log_.size(), 1U);
}

TEST_F(HttpLimitsTest, DoesNotTimeOutABodyThatIsNotRead) {
  receive(post("Content-Length: 9\r\n", "ab"));
  exchange(0).pause_body();
  turn();
  later(config_.http.body_timeout * 3);
  exchange(0).resume_body();
  turn();
  later(config_.http.body_timeout - Milliseconds(1));
  EXPECT_FALSE(wire_.finished);
  later(Milliseconds(2));
  EXPECT_TRUE(wire_.finished);
}

TEST_F(HttpLimitsTest, DoesNotExpectABodyBeforeItsContinue) {
  receive(post("Expect: 100-continue\r\nContent-Length: 9\r\n", ""));
  later(config_.http.body_timeout * 3);
  EXPECT_FALSE(wire_.finished);
  exchange(0).want_body();
  turn();
  later(config_.http.body_timeout + Milliseconds(1));
  EXPECT_TRUE(wire_.finished);
}

TEST_F(HttpLimitsTest, CutsAClientThatReadsNothing) {
  peer_takes_output_ = false;
  receive(get);
  exchange(0).respond({200, {}}, "part", BodyPart::more);
  turn();
  calls(0);
  later(config_.http.send_timeout - Milliseconds(1));
  EXPECT_FALSE(wire_.closed);
  later(Milliseconds(2));
  EXPECT_TRUE(wire_.closed);
  EXPECT_EQ(calls(0), (Calls{"closed"}));
  ASSERT_EQ(log_.size(), 1U);
  EXPECT_EQ(log_[0].message,
            "Cut the response to 127.0.0.1:1 (GET /): the client takes nothing of it");
}

TEST_F(HttpLimitsTest, LetsAClientReadSlowly) {
  peer_takes_output_ = false;
  receive(get);
  exchange(0).respond({200, {}}, "part", BodyPart::more);
  turn();
  for (int i = 0; i < 5; ++i) {
    later(config_.http.send_timeout - Milliseconds(1));
    --wire_.unsent;
    wire_.listener->on_drain();
    turn();
  }
  drain();
  later(config_.http.send_timeout * 2);
  EXPECT_FALSE(wire_.closed) << "a silent application is not the client's fault";
}

TEST_F(HttpLimitsTest, CutsAClientThatReadsNothingOfACompleteResponse) {
  peer_takes_output_ = false;
  config_.http.keep_alive_timeout = config_.http.send_timeout * 2;
  reconnect();
  receive(get);
  exchange(0).respond({200, {}}, "x", BodyPart::last);
  turn();
  later(config_.http.send_timeout + Milliseconds(1));
  EXPECT_TRUE(wire_.closed);
}

TEST_F(HttpLimitsTest, CutsAClientThatReadsNothingOfTheLastResponse) {
  peer_takes_output_ = false;
  receive("GET / HTTP/1.0\r\n\r\n");
  exchange(0).respond({200, {}}, "x", BodyPart::last);
  turn();
  later(config_.http.send_timeout - Milliseconds(1));
  EXPECT_FALSE(wire_.closed);
  later(Milliseconds(2));
  EXPECT_TRUE(wire_.closed);
  EXPECT_EQ(log_.size(), 1U);
}

TEST_F(HttpLimitsTest, Answers503WhenTheApplicationTakesTooLong) {
  receive(get);
  exchange(0).respond_within(Milliseconds(5'000));
  calls(0);
  later(Milliseconds(4'999));
  EXPECT_EQ(calls(0), Calls{});
  later(Milliseconds(2));
  EXPECT_EQ(calls(0), (Calls{"timeout", "closed"}));
  EXPECT_EQ(status(sent()), "HTTP/1.1 503");
  EXPECT_TRUE(wire_.finished);
  ASSERT_EQ(log_.size(), 1U);
  EXPECT_EQ(log_[0].message,
            "Refused a request of 127.0.0.1:1 (GET /) with 503: the application took too long");
}

TEST_F(HttpLimitsTest, RefusesAHeadRequestWithoutABody) {
  receive("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n");
  exchange(0).respond_within(Milliseconds(5'000));
  later(Milliseconds(5'001));
  const std::string answer = sent();
  EXPECT_EQ(status(answer), "HTTP/1.1 503");
  EXPECT_TRUE(answer.ends_with("\r\n\r\n")) << answer;
}

TEST_F(HttpLimitsTest, CutsAStartedResponseThatTakesTooLong) {
  receive(get);
  exchange(0).respond_within(Milliseconds(5'000));
  exchange(0).respond({200, {}}, "part", BodyPart::more);
  turn();
  calls(0);
  later(Milliseconds(5'001));
  EXPECT_EQ(calls(0), (Calls{"timeout", "closed"}));
  EXPECT_TRUE(wire_.closed);
}

TEST_F(HttpLimitsTest, TheTimeForAResponseEndsWithIt) {
  receive(get);
  exchange(0).respond_within(Milliseconds(5'000));
  exchange(0).respond({200, {}}, "x", BodyPart::last);
  turn();
  receive(get);
  later(Milliseconds(10'000));
  EXPECT_EQ(calls(1), (Calls{"request() last"}));
  EXPECT_FALSE(wire_.finished);
}

TEST_F(HttpLimitsTest, AnUploadDoesNotCountAsTheApplicationsTime) {
  receive(post("Content-Length: 3\r\n", ""));
  exchange(0).respond_within(Milliseconds(5'000));
  for (const char* byte : {"a", "b", "c"}) {
    later(Milliseconds(4'999));
    receive(byte);
  }
  EXPECT_FALSE(wire_.finished);
  later(Milliseconds(5'001));
  EXPECT_EQ(status(sent()), "HTTP/1.1 503");
}

TEST_F(HttpLimitsTest, RefusesAnAnnouncedBodyThatIsTooLargeImmediately) {
  config_.http.max_body = 10;
  reconnect();
  receive(post("Expect: 100-continue\r\nContent-Length: 11\r\n", ""));
  EXPECT_EQ(requests(), 0U);
  EXPECT_EQ(status(sent()), "HTTP/1.1 413");
  EXPECT_TRUE(wire_.finished);
  EXPECT_EQ(log_.size(), 1U);
  reconnect();
  receive(post("Content-Length: 10\r\n", "0123456789"));
  EXPECT_EQ(requests(), 1U);
}

TEST_F(HttpLimitsTest, RefusesAChunkedBodyWhereItBecomesTooLarge) {
  config_.http.max_body = 10;
  reconnect();
  receive(post("Transfer-Encoding: chunked\r\n", "6\r\nabcdef\r\n"));
  EXPECT_EQ(calls(0), (Calls{"request(abcdef) more"}));
  receive("5\r\n");
  EXPECT_EQ(calls(0), (Calls{"closed"}));
  EXPECT_EQ(status(sent()), "HTTP/1.1 413");
  EXPECT_TRUE(wire_.finished);
}

TEST_F(HttpLimitsTest, ClosesAfterTheLastRequestOfAConnection) {
  config_.http.requests_per_connection = 2;
  reconnect();
  receive(get + get + get);
  exchange(0).respond({200, {}}, "x", BodyPart::last);
  turn();
  EXPECT_EQ(sent().find("connection: close"), std::string::npos);
  exchange(1).respond({200, {}}, "y", BodyPart::last);
  turn();
  EXPECT_NE(sent().find("connection: close"), std::string::npos);
  EXPECT_TRUE(wire_.finished);
  EXPECT_EQ(requests(), 2U);
}

TEST_F(HttpLimitsTest, ATimeoutOfZeroIsNoLimit) {
  config_.http.first_byte_timeout = Milliseconds(0);
  config_.http.header_timeout = Milliseconds(0);
  config_.http.keep_alive_timeout = Milliseconds(0);
  reconnect();
  later(std::chrono::hours(1));
  receive("G");
  later(std::chrono::hours(1));
  receive(get.substr(1));
  exchange(0).respond({200, {}}, "x", BodyPart::last);
  turn();
  later(std::chrono::hours(1));
  EXPECT_FALSE(wire_.finished);
}

TEST(SweepInterval, FollowsTheShortestTimeout) {
  Config config;
  EXPECT_EQ(sweep_interval(config), config.http.half_close_timeout / 4);
  config.http.half_close_timeout = Milliseconds(0);
  EXPECT_EQ(sweep_interval(config), Milliseconds(1'000));
  config.http.application_timeout = Milliseconds(2'000);
  EXPECT_EQ(sweep_interval(config), Milliseconds(500));
  config.http.keep_alive_timeout = Milliseconds(1);
  EXPECT_EQ(sweep_interval(config), Milliseconds(50));
}

}  // namespace
}  // namespace sioserve::connection
