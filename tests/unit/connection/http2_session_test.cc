#include "server/connection/http2_session.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server/connection/client_protocol.h"
#include "tests/unit/connection/fixture.h"
#include "tests/unit/http2/frames.h"

namespace sioserve::connection {
namespace {

using http2::data;
using http2::FieldTexts;
using http2::get;
using http2::headers;
using http2::post;
namespace flag = http2::flag;

class Http2SessionTest : public ConnectionTest {
 protected:
  Http2SessionTest() { restart(); }

  void restart() {
    config_.http2.cleartext = true;
    reconnect();
    receive(http2::hello());
    frames();
  }
  Calls frames() { return reader_.read(std::exchange(wire_.output, {})); }
  std::string last_log() { return log_.empty() ? "" : log_.back().message; }

  http2::FrameReader reader_;
};

TEST_F(Http2SessionTest, ServesARequest) {
  receive(get(1, "/a?b=c"));
  EXPECT_EQ(calls(0), Calls{"request() last"});
  const RequestHead& head = exchange(0).head();
  EXPECT_EQ(head.http_version, "2");
  EXPECT_EQ(head.path, "/a");
  EXPECT_FALSE(head.request_id.empty());
  exchange(0).respond({200, {{"Content-Type", "text/plain"}}}, "hello", BodyPart::last);
  turn();
  EXPECT_EQ(frames(), (Calls{"HEADERS 1 :status=200 content-type=text/plain content-length=5",
                             "DATA 1 hello END"}));
  EXPECT_EQ(calls(0), Calls{"closed"});
  EXPECT_FALSE(connection_closed_);
}

TEST_F(Http2SessionTest, IsRecognizedByThePreface) {
  reconnect();
  const std::string hello = http2::hello();
  for (const char byte : hello + get(1)) receive({&byte, 1});
  EXPECT_EQ(calls(0), Calls{"request() last"});
  reconnect();
  receive("P");
  receive("OST / HTTP/1.1\r\nhost: a\r\ncontent-length: 0\r\n\r\n");
  EXPECT_EQ(exchange(1).head().http_version, "1.1");
}

TEST_F(Http2SessionTest, IsOffByDefault) {
  config_.http2.cleartext = false;
  reconnect();
  receive(http2::hello());
  EXPECT_TRUE(sent().starts_with("HTTP/1.1 505 "));
}

TEST_F(Http2SessionTest, ServesManyStreamsAtOnce) {
  receive(get(1) + post(3) + get(5));
  ASSERT_EQ(requests(), 3U);
  exchange(2).respond({200, {}}, "third", BodyPart::last);
  turn();
  EXPECT_EQ(frames(), (Calls{"HEADERS 5 :status=200 content-length=5", "DATA 5 third END"}));
  receive(data(3, "abc", flag::end_stream));
  EXPECT_EQ(calls(1), (Calls{"request() more", "body(abc) last"}));
  exchange(1).respond({201, {}}, "", BodyPart::last);
  exchange(0).respond({200, {}}, "first", BodyPart::last);
  turn();
  EXPECT_EQ(frames(), (Calls{"HEADERS 3 :status=201 content-length=0 END",
                             "HEADERS 1 :status=200 content-length=5", "DATA 1 first END"}));
}

TEST_F(Http2SessionTest, DropsFieldsOfHttp1InResponses) {
  receive(get(1));
  exchange(0).respond({200,
                       {{"Connection", "close"},
                        {"Transfer-Encoding", "chunked"},
                        {"Keep-Alive", "1"},
                        {"Upgrade", "x"},
                        {"X-A", " 1 "}}},
                      "", BodyPart::more);
  turn();
  EXPECT_EQ(frames(), Calls{"HEADERS 1 :status=200 x-a=1"});
}

TEST_F(Http2SessionTest, JoinsCookies) {
  receive(get(1, "/", {{"cookie", "a=1"}, {"cookie", "b=2"}}));
  EXPECT_EQ(find_header(exchange(0).head().headers, "cookie"), "a=1; b=2");
}

TEST_F(Http2SessionTest, AnswersHeadWithoutABody) {
  receive(headers(1, http2::fields_of("HEAD", "/")));
  exchange(0).respond({200, {}}, "hello", BodyPart::more);
  exchange(0).send_body("more", BodyPart::last);
  turn();
  EXPECT_EQ(frames(), (Calls{"HEADERS 1 :status=200", "DATA 1  END"}));
}

TEST_F(Http2SessionTest, ResetsTheStreamOfAFailedApplication) {
  receive(get(1) + get(3));
  exchange(0).respond({200, {}}, "a", BodyPart::more);
  turn();
  frames();
  exchange(0).fail();
  turn();
  EXPECT_EQ(frames(), Calls{"RST_STREAM 1 INTERNAL_ERROR"});
  EXPECT_EQ(calls(0), (Calls{"request() last", "closed"}));
  exchange(1).fail();
  turn();
  EXPECT_EQ(frames().at(0),
            "HEADERS 3 :status=500 content-type=text/plain; charset=utf-8 "
            "content-length=22");
  EXPECT_FALSE(wire_.closed);
}

TEST_F(Http2SessionTest, ResetsTheStreamOfAResponseThatIsTooShort) {
  receive(get(1));
  exchange(0).respond({200, {{"content-length", "5"}}}, "abc", BodyPart::last);
  turn();
  EXPECT_EQ(frames().back(), "RST_STREAM 1 INTERNAL_ERROR");
  EXPECT_EQ(last_log(), "The application's response is shorter than its Content-Length");
}

TEST_F(Http2SessionTest, TellsTheHandlerOfAReset) {
  receive(get(1));
  receive(http2::reset(1));
  EXPECT_EQ(calls(0), (Calls{"request() last", "closed"}));
  EXPECT_EQ(frames(), Calls{});
}

TEST_F(Http2SessionTest, RefusesInvalidRequests) {
  config_.http.max_headers = 3;
  restart();
  receive(get(1, "/", {{"a", "1"}, {"b", "2"}, {"c", "3"}}));
  EXPECT_EQ(frames().at(0),
            "HEADERS 1 :status=431 content-type=text/plain; charset=utf-8 "
            "content-length=32");
  EXPECT_EQ(requests(), 0U);
  EXPECT_TRUE(last_log().starts_with("Refused a request of 127.0.0.1:1 (GET /) with 431: "));
  receive(get(3, "/", {{"connection", "close"}}));
  EXPECT_EQ(frames(), Calls{"RST_STREAM 3 PROTOCOL_ERROR"});
  EXPECT_EQ(last_log(),
            "Refused a request of 127.0.0.1:1 with PROTOCOL_ERROR: invalid header connection");
}

TEST_F(Http2SessionTest, CountsTheCookiesOfARequestAsOneHeader) {
  config_.http.max_headers = 3;
  restart();
  receive(get(1, "/", {{"cookie", "a=1"}, {"cookie", "b=2"}, {"cookie", "c=3"}, {"x", "1"}}));
  EXPECT_EQ(requests(), 1U);
  receive(get(3, "/", {{"cookie", "a=1"}, {"x", "1"}, {"cookie", "b=2"}, {"y", "2"}}));
  EXPECT_TRUE(frames().at(0).starts_with("HEADERS 3 :status=431"));
}

TEST_F(Http2SessionTest, AsksAClientToLeaveBeforeItIsAFlood) {
  std::string resets;
  for (std::uint32_t id = 1; id < 2 * 76; id += 2) resets += get(id) + http2::reset(id);
  receive(resets);
  EXPECT_EQ(frames(), (Calls{"GOAWAY all NO_ERROR", "PING"}));
  EXPECT_FALSE(wire_.closed);
  receive(get(201));
  exchange(requests() - 1).respond({200, {}}, "abc", BodyPart::last);
  turn();
  EXPECT_TRUE(frames().at(0).starts_with("HEADERS 201 :status=200")) << "it is still served";
  resets.clear();
  for (std::uint32_t id = 203; id < 203 + 2 * 25; id += 2) resets += get(id) + http2::reset(id);
  receive(resets);
  EXPECT_EQ(frames().back(), "GOAWAY 251 ENHANCE_YOUR_CALM");
}

TEST_F(Http2SessionTest, LetsThePeerSendNoMoreWhileTheHandlerPauses) {
  receive(post(1));
  exchange(0).pause_body();
  turn();
  const std::string half(16'384, 'a');
  receive(data(1, half) + data(1, half));
  EXPECT_EQ(frames(), Calls{});
  EXPECT_EQ(calls(0), Calls{"request() more"});
  exchange(0).resume_body();
  turn();
  EXPECT_EQ(calls(0), Calls{"body(" + half + half + ") more"});
  EXPECT_EQ(frames().at(0), "WINDOW_UPDATE 1 32768");
}

TEST_F(Http2SessionTest, LetsAFewStreamsUploadAtFullSpeed) {
  std::string upload;
  for (std::uint32_t id = 1; id <= 2 * 17; id += 2) {
    upload += post(id) + data(id, std::string(16'384, 'a')) + data(id, std::string(16'384, 'a'));
  }
  receive(upload);
  const Calls updates = frames();
  const std::string wide = " " + std::to_string(config_.receive_window - 65'535);
  EXPECT_EQ(std::count_if(updates.begin(), updates.end(),
                          [&](const std::string& text) { return text.ends_with(wide); }),
            16);
  EXPECT_EQ(std::count(updates.begin(), updates.end(), "WINDOW_UPDATE 33 32768"), 1);
}

TEST_F(Http2SessionTest, KeepsTheEndOfABodyWhileTheHandlerPauses) {
  receive(post(1) + data(1, "a"));
  exchange(0).pause_body();
  receive(data(1, "", flag::end_stream));
  EXPECT_EQ(calls(0), (Calls{"request() more", "body(a) more"}));
  exchange(0).resume_body();
  turn();
  EXPECT_EQ(calls(0), Calls{"body() last"});
}

TEST_F(Http2SessionTest, RefusesABodyAboveTheLimit) {
  config_.http.max_body = 3;
  restart();
  receive(post(1));
  receive(data(1, "abcd"));
  EXPECT_EQ(frames().at(0),
            "HEADERS 1 :status=413 content-type=text/plain; charset=utf-8 "
            "content-length=18");
  EXPECT_EQ(calls(0), (Calls{"request() more", "closed"}));
}

TEST_F(Http2SessionTest, SendsContinueWhenTheHandlerWantsTheBody) {
  receive(post(1, {{"expect", "100-continue"}}));
  receive(data(1, "early"));
  EXPECT_EQ(calls(0), Calls{"request() more"});
  exchange(0).want_body();
  turn();
  EXPECT_EQ(frames(), Calls{"HEADERS 1 :status=100"});
  EXPECT_EQ(calls(0), Calls{"body(early) more"});
}

TEST_F(Http2SessionTest, ReportsWhatTheClientHasTaken) {
  receive(http2::settings({{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 3}}) + get(1));
  exchange(0).respond({200, {}}, "abcde", BodyPart::more);
  EXPECT_EQ(exchange(0).buffered(), 5U);
  turn();
  EXPECT_EQ(exchange(0).buffered(), 2U);
  EXPECT_EQ(record(0).drains, 1);
  receive(http2::window_update(1, 10));
  EXPECT_EQ(exchange(0).buffered(), 0U);
  EXPECT_EQ(record(0).drains, 2);
}

TEST_F(Http2SessionTest, WritesNoMoreThanTheSocketTakes) {
  receive(http2::settings({{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 0x7fffffff}}) +
          http2::window_update(0, 0x7fff0000) + get(1));
  peer_takes_output_ = false;
  exchange(0).respond({200, {}}, std::string(1'000'000, 'a'), BodyPart::last);
  turn();
  EXPECT_LT(wire_.unsent, 300'000U);
  const std::size_t written = wire_.output.size();
  receive(http2::ping());
  EXPECT_EQ(wire_.output.size(), written);
  drain();
  EXPECT_GT(wire_.output.size(), 1'000'000U);
}

TEST_F(Http2SessionTest, RefusesABodyThatComesTooSlowly) {
  receive(post(1) + get(3));
  later(config_.http.body_timeout);
  EXPECT_EQ(frames().at(0),
            "HEADERS 1 :status=408 content-type=text/plain; charset=utf-8 "
            "content-length=16");
  EXPECT_EQ(calls(0), (Calls{"request() more", "closed"}));
  EXPECT_EQ(calls(1), Calls{"request() last"}) << "the other request goes on";
}

TEST_F(Http2SessionTest, EndsASlowApplication) {
  receive(get(1));
  exchange(0).respond_within(Milliseconds(100));
  later(Milliseconds(100));
  EXPECT_EQ(frames().at(0),
            "HEADERS 1 :status=503 content-type=text/plain; charset=utf-8 "
            "content-length=20");
  EXPECT_EQ(calls(0), (Calls{"request() last", "timeout", "closed"}));
}

TEST_F(Http2SessionTest, CutsAResponseForWhichTheClientOpensNoWindow) {
  receive(http2::settings({{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 0}}) + get(1));
  exchange(0).respond({200, {}}, "abc", BodyPart::more);
  turn();
  frames();
  later(config_.http.send_timeout - Milliseconds(1));
  EXPECT_EQ(frames(), Calls{});
  later(Milliseconds(1));
  EXPECT_EQ(frames(), Calls{"RST_STREAM 1 CANCEL"});
  EXPECT_EQ(calls(0), (Calls{"request() last", "closed"}));
  EXPECT_FALSE(connection_closed_);
}

TEST_F(Http2SessionTest, CutsAResponseWhoseEndTheClientDoesNotTake) {
  receive(http2::settings({{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 0}}) + get(1));
  exchange(0).respond({200, {}}, "", BodyPart::more);
  exchange(0).send_body("", BodyPart::last);
  turn();
  EXPECT_EQ(frames().size(), 1U) << "a frame without bytes waits for the window too";
  later(config_.http.send_timeout);
  EXPECT_EQ(frames(), Calls{"RST_STREAM 1 CANCEL"});
}

TEST_F(Http2SessionTest, CutsARefusalForWhichTheClientOpensNoWindow) {
  config_.http.max_headers = 3;
  restart();
  receive(http2::settings({{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 0}}) +
          get(1, "/", {{"x-a", "1"}, {"x-b", "2"}, {"x-c", "3"}}));
  EXPECT_TRUE(frames().at(0).starts_with("HEADERS 1 :status=431"));
  later(config_.http.send_timeout);
  EXPECT_EQ(frames(), Calls{"RST_STREAM 1 CANCEL"});
}

TEST_F(Http2SessionTest, ReadsNothingFromAClientThatReadsNothing) {
  receive(http2::settings({{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 1'000'000}}) +
          http2::window_update(0, 1'000'000) + get(1));
  peer_takes_output_ = false;
  exchange(0).respond({200, {}}, std::string(500'000, 'a'), BodyPart::more);
  turn();
  EXPECT_FALSE(wire_.reading);
  drain();
  EXPECT_TRUE(wire_.reading);
}

TEST_F(Http2SessionTest, LogsTheConnectionOfARequestWhoseHeadIsIncomplete) {
  config_.proxy.forwarded_headers = true;
  config_.http.max_headers = 3;
  restart();
  receive(get(1, "/", {{"x-forwarded-for", "10.0.0.1"}, {"x-b", "2"}, {"x-c", "3"}}));
  EXPECT_NE(last_log().find("127.0.0.1"), std::string::npos) << last_log();
  EXPECT_EQ(last_log().find("10.0.0.1"), std::string::npos) << last_log();
}

TEST_F(Http2SessionTest, CutsAConnectionThatTakesNothing) {
  receive(get(1));
  peer_takes_output_ = false;
  exchange(0).respond({200, {}}, "abc", BodyPart::more);
  turn();
  later(config_.http.send_timeout);
  EXPECT_TRUE(wire_.closed);
  EXPECT_EQ(calls(0), (Calls{"request() last", "closed"}));
}

TEST_F(Http2SessionTest, ClosesAConnectionWithoutRequests) {
  later(config_.http.first_byte_timeout);
  EXPECT_EQ(frames(), Calls{"GOAWAY 0 NO_ERROR"});
  EXPECT_TRUE(wire_.finished);
}

TEST_F(Http2SessionTest, ClosesAnIdleConnection) {
  receive(get(1));
  later(config_.http.keep_alive_timeout);
  EXPECT_FALSE(wire_.finished) << "a request is under way";
  exchange(0).respond({204, {}}, "", BodyPart::last);
  turn();
  frames();
  later(config_.http.keep_alive_timeout);
  EXPECT_EQ(frames(), Calls{"GOAWAY 1 NO_ERROR"});
  EXPECT_TRUE(wire_.finished);
}

TEST_F(Http2SessionTest, EndsAConnectionWhoseHeadComesTooSlowly) {
  receive(headers(1, http2::fields_of("GET", "/"), flag::end_stream));
  later(config_.http.header_timeout);
  EXPECT_EQ(frames(), Calls{"GOAWAY 1 ENHANCE_YOUR_CALM"});
  EXPECT_TRUE(wire_.finished);
}

TEST_F(Http2SessionTest, FinishesRequestsWhenTheServerStops) {
  receive(get(1));
  context_.phase = Phase::stopping;
  connection_->begin_stop();
  turn();
  EXPECT_EQ(frames(), (Calls{"GOAWAY all NO_ERROR", "PING"}));
  receive(get(3));
  EXPECT_EQ(requests(), 2U) << "it was on its way";
  receive(http2::ping(flag::ack));
  EXPECT_EQ(frames(), Calls{"GOAWAY 3 NO_ERROR"});
  exchange(0).respond({204, {}}, "", BodyPart::last);
  exchange(1).respond({204, {}}, "", BodyPart::last);
  turn();
  EXPECT_EQ(frames(), (Calls{"HEADERS 1 :status=204 END", "HEADERS 3 :status=204 END"}));
  EXPECT_TRUE(wire_.finished);
}

TEST_F(Http2SessionTest, DoesNotWaitLongForAClientThatDoesNotAnswerTheAnnouncement) {
  context_.phase = Phase::stopping;
  connection_->begin_stop();
  turn();
  frames();
  later(context_.timeouts.late_head);
  EXPECT_EQ(frames(), Calls{"GOAWAY 0 NO_ERROR"});
  EXPECT_TRUE(wire_.finished);
}

TEST_F(Http2SessionTest, EndsEventStreamsWhenTheServerStops) {
  receive(get(1));
  exchange(0).respond({200, {{"content-type", "text/event-stream"}}}, "", BodyPart::more);
  turn();
  frames();
  context_.phase = Phase::stopping;
  connection_->begin_stop();
  turn();
  EXPECT_EQ(frames(), (Calls{"GOAWAY all NO_ERROR", "PING", "DATA 1  END"}));
}

TEST_F(Http2SessionTest, LimitsTheRequestsOfAConnection) {
  config_.http.requests_per_connection = 2;
  restart();
  receive(get(1));
  EXPECT_EQ(frames(), Calls{});
  receive(get(3));
  EXPECT_EQ(frames(), (Calls{"GOAWAY all NO_ERROR", "PING"}));
}

TEST_F(Http2SessionTest, ClosesWhenTheClientLeaves) {
  receive(get(1));
  receive(http2::frame(http2::FrameType::goaway, 0, 0, std::string(8, '\0')));
  EXPECT_FALSE(wire_.finished);
  exchange(0).respond({204, {}}, "", BodyPart::last);
  turn();
  EXPECT_TRUE(wire_.finished);
}

TEST_F(Http2SessionTest, StillAnswersAClientThatShutDownItsSendingSide) {
  receive(get(1) + post(3));
  peer_ends();
  EXPECT_EQ(calls(0), Calls{"request() last"});
  EXPECT_EQ(calls(1), (Calls{"request() more", "closed"})) << "its body is incomplete";
  frames();
  exchange(0).respond({204, {}}, "", BodyPart::last);
  turn();
  EXPECT_EQ(frames(), Calls{"HEADERS 1 :status=204 END"});
}

TEST_F(Http2SessionTest, StillDeliversTheWholeBodyOfAClientThatShutDownItsSendingSide) {
  receive(post(1));
  exchange(0).pause_body();
  turn();
  receive(data(1, "all", flag::end_stream));
  peer_ends();
  exchange(0).resume_body();
  turn();
  EXPECT_EQ(calls(0), (Calls{"request() more", "body(all) last"}));
}

TEST_F(Http2SessionTest, DropsTheBodyOfAnAnsweredRequest) {
  receive(http2::settings({{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 0}}) + post(1));
  exchange(0).respond({200, {}}, "early", BodyPart::last);
  turn();
  frames();
  const std::string part(16'384, 'a');
  receive(data(1, part) + data(1, part) + data(1, part));
  EXPECT_EQ(frames(), Calls{"WINDOW_UPDATE 1 49152"})
      << "the client may have to send all before it reads";
}

TEST_F(Http2SessionTest, ClosesItsHandlersWithTheConnection) {
  receive(get(1) + get(3));
  peer_vanishes();
  EXPECT_EQ(calls(0), (Calls{"request() last", "closed"}));
  EXPECT_EQ(calls(1), (Calls{"request() last", "closed"}));
}

TEST_F(Http2SessionTest, EndsTheConnectionForAProtocolError) {
  receive(get(1));
  receive(data(0, "a"));
  EXPECT_EQ(frames(), Calls{"GOAWAY 1 PROTOCOL_ERROR"});
  EXPECT_EQ(calls(0), (Calls{"request() last", "closed"}));
  EXPECT_TRUE(
      last_log().starts_with("Closed an HTTP/2 connection of 127.0.0.1:1 with PROTOCOL_ERROR: "));
}

TEST_F(Http2SessionTest, LogsOneLineForARequestThatEndsTheConnection) {
  receive(get(2));  // the number of a server's stream
  EXPECT_EQ(frames(), Calls{"GOAWAY 0 PROTOCOL_ERROR"});
  ASSERT_EQ(log_.size(), 1U);
  EXPECT_TRUE(last_log().starts_with("Closed an HTTP/2 connection of 127.0.0.1:1 with "));
}

TEST_F(Http2SessionTest, LogsOneLineForAConnectionWithManyViolations) {
  receive(get(1, "/", {{"connection", "close"}}) + get(3, "/", {{"connection", "close"}}));
  receive(get(5, "/", {{"te", "gzip"}}));
  receive(post(7, {{"content-length", "1"}}));
  receive(data(7, "ab"));
  receive(data(0, "a"));
  EXPECT_EQ(frames().back(), "GOAWAY 7 PROTOCOL_ERROR");
  EXPECT_EQ(log_.size(), 1U);
}

TEST_F(Http2SessionTest, LogsFewLinesForViolationsOnManyConnections) {
  for (int i = 0; i < 100; ++i) {
    restart();
    receive(i % 2 == 0 ? data(0, "a") : get(1, "/", {{"connection", "close"}}));
  }
  ASSERT_EQ(log_.size(), 21U);
  EXPECT_EQ(last_log(),
            "There are too many HTTP/2 protocol errors for the log: from now on it has one of them "
            "in a second");
  EXPECT_FALSE(context_.http2_reports.quiet());
  context_.http2_reports.sweep(now_ + LimitEpisode::quiet_time);
  EXPECT_EQ(last_log(), "The log has all HTTP/2 protocol errors again: 80 of them were left out");
  EXPECT_TRUE(context_.http2_reports.quiet());
}

TEST_F(Http2SessionTest, CountsEachRequestInProgress) {
  config_.load.max_concurrency = 1;
  restart();
  receive(get(1) + get(3));
  EXPECT_EQ(requests(), 1U);
  EXPECT_TRUE(frames().at(0).starts_with("HEADERS 3 :status=503"));
}

}  // namespace
}  // namespace sioserve::connection
