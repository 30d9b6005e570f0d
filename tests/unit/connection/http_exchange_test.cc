// Tests exchanges with a protocol and an encoder that are not HTTP/1's.
#include "server/connection/http_exchange.h"

#include <string>
#include <utility>
#include <vector>

#include "tests/unit/connection/fixture.h"

namespace sioserve::connection {
namespace {

// The two interfaces that a version of HTTP implements.
class RecordingProtocol final : public ExchangeOwner, public http::ResponseEncoder {
 public:
  void on_response_start(HttpExchange&) override { calls.emplace_back("starts"); }
  void on_body_wanted(HttpExchange&) override { calls.emplace_back("body wanted"); }
  void cut(HttpExchange&) override { calls.emplace_back("cut"); }
  std::size_t unsent(const HttpExchange&) const override { return 17; }

  void start(const ResponseStart& start, std::string&& body, BodyPart part) override {
    calls.push_back("head " + std::to_string(start.head.status));
    add(body, part);
  }
  void body(std::string&& body, BodyPart part) override { add(body, part); }
  void file(FilePart&&, BodyPart) override {}
  void trailers(const Headers& trailers) override {
    calls.push_back("trailers " + std::to_string(trailers.size()));
  }
  void early_hints(const std::vector<std::string>&) override { calls.emplace_back("hints"); }
  void continue_request() override {}

  std::vector<std::string> calls;

 private:
  void add(const std::string& body, BodyPart part) {
    calls.push_back(body + (part == BodyPart::last ? " last" : " more"));
  }
};

class HttpExchangeTest : public ConnectionTest {
 protected:
  HttpExchange& begin(HeaderBlock headers = {}, BodyPart part = BodyPart::last) {
    auto head = std::make_shared<const RequestHead>(
        RequestHead{"GET", "/", "/", "", "2", std::move(headers), "id"});
    ExchangeOwner& owner = protocol_;
    exchange_.emplace(*connection_, owner, protocol_, std::move(head), connection_->peers());
    exchange_->begin("", part);
    return *exchange_;
  }
  Calls sent_calls() { return std::exchange(protocol_.calls, {}); }

