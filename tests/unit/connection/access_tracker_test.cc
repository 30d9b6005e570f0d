#include "server/connection/access_tracker.h"

#include <string>

#include "tests/unit/connection/fixture.h"

namespace sioserve::connection {
namespace {

using std::chrono::microseconds;

class RecordingAccessLog final : public AccessLog {
 public:
  void write(AccessRecord&& record) override { records.push_back(std::move(record)); }
  bool wants_response_headers() const override { return response_headers; }
  TimePoint now() const override { return time; }

  std::vector<AccessRecord> records;
  TimePoint time{std::chrono::hours(1)};
  bool response_headers = false;
};

class AccessTrackerTest : public ConnectionTest {
 protected:
  AccessTrackerTest() {
    context_.access_log = &access_;
    reconnect();
  }

  std::vector<AccessRecord> written() { return std::exchange(access_.records, {}); }
  void pass(microseconds time) { access_.time += time; }

  RecordingAccessLog access_;
};

const std::string get = "GET /a?b=c HTTP/1.1\r\nHost: h\r\n\r\n";
const std::string upgrade =
    "GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";

TEST_F(AccessTrackerTest, MeasuresFromTheFirstByteToTheLastWrittenByte) {
  peer_takes_output_ = false;
  receive(get.substr(0, 1));
  pass(microseconds(100));
  receive(get.substr(1));
  pass(microseconds(20));
  exchange(0).respond({200, {}}, "hello", BodyPart::last);
  turn();
  EXPECT_TRUE(written().empty()) << "the kernel has not taken the response";
  pass(microseconds(3));
  drain();
  const auto records = written();
  ASSERT_EQ(records.size(), 1U);
  EXPECT_EQ(records[0].event, AccessEvent::http);
  EXPECT_EQ(records[0].duration, microseconds(123));
  EXPECT_EQ(records[0].head->method, "GET");
  EXPECT_EQ(records[0].head->query_string, "b=c");
  EXPECT_EQ(records[0].endpoints->client.host, "127.0.0.1");
  EXPECT_EQ(records[0].status, 200);
  EXPECT_EQ(records[0].response_bytes, 5U);
  EXPECT_TRUE(records[0].complete);
  EXPECT_TRUE(records[0].response_headers.empty());
}

TEST_F(AccessTrackerTest, MeasuresTheStagesOfARequestToAnApplication) {
  peer_takes_output_ = false;
  receive(get.substr(0, 1));
  pass(microseconds(100));
  receive(get.substr(1));
  pass(microseconds(20));
  ResponseHead head{200, {}};
  head.called_at = std::chrono::duration_cast<microseconds>(access_.time.time_since_epoch());
  head.thread_wait = microseconds(30);
  head.route = "/a";
  pass(microseconds(70));
  exchange(0).respond(std::move(head), "hello", BodyPart::last);
  turn();
  pass(microseconds(5));
  drain();
  const auto records = written();
  ASSERT_EQ(records.size(), 1U);
  ASSERT_TRUE(records[0].stages);
  EXPECT_EQ(records[0].stages->wait, microseconds(50));
  EXPECT_EQ(records[0].stages->run, microseconds(40));
  EXPECT_EQ(records[0].stages->send, microseconds(5));
  EXPECT_EQ(records[0].route, "/a");
}

TEST_F(AccessTrackerTest, HasNoStagesWhereTheApplicationIsNotMeasured) {
  receive(get);
  exchange(0).respond({200, {}}, "hello", BodyPart::last);
  turn();
  const auto records = written();
  ASSERT_EQ(records.size(), 1U);
  EXPECT_FALSE(records[0].stages);
}

TEST_F(AccessTrackerTest, KnowsWhatHasServedARequest) {
  receive(get);
  exchange(0).respond({200, {}}, "", BodyPart::last);
  turn();
  receive(get);
  peer_vanishes();
  reconnect();
  receive("nonsense\r\n\r\n");
  const auto records = written();
  ASSERT_EQ(records.size(), 3U);
  EXPECT_EQ(records[0].served_by, ServedBy::static_files);
  EXPECT_EQ(records[1].served_by, ServedBy::static_files) << "the client left before the response";
  EXPECT_EQ(records[2].served_by, ServedBy::server);
}

TEST_F(AccessTrackerTest, KnowsWhetherAWebSocketWasAccepted) {
  receive(upgrade);
  channel().accept("", {}, config_.websocket);
  turn();
  peer_vanishes();
  auto records = written();
  ASSERT_EQ(records.size(), 3U);
  EXPECT_TRUE(records[2].was_accepted);
  EXPECT_EQ(records[2].served_by, ServedBy::application);
  reconnect();
  receive(upgrade);
  peer_vanishes();
  records = written();
  ASSERT_EQ(records.size(), 2U);
  EXPECT_EQ(records[1].event, AccessEvent::websocket_disconnect);
  EXPECT_FALSE(records[1].was_accepted);
}

TEST_F(AccessTrackerTest, MeasuresEachRequestOfAConnection) {
  for (std::size_t i = 0; i < 3; ++i) {
    receive(get);
    pass(microseconds(7));
    exchange(i).respond({204, {}}, "", BodyPart::last);
    turn();
    pass(microseconds(1'000'000));
  }
  const auto records = written();
  ASSERT_EQ(records.size(), 3U);
  for (const AccessRecord& access : records) EXPECT_EQ(access.duration, microseconds(7));
}

TEST_F(AccessTrackerTest, RecordsPipelinedRequestsInOrder) {
  receive(get + "POST /2 HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\nx");
  exchange(0).respond({200, {}}, "1", BodyPart::last);
  turn();
  exchange(1).respond({201, {}}, "", BodyPart::last);
  turn();
  const auto records = written();
  ASSERT_EQ(records.size(), 2U);
  EXPECT_EQ(records[0].head->path, "/a");
  EXPECT_NE(records[0].head->request_id, "");
  EXPECT_NE(records[0].head->request_id, records[1].head->request_id);
  EXPECT_EQ(records[1].head->path, "/2");
  EXPECT_EQ(records[1].status, 201);
}

TEST_F(AccessTrackerTest, CountsTheBodyWithoutItsFraming) {
  receive(get);
  exchange(0).respond({200, {}}, "12345", BodyPart::more);
  exchange(0).send_body("678", BodyPart::more);
  turn();
  exchange(0).send_body("", BodyPart::last);
  turn();
  receive("HEAD / HTTP/1.1\r\nHost: h\r\n\r\n");
  exchange(1).respond({200, {}}, "not sent", BodyPart::last);
  turn();
  const auto records = written();
  ASSERT_EQ(records.size(), 2U);
  EXPECT_EQ(records[0].response_bytes, 8U);
  EXPECT_EQ(records[1].response_bytes, 0U);
}

TEST_F(AccessTrackerTest, RecordsTheLastResponseOfAConnection) {
  receive("GET / HTTP/1.0\r\n\r\n");
  exchange(0).respond({200, {}}, "bye", BodyPart::last);
  turn();
  const auto records = written();
  ASSERT_EQ(records.size(), 1U);
  EXPECT_TRUE(records[0].complete);
}

TEST_F(AccessTrackerTest, RecordsAResponseThatEndsWithNothingLeftToSend) {
  receive(get);
  exchange(0).respond({200, {{"content-length", "3"}}}, "abc", BodyPart::more);
  turn();
  EXPECT_TRUE(written().empty());
  exchange(0).send_body("", BodyPart::last);
  turn();
  ASSERT_EQ(written().size(), 1U);
}

TEST_F(AccessTrackerTest, RecordsADisconnectBeforeTheResponse) {
  receive(get);
  peer_vanishes();
  auto records = written();
  ASSERT_EQ(records.size(), 1U);
  EXPECT_EQ(records[0].status, client_closed_request);
  EXPECT_FALSE(records[0].complete);
  reconnect();
  receive("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nab");
  peer_ends();
  records = written();
  ASSERT_EQ(records.size(), 1U);
  EXPECT_EQ(records[0].status, client_closed_request);
}

TEST_F(AccessTrackerTest, RecordsACutResponse) {
  receive(get);
  exchange(0).respond({200, {}}, "half", BodyPart::more);
  turn();
  exchange(0).abort();
  turn();
  auto records = written();
  ASSERT_EQ(records.size(), 1U);
  EXPECT_EQ(records[0].status, 200);
  EXPECT_EQ(records[0].response_bytes, 4U);
  EXPECT_FALSE(records[0].complete);
  peer_takes_output_ = false;
  reconnect();
  receive(get);
  exchange(1).respond({200, {}}, "never taken", BodyPart::last);
  turn();
  peer_vanishes();
  records = written();
  ASSERT_EQ(records.size(), 1U);
  EXPECT_FALSE(records[0].complete);
  EXPECT_EQ(records[0].response_bytes, 0U);
}

TEST_F(AccessTrackerTest, NamesTheRequestOfAResponseThatIsNotRead) {
  peer_takes_output_ = false;
  receive(get);
  exchange(0).respond({200, {}}, "never taken", BodyPart::last);
  turn();
  later(config_.http.send_timeout + Milliseconds(1));
  ASSERT_FALSE(log_.empty());
  EXPECT_NE(log_.back().message.find("(GET /a)"), std::string::npos) << log_.back().message;
  EXPECT_EQ(written().size(), 1U);
}

TEST_F(AccessTrackerTest, RecordsRequestsThatTheServerRefuses) {
  receive("nonsense\r\n\r\n");
  auto records = written();
  ASSERT_EQ(records.size(), 1U);
  EXPECT_EQ(records[0].status, 400);
  reconnect();
  receive("GET / HT");
  later(std::chrono::hours(1));
  records = written();
  ASSERT_EQ(records.size(), 1U);
  EXPECT_EQ(records[0].status, 408);
}

TEST_F(AccessTrackerTest, RecordsARequestWithAMalformedBodyOnce) {
  receive("POST /up HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n");
  exchange(0).want_body();
  turn();
  receive("nonsense\r\n");
  const auto records = written();
  ASSERT_EQ(records.size(), 1U);
  EXPECT_EQ(records[0].head->path, "/up");
  EXPECT_EQ(records[0].status, 400);
  EXPECT_TRUE(records[0].complete);
}

TEST_F(AccessTrackerTest, RecordsNothingForAConnectionWithoutARequest) {
  later(std::chrono::hours(1));
  reconnect();
  peer_ends();
  reconnect();
  peer_vanishes();
  EXPECT_TRUE(written().empty());
}

TEST_F(AccessTrackerTest, KeepsResponseHeadersForALogThatNeedsThem) {
  access_.response_headers = true;
  receive(get);
  exchange(0).respond({200, {{"X-Trace", "1"}}}, "", BodyPart::last);
  turn();
  const auto records = written();
  ASSERT_EQ(records.size(), 1U);
  ASSERT_EQ(records[0].response_headers.size(), 1U);
  EXPECT_EQ(records[0].response_headers[0].name, "X-Trace");
}

TEST_F(AccessTrackerTest, RecordsTheStepsOfAWebSocket) {
  receive(upgrade);
  auto records = written();
  ASSERT_EQ(records.size(), 1U);
  EXPECT_EQ(records[0].event, AccessEvent::websocket_connecting);
  channel().accept("", {}, config_.websocket);
  turn();
  records = written();
  ASSERT_EQ(records.size(), 1U);
  EXPECT_EQ(records[0].event, AccessEvent::websocket_connect);
  EXPECT_EQ(records[0].status, 101);
  pass(microseconds(5));
  peer_vanishes();
  records = written();
  ASSERT_EQ(records.size(), 1U);
  EXPECT_EQ(records[0].event, AccessEvent::websocket_disconnect);
  EXPECT_EQ(records[0].close_code, 1006);
  EXPECT_EQ(records[0].duration, microseconds(5));
  EXPECT_EQ(records[0].head->path, "/ws");
}

TEST_F(AccessTrackerTest, RecordsARejectedWebSocket) {
  receive(upgrade);
  channel().deny({403, {}}, "no", BodyPart::last);
  turn();
  const auto records = written();
  ASSERT_EQ(records.size(), 2U);
  EXPECT_EQ(records[1].event, AccessEvent::websocket_reject);
  EXPECT_EQ(records[1].status, 403);
  EXPECT_EQ(records[1].response_bytes, 2U);
  EXPECT_TRUE(records[1].complete);
}

}  // namespace
}  // namespace sioserve::connection
