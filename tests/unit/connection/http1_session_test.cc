#include <sys/mman.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <utility>

#include "tests/unit/connection/fixture.h"

namespace sioserve::connection {
namespace {

using Http1SessionTest = ConnectionTest;

const std::string get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

std::string get_path(const std::string& path) {
  return "GET " + path + " HTTP/1.1\r\nHost: a\r\n\r\n";
}

std::string post(const std::string& headers, const std::string& body) {
  return "POST / HTTP/1.1\r\nHost: a\r\n" + headers + "\r\n" + body;
}

std::string ok(const std::string& body) {
  return "HTTP/1.1 200 OK\r\ncontent-length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

TEST_F(Http1SessionTest, AnswersARequest) {
  receive(get);
  ASSERT_EQ(requests(), 1U);
  EXPECT_EQ(calls(0), (Calls{"request() last"}));
  EXPECT_EQ(exchange(0).head().method, "GET");
  exchange(0).respond({200, {}}, "hello", BodyPart::last);
  EXPECT_EQ(calls(0), Calls{}) << "callbacks are not made from within a call";
  turn();
  EXPECT_EQ(calls(0), (Calls{"closed"}));
  EXPECT_EQ(sent(), ok("hello"));
  EXPECT_FALSE(wire_.finished);
}

TEST_F(Http1SessionTest, AnswersARequestThatArrivesInSeveralParts) {
  for (const char byte : get) receive(std::string(1, byte));
  ASSERT_EQ(requests(), 1U);
  EXPECT_EQ(calls(0), (Calls{"request() last"}));
}

TEST_F(Http1SessionTest, KeepsTheConnectionAliveForTheNextRequest) {
  for (std::size_t i = 0; i < 3; ++i) {
    receive(get);
    ASSERT_EQ(requests(), i + 1);
    exchange(i).respond({200, {}}, "x", BodyPart::last);
    turn();
    EXPECT_EQ(sent(), ok("x"));
  }
}

TEST_F(Http1SessionTest, AnswersPipelinedRequestsInOrder) {
  receive(get_path("/1") + get_path("/2") + get_path("/3").substr(0, 10));
  receive(get_path("/3").substr(10));
  ASSERT_EQ(requests(), 1U);
  EXPECT_EQ(exchange(0).head().path, "/1");
  exchange(0).respond({200, {}}, "one", BodyPart::more);
  turn();
  EXPECT_EQ(requests(), 1U) << "the first response is not complete";
  exchange(0).send_body("", BodyPart::last);
  turn();
  ASSERT_EQ(requests(), 2U);
  EXPECT_EQ(exchange(1).head().path, "/2");
  exchange(1).respond({200, {}}, "two", BodyPart::last);
  turn();
  ASSERT_EQ(requests(), 3U);
  EXPECT_EQ(exchange(2).head().path, "/3");
  EXPECT_EQ(sent(), "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\none\r\n0\r\n\r\n" +
                        ok("two"));
}

TEST_F(Http1SessionTest, PausesReadingWhenTooMuchIsPipelined) {
  receive(get);
  receive(std::string(70'000, 'x'));
  EXPECT_FALSE(wire_.reading);
}

TEST_F(Http1SessionTest, WaitsForASlowReaderBeforeTheNextPipelinedRequest) {
  peer_takes_output_ = false;
  receive(get + get);
  exchange(0).respond({200, {}}, std::string(config_.send_window, 'x'), BodyPart::last);
  turn();
  EXPECT_EQ(requests(), 1U);
  drain();
  EXPECT_EQ(requests(), 2U);
}

TEST_F(Http1SessionTest, DeliversABodyAsItArrives) {
  receive(post("Content-Length: 6\r\n", "ab"));
  receive("cd");
  receive("ef" + get);
  EXPECT_EQ(calls(0), (Calls{"request(ab) more", "body(cd) more", "body(ef) last"}));
  EXPECT_EQ(requests(), 1U);
}

TEST_F(Http1SessionTest, DeliversAChunkedBody) {
  receive(post("Transfer-Encoding: chunked\r\n", "2\r\nab\r\n1\r\nc\r\n"));
  receive("1\r\nd\r\n0\r\n\r\n");
  EXPECT_EQ(calls(0), (Calls{"request(abc) more", "body(d) last"}));
}

TEST_F(Http1SessionTest, StreamsAResponse) {
  receive(get);
  exchange(0).respond({200, {}}, "", BodyPart::more);
  exchange(0).send_body("abc", BodyPart::more);
  exchange(0).send_body("de", BodyPart::last);
  exchange(0).send_body("ignored", BodyPart::last);
  turn();
  EXPECT_EQ(sent(),
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
            "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
}

TEST_F(Http1SessionTest, CountsOnlyThisResponseAsBuffered) {
  peer_takes_output_ = false;
  receive(get + get);
  exchange(0).respond({200, {}}, "first", BodyPart::last);
  turn();
  EXPECT_EQ(exchange(1).buffered(), 0U);
  exchange(1).respond({200, {}}, "", BodyPart::more);
  exchange(1).send_body("abcd", BodyPart::more);
  const std::size_t buffered = exchange(1).buffered();
  EXPECT_GT(buffered, 4U);
  EXPECT_LT(buffered, wire_.unsent);
  drain();
  EXPECT_EQ(exchange(1).buffered(), 0U);
  EXPECT_EQ(record(1).drains, 1);
  EXPECT_EQ(calls(1), (Calls{"request() last"}));
}

TEST_F(Http1SessionTest, AnswersHeadWithoutABody) {
  receive("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n" + get);
  exchange(0).respond({200, {}}, "hello", BodyPart::last);
  turn();
  EXPECT_EQ(sent(), "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n");
  EXPECT_EQ(requests(), 2U);
}

TEST_F(Http1SessionTest, ClosesIfTheClientAsksForIt) {
  receive("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  exchange(0).respond({200, {}}, "x", BodyPart::last);
  turn();
  EXPECT_EQ(sent(), "HTTP/1.1 200 OK\r\ncontent-length: 1\r\nconnection: close\r\n\r\nx");
  EXPECT_TRUE(wire_.finished);
  EXPECT_FALSE(wire_.closed) << "the client must be able to read the response";
  peer_ends();
  EXPECT_TRUE(wire_.closed);
  EXPECT_TRUE(connection_closed_);
}

TEST_F(Http1SessionTest, DoesNotLingerForever) {
  receive("GET / HTTP/1.0\r\n\r\n");
  exchange(0).respond({200, {}}, "x", BodyPart::more);
  exchange(0).send_body("y", BodyPart::last);
  turn();
  EXPECT_EQ(sent(), "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nxy");
  EXPECT_FALSE(wire_.closed);
  later(context_.timeouts.linger + Milliseconds(1));
  EXPECT_TRUE(wire_.closed);
}

TEST_F(Http1SessionTest, SendsContinueWhenTheBodyIsWanted) {
  receive(post("Expect: 100-continue\r\nContent-Length: 3\r\n", ""));
  EXPECT_EQ(calls(0), (Calls{"request() more"}));
  EXPECT_EQ(sent(), "");
  exchange(0).want_body();
  exchange(0).want_body();
  turn();
  EXPECT_EQ(sent(), "HTTP/1.1 100 Continue\r\n\r\n");
  receive("abc");
  EXPECT_EQ(calls(0), (Calls{"body(abc) last"}));
  exchange(0).respond({200, {}}, "x", BodyPart::last);
  turn();
  EXPECT_EQ(sent(), ok("x"));
}

TEST_F(Http1SessionTest, DeliversNoBodyUntilItIsWanted) {
  receive(post("Expect: 100-continue\r\nContent-Length: 3\r\n", "abc"));
  EXPECT_EQ(calls(0), (Calls{"request() more"}));
  exchange(0).want_body();
  turn();
  EXPECT_EQ(calls(0), (Calls{"body(abc) last"}));
}

TEST_F(Http1SessionTest, ClosesIfAnExpectedBodyWasNeverWanted) {
  receive(post("Expect: 100-continue\r\nContent-Length: 3\r\n", ""));
  exchange(0).respond({403, {}}, "", BodyPart::last);
  turn();
  EXPECT_EQ(sent(), "HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
  EXPECT_TRUE(wire_.finished);
}

TEST_F(Http1SessionTest, DrainsTheRestOfASmallBodyAfterAnEarlyResponse) {
  receive(post("Content-Length: 6\r\n", "ab"));
  exchange(0).respond({200, {}}, "early", BodyPart::last);
  turn();
  EXPECT_EQ(sent(), ok("early"));
  EXPECT_EQ(calls(0), (Calls{"request(ab) more", "closed"}));
  receive("cdef" + get_path("/next"));
  ASSERT_EQ(requests(), 2U);
  EXPECT_EQ(exchange(1).head().path, "/next");
}

TEST_F(Http1SessionTest, ClosesAfterAnEarlyResponseToALargeBody) {
  receive(post("Content-Length: 10000000\r\n", "ab"));
  exchange(0).respond({413, {}}, "", BodyPart::last);
  turn();
  EXPECT_NE(sent().find("connection: close"), std::string::npos);
  EXPECT_TRUE(wire_.finished);
}

TEST_F(Http1SessionTest, ClosesWhenAChunkedBodyDoesNotEndAfterTheResponse) {
  receive(post("Transfer-Encoding: chunked\r\n", "1\r\na\r\n"));
  exchange(0).respond({200, {}}, "", BodyPart::last);
  turn();
  EXPECT_FALSE(wire_.finished);
  for (int i = 0; i < 100; ++i) receive("1000\r\n" + std::string(0x1000, 'x') + "\r\n");
  EXPECT_TRUE(wire_.finished);
}

TEST_F(Http1SessionTest, PausesAndResumesTheBody) {
  receive(post("Content-Length: 100000\r\n", "ab"));
  exchange(0).pause_body();
  receive("cd");
  EXPECT_EQ(calls(0), (Calls{"request(ab) more"}));
  EXPECT_TRUE(wire_.reading) << "one message ahead, to notice a disconnect";
  receive(std::string(70'000, 'x'));
  EXPECT_FALSE(wire_.reading);
  exchange(0).resume_body();
  EXPECT_EQ(calls(0), Calls{});
  turn();
  EXPECT_EQ(calls(0), (Calls{"body(cd" + std::string(70'000, 'x') + ") more"}));
  EXPECT_TRUE(wire_.reading);
}

TEST_F(Http1SessionTest, NotifiesTheHandlerWhenTheClientDisconnects) {
  receive(get);
  calls(0);
  peer_vanishes();
  EXPECT_EQ(calls(0), (Calls{"closed"}));
  EXPECT_TRUE(connection_closed_);
}

TEST_F(Http1SessionTest, AnswersAfterAHalfClose) {
  receive(get + get);
  peer_ends();
  EXPECT_EQ(calls(0), (Calls{"request() last"}));
  exchange(0).respond({200, {}}, "x", BodyPart::last);
  turn();
  ASSERT_EQ(requests(), 2U);
  sent();
  exchange(1).respond({200, {}}, "y", BodyPart::last);
  turn();
  EXPECT_EQ(sent(), "HTTP/1.1 200 OK\r\ncontent-length: 1\r\nconnection: close\r\n\r\ny");
  EXPECT_TRUE(wire_.closed);
}

TEST_F(Http1SessionTest, NotifiesTheHandlerWhenNothingIsSentAfterAHalfClose) {
  receive(get);
  exchange(0).respond({200, {}}, "part", BodyPart::more);
  turn();
  peer_ends();
  calls(0);
  const Milliseconds time = config_.http.half_close_timeout;
  later(time - Milliseconds(1));
  exchange(0).send_body("more", BodyPart::more);
  turn();
  later(time - Milliseconds(1));
  EXPECT_EQ(calls(0), Calls{});
  later(Milliseconds(2));
  EXPECT_EQ(calls(0), (Calls{"abandoned"}));
  later(time * 2);
  exchange(0).send_body("end", BodyPart::last);
  turn();
  EXPECT_EQ(calls(0), (Calls{"closed"}));
  EXPECT_TRUE(sent().ends_with("3\r\nend\r\n0\r\n\r\n"));
}

TEST_F(Http1SessionTest, NotifiesTheHandlerOfABreakWhileNothingIsRead) {
  receive(get);
  peer_ends();
  calls(0);
  wire_.broken_unnoticed = true;
  later(Milliseconds(1));
  EXPECT_EQ(calls(0), (Calls{"closed"}));
  EXPECT_TRUE(wire_.closed);
}

TEST_F(Http1SessionTest, ClosesAfterAHalfCloseIfTheHandlerWantsIt) {
  receive(get);
  record(0).client_end = ClientEnd::drop;
  calls(0);
  peer_ends();
  EXPECT_EQ(calls(0), (Calls{"closed"}));
  EXPECT_TRUE(wire_.closed);
}

TEST_F(Http1SessionTest, ClosesAfterAHalfCloseInTheMiddleOfABody) {
  receive(post("Content-Length: 3\r\n", "ab"));
  calls(0);
  peer_ends();
  EXPECT_EQ(calls(0), (Calls{"closed"}));
  EXPECT_TRUE(wire_.closed);
  EXPECT_EQ(sent(), "");
}

TEST_F(Http1SessionTest, DeliversInputFromBeforeAHalfCloseAlsoWhenPaused) {
  receive(post("Content-Length: 4\r\n", "ab"));
  exchange(0).pause_body();
  receive("cd");
  peer_ends();
  EXPECT_EQ(calls(0), (Calls{"request(ab) more"}));
  exchange(0).resume_body();
  turn();
  EXPECT_EQ(calls(0), (Calls{"body(cd) last"}));
  exchange(0).respond({200, {}}, "x", BodyPart::last);
  turn();
  EXPECT_NE(sent().find("200 OK"), std::string::npos);
}

TEST_F(Http1SessionTest, ClosesAnIdleConnectionAfterAHalfClose) {
  peer_ends();
  EXPECT_TRUE(wire_.closed);
}

TEST_F(Http1SessionTest, AbortsWithoutSendingMore) {
  receive(get);
  exchange(0).abort();
  EXPECT_EQ(calls(0), (Calls{"request() last"}));
  EXPECT_TRUE(wire_.closed);
  turn();
  EXPECT_EQ(calls(0), (Calls{"closed"}));
  EXPECT_EQ(sent(), "");
  EXPECT_TRUE(connection_closed_);
}

TEST_F(Http1SessionTest, FailsWith500BeforeTheResponseHasStarted) {
  receive(get);
  exchange(0).fail();
  turn();
  EXPECT_EQ(sent().substr(0, 34), "HTTP/1.1 500 Internal Server Error");
  receive(get);
  EXPECT_EQ(requests(), 2U);
}

TEST_F(Http1SessionTest, CutsAResponseThatFailsLater) {
  receive(get);
  exchange(0).respond({200, {}}, "part", BodyPart::more);
  exchange(0).fail();
  turn();
  EXPECT_TRUE(wire_.closed);
  EXPECT_EQ(calls(0).back(), "closed");
}

TEST_F(Http1SessionTest, AnswersAnInvalidHeadWith500AndLogsIt) {
  receive(get);
  exchange(0).respond({200, {{"x", "a\r\nb"}}}, "hello", BodyPart::last);
  turn();
  EXPECT_EQ(sent().substr(0, 34), "HTTP/1.1 500 Internal Server Error");
  ASSERT_EQ(log_.size(), 1U);
  EXPECT_EQ(log_[0].level, LogLevel::error);
}

TEST_F(Http1SessionTest, ClosesWhenTheBodyIsShorterThanAnnounced) {
  receive(get);
  exchange(0).respond({200, {{"content-length", "9"}}}, "short", BodyPart::last);
  turn();
  EXPECT_TRUE(wire_.finished);
  EXPECT_EQ(log_.size(), 1U);
}

TEST_F(Http1SessionTest, AnswersAMalformedRequestAndCloses) {
  receive("nonsense\r\n\r\n");
  EXPECT_EQ(requests(), 0U);
  EXPECT_EQ(sent(),
            "HTTP/1.1 400 Bad Request\r\ncontent-type: text/plain; charset=utf-8\r\n"
            "content-length: 12\r\nconnection: close\r\n\r\nBad Request\n");
  EXPECT_TRUE(wire_.finished);
}

TEST_F(Http1SessionTest, AnswersRequestsBeforeAMalformedOne) {
  receive(get + "nonsense\r\n\r\n");
  exchange(0).respond({200, {}}, "x", BodyPart::last);
  turn();
  const std::string output = sent();
  EXPECT_EQ(output.substr(0, ok("x").size()), ok("x"));
  EXPECT_NE(output.find("400 Bad Request"), std::string::npos);
}

TEST_F(Http1SessionTest, RefusesABadChunkInTheMiddleOfABody) {
  receive(post("Transfer-Encoding: chunked\r\n", "1\r\na\r\n"));
  receive("zz\r\n");
  EXPECT_EQ(calls(0), (Calls{"request(a) more", "closed"}));
  EXPECT_EQ(sent().substr(0, 24), "HTTP/1.1 400 Bad Request");
  EXPECT_TRUE(wire_.finished);
}

TEST_F(Http1SessionTest, CutsTheResponseWhenTheBodyBecomesMalformedAfterItsStart) {
  receive(post("Transfer-Encoding: chunked\r\n", "1\r\na\r\n"));
  exchange(0).respond({200, {}}, "part", BodyPart::more);
  turn();
  receive("zz\r\n");
  EXPECT_TRUE(wire_.closed);
  EXPECT_EQ(calls(0).back(), "closed");
}

TEST_F(Http1SessionTest, ClosesAnIdleConnectionAfterTheKeepAliveTime) {
  receive(get);
  later(config_.http.keep_alive_timeout * 2);
  EXPECT_FALSE(wire_.finished) << "a pending response is not idle";
  exchange(0).respond({200, {}}, "x", BodyPart::last);
  turn();
  later(config_.http.keep_alive_timeout - Milliseconds(1));
  EXPECT_FALSE(wire_.finished);
  later(Milliseconds(2));
  EXPECT_TRUE(wire_.finished);
}

TEST_F(Http1SessionTest, StopsWithoutWaitingForThePeerWhenIdle) {
  connection_->begin_stop();
  turn();
  EXPECT_TRUE(wire_.closed);
}

TEST_F(Http1SessionTest, StopsAfterThePeerHasReadQueuedOutput) {
  peer_takes_output_ = false;
  receive(get);
  exchange(0).respond({200, {}}, "x", BodyPart::last);
  turn();
  ASSERT_GT(wire_.unsent, 0U);
  connection_->begin_stop();
  turn();
  EXPECT_TRUE(wire_.finished);
  EXPECT_FALSE(wire_.closed);
}

TEST_F(Http1SessionTest, StopsAfterThePendingResponse) {
  receive(get + get);
  context_.phase = Phase::stopping;
  connection_->begin_stop();
  turn();
  EXPECT_FALSE(wire_.finished);
  exchange(0).respond({200, {}}, "x", BodyPart::last);
  turn();
  EXPECT_EQ(sent(), "HTTP/1.1 200 OK\r\ncontent-length: 1\r\nconnection: close\r\n\r\nx");
  EXPECT_TRUE(wire_.finished);
  EXPECT_EQ(requests(), 1U);
}

TEST_F(Http1SessionTest, EndsServerSentEventsWhenItStops) {
  receive(get);
  exchange(0).respond({200, {{"Content-Type", "text/event-stream; charset=utf-8"}}}, "data: 1",
                      BodyPart::more);
  turn();
  context_.phase = Phase::stopping;
  connection_->begin_stop();
  turn();
  EXPECT_TRUE(sent().ends_with("data: 1\r\n0\r\n\r\n")) << sent();
  EXPECT_TRUE(wire_.finished);
  EXPECT_EQ(calls(0).back(), "closed");
}

TEST_F(Http1SessionTest, EndsServerSentEventsThatBeginWhileItStops) {
  receive(get);
  context_.phase = Phase::stopping;
  connection_->begin_stop();
  exchange(0).respond({200, {{"content-type", "text/event-stream"}}}, "data: 1", BodyPart::more);
  turn();
  EXPECT_TRUE(sent().ends_with("0\r\n\r\n")) << sent();
  EXPECT_TRUE(wire_.finished);
}

TEST_F(Http1SessionTest, WaitsForAnyOtherResponseWhenItStops) {
  receive(get);
  exchange(0).respond({200, {{"content-type", "text/plain"}}}, "part", BodyPart::more);
  turn();
  context_.phase = Phase::stopping;
  connection_->begin_stop();
  turn();
  EXPECT_FALSE(wire_.finished);
  exchange(0).send_body("rest", BodyPart::last);
  turn();
  EXPECT_TRUE(wire_.finished);
}

TEST_F(Http1SessionTest, WaitsAShortTimeForTheRestOfAHeadWhenItStops) {
  receive("GET / HT");
  context_.phase = Phase::stopping;
  connection_->begin_stop();
  turn();
  EXPECT_FALSE(wire_.finished);
  later(context_.timeouts.late_head + Milliseconds(1));
  EXPECT_TRUE(wire_.finished);
}

TEST_F(Http1SessionTest, LingersForLessWhenItStops) {
  receive(get);
  context_.phase = Phase::stopping;
  connection_->begin_stop();
  exchange(0).respond({200, {}}, "x", BodyPart::last);
  turn();
  ASSERT_TRUE(wire_.finished);
  later(context_.timeouts.linger_at_stop + Milliseconds(1));
  EXPECT_TRUE(wire_.closed);
}

FilePart make_file(std::string_view content) {
  FileDescriptor fd(::memfd_create("test", MFD_CLOEXEC));
  EXPECT_EQ(::write(fd.get(), content.data(), content.size()),
            static_cast<ssize_t>(content.size()));
  return {std::make_shared<const OpenFile>(std::move(fd), "file"), 0, content.size()};
}

TEST_F(Http1SessionTest, SendsPartsOfFilesWithinAResponse) {
  receive(get);
  FilePart file = make_file("0123456789");
  exchange(0).respond({200, {{"content-length", "6"}}}, "<", BodyPart::more);
  exchange(0).send_file({file.file, 2, 4}, BodyPart::more);
  exchange(0).send_file(file, BodyPart::last);
  turn();
  EXPECT_EQ(sent(), "HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\n<23450");
  EXPECT_EQ(calls(0), (Calls{"request() last", "closed"}));
}

TEST_F(Http1SessionTest, EndsAChunkedBodyWithTrailers) {
  receive("GET / HTTP/1.1\r\nHost: a\r\nTE: trailers\r\n\r\n");
  exchange(0).respond({200, {}}, "", BodyPart::more);
  exchange(0).send_file(make_file("0123456789"), BodyPart::more);
  exchange(0).send_trailers({{"x", "y"}});
  turn();
  EXPECT_EQ(sent(),
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\na\r\n0123456789\r\n"
            "0\r\nx: y\r\n\r\n");
  EXPECT_EQ(calls(0), (Calls{"request() last", "closed"}));
}

TEST_F(Http1SessionTest, SendsEarlyHintsBeforeTheResponseOnly) {
  receive(get);
  exchange(0).send_early_hints({"</a>"});
  exchange(0).respond({200, {}}, "", BodyPart::last);
  exchange(0).send_early_hints({"</late>"});
  turn();
  EXPECT_EQ(sent(), "HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n" + ok(""));
}

}  // namespace
}  // namespace sioserve::connection