  RecordingProtocol protocol_;
  std::optional<HttpExchange> exchange_;
};

TEST_F(HttpExchangeTest, PassesAResponseOnAndTracksItsState) {
  HttpExchange& exchange = begin();
  EXPECT_EQ(calls(0), (Calls{"request() last"}));
  exchange.respond({200, {}}, "a", BodyPart::more);
  EXPECT_TRUE(exchange.response().started());
  exchange.respond({200, {}}, "ignored", BodyPart::last);
  exchange.send_body("b", BodyPart::last);
  EXPECT_TRUE(exchange.response().complete());
  EXPECT_EQ(sent_calls(), (Calls{"starts", "head 200", "a more", "b last"}));
  EXPECT_EQ(exchange.buffered(), 17U);
  exchange.finish();
  EXPECT_EQ(calls(0), (Calls{"closed"}));
}

TEST_F(HttpExchangeTest, DoesNothingForAHandlerThatHasBeenClosed) {
  HttpExchange& exchange = begin();
  exchange.end();
  exchange.respond({200, {}}, "late", BodyPart::last);
  exchange.send_early_hints({"</a>"});
  exchange.want_body();
  exchange.fail();
  exchange.abort();
  EXPECT_EQ(sent_calls(), Calls{});
  EXPECT_FALSE(exchange.response().started());
}

TEST_F(HttpExchangeTest, SendsAnErrorResponseIfNoneHasStarted) {
  begin().refuse(503);
  EXPECT_EQ(calls(0), (Calls{"request() last", "closed"}));
  EXPECT_EQ(sent_calls(), (Calls{"head 503", "Service Unavailable\n last"}));
  begin().respond({200, {}}, "a", BodyPart::more);
  sent_calls();
  exchange_->refuse(503);
  EXPECT_EQ(sent_calls(), Calls{}) << "the owner has to cut what has started";
}

TEST_F(HttpExchangeTest, FailsWithAStatusOrIsCut) {
  begin().fail_with(502);
  EXPECT_EQ(sent_calls(), (Calls{"starts", "head 502", "Bad Gateway\n last"}));

  begin().fail();
  EXPECT_EQ(sent_calls(), (Calls{"starts", "head 500", "Internal Server Error\n last"}));
  HttpExchange& exchange = begin();
  exchange.respond({200, {}}, "a", BodyPart::more);
  sent_calls();
  exchange.fail();
  EXPECT_TRUE(exchange.aborted());
  EXPECT_EQ(sent_calls(), (Calls{"cut"}));
}

TEST_F(HttpExchangeTest, SendsTrailersToAClientThatAcceptsThem) {
  begin({{"te", "trailers"}}).respond({200, {}}, "", BodyPart::more);
  exchange_->send_trailers({{"x-a", "1"}});
  EXPECT_EQ(sent_calls().back(), "trailers 1");
  begin().respond({200, {}}, "", BodyPart::more);
  exchange_->send_trailers({{"x-a", "1"}});
  EXPECT_EQ(sent_calls().back(), "trailers 0");
}

TEST_F(HttpExchangeTest, AsksForTheBodyOnce) {
  HttpExchange& exchange = begin({}, BodyPart::more);
  EXPECT_FALSE(exchange.body_wanted());
  exchange.want_body();
  exchange.want_body();
  EXPECT_EQ(sent_calls(), (Calls{"body wanted"}));
  exchange.receive_body("a", BodyPart::more);
  exchange.receive_body("", BodyPart::more);
  exchange.receive_body("", BodyPart::last);
  EXPECT_EQ(calls(0), (Calls{"request() more", "body(a) more", "body() last"}));
}

TEST_F(HttpExchangeTest, ReportsWhichTimeoutExpired) {
  HttpExchange& exchange = begin({}, BodyPart::more);
  EXPECT_EQ(exchange.deadline(), TimePoint::max());
  exchange.start_body_wait();
  now_ += config_.http.body_timeout;
  auto expired = exchange.on_deadline();
  ASSERT_TRUE(expired);
  EXPECT_EQ(expired->status, 408);
  exchange.receive_body("", BodyPart::last);
  EXPECT_FALSE(exchange.on_deadline());
  exchange.respond_within(Milliseconds(100));
  calls(0);
  now_ += Milliseconds(100);
  expired = exchange.on_deadline();
  ASSERT_TRUE(expired);
  EXPECT_EQ(expired->status, 503);
  EXPECT_EQ(calls(0), (Calls{"timeout"}));
}

TEST_F(HttpExchangeTest, ReportsAProbableDisconnectOnce) {
  HttpExchange& exchange = begin();
  EXPECT_EQ(exchange.on_client_end(), ClientEnd::answer);
  now_ += config_.http.half_close_timeout;
  EXPECT_FALSE(exchange.on_deadline());
  EXPECT_FALSE(exchange.on_deadline());
  EXPECT_EQ(calls(0), (Calls{"request() last", "abandoned"}));
}

TEST_F(HttpExchangeTest, CountsAsARequestInProgressUntilItEnds) {
  config_.load.max_concurrency = 1;
  HttpExchange& first = begin();
  std::optional<HttpExchange> second;
  ExchangeOwner& owner = protocol_;
  second.emplace(*connection_, owner, protocol_, first.share_head(), connection_->peers());
  second->begin("", BodyPart::last);
  EXPECT_EQ(sent_calls(), (Calls{"starts", "head 503", "Service Unavailable\n last"}));
  second->finish();
  first.end();
  begin();
  EXPECT_EQ(requests(), 2U);
}

}  // namespace
}  // namespace sioserve::connection
