// Tests responses independently of the encoder.
#include "server/http/response.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace sioserve::http {
namespace {

const Headers no_headers;
const ServerHeaders own{"", "", no_headers};

// Records its calls, as the encoder of another version of HTTP would get them.
class RecordingEncoder final : public ResponseEncoder {
 public:
  void start(const ResponseStart& start, std::string&& body, BodyPart part) override {
    std::string call = std::to_string(start.head.status);
    switch (start.body) {
      case Body::none:
        call += " none";
        break;
      case Body::sized:
        call += " sized";
        break;
      case Body::open:
        call += " open";
        break;
    }
    if (start.length) call += " length=" + std::to_string(*start.length);
    calls.push_back(call);
    add("body", body, part);
  }
  void body(std::string&& body, BodyPart part) override { add("body", body, part); }
  void file(FilePart&& file, BodyPart part) override {
    add("file", std::to_string(file.size), part);
  }
  void trailers(const Headers& trailers) override {
    calls.push_back("trailers " + std::to_string(trailers.size()));
  }
  void early_hints(const std::vector<std::string>& links) override {
    calls.push_back("hints " + links.at(0));
  }
  void continue_request() override { calls.emplace_back("continue"); }

  std::vector<std::string> calls;

 private:
  void add(const std::string& call, const std::string& what, BodyPart part) {
    calls.push_back(call + "(" + what + ")" + (part == BodyPart::last ? " last" : ""));
  }
};

using Calls = std::vector<std::string>;

class ResponseTest : public testing::Test {
 protected:
  Calls start(std::string_view method, ResponseHead head, std::string body, BodyPart part) {
    encoder_.calls.clear();
    response_.emplace(encoder_, method);
    EXPECT_EQ(response_->start(std::move(head), own, std::move(body), part), std::nullopt);
    return calls();
  }
  Calls calls() { return std::exchange(encoder_.calls, {}); }

  RecordingEncoder encoder_;
  std::optional<Response> response_;
};

TEST_F(ResponseTest, KnowsWhetherItHasStartedAndIsComplete) {
  Response response(encoder_, "GET");
  EXPECT_FALSE(response.started());
  response.send("too early", BodyPart::last);
  EXPECT_FALSE(response.complete());
  response.start({200, {}}, own, "a", BodyPart::more);
  EXPECT_TRUE(response.started());
  EXPECT_FALSE(response.complete());
  response.send("b", BodyPart::last);
  EXPECT_TRUE(response.complete());
  response.send("too late", BodyPart::last);
  response.send_trailers({});
  response.start({500, {}}, own, "again", BodyPart::last);
  EXPECT_EQ(response.status(), 200);
  EXPECT_EQ(response.body_bytes(), 2U);
  EXPECT_EQ(calls(), (Calls{"200 open", "body(a)", "body(b) last"}));
}

TEST_F(ResponseTest, AnnouncesTheLengthOfASinglePart) {
  EXPECT_EQ(start("GET", {200, {}}, "hello", BodyPart::last),
            (Calls{"200 sized length=5", "body(hello) last"}));
  EXPECT_FALSE(response_->incomplete());
}

TEST_F(ResponseTest, LeavesTheBodyOutOfAResponseToHead) {
  EXPECT_EQ(start("HEAD", {200, {}}, "hello", BodyPart::last),
            (Calls{"200 none length=5", "body() last"}));
  EXPECT_EQ(response_->body_bytes(), 0U);
  EXPECT_FALSE(response_->incomplete());
  EXPECT_EQ(start("HEAD", {200, {}}, "", BodyPart::more), (Calls{"200 none", "body()"}));
}

TEST_F(ResponseTest, HasNoBodyIfTheStatusAllowsNone) {
  EXPECT_EQ(start("GET", {204, {{"content-length", "0"}}}, "abc", BodyPart::last),
            (Calls{"204 none", "body() last"}));
  EXPECT_EQ(start("GET", {304, {}}, "abc", BodyPart::last), (Calls{"304 none", "body() last"}));
  EXPECT_EQ(start("GET", {304, {{"content-length", "9"}}}, "", BodyPart::last),
            (Calls{"304 none length=9", "body() last"}));
  EXPECT_EQ(start("GET", {205, {{"content-length", "3"}}}, "abc", BodyPart::last),
            (Calls{"205 sized length=0", "body() last"}));
}

TEST_F(ResponseTest, DropsBytesAfterContentLength) {
  EXPECT_EQ(start("GET", {200, {{"Content-Length", "5"}}}, "abc", BodyPart::more),
            (Calls{"200 sized length=5", "body(abc)"}));
  EXPECT_TRUE(response_->incomplete());
  response_->send("defg", BodyPart::more);
  EXPECT_FALSE(response_->incomplete());
  response_->send_file(FilePart{nullptr, 0, 7}, BodyPart::last);
  EXPECT_EQ(calls(), (Calls{"body(de)", "file(0) last"}));
  EXPECT_EQ(response_->body_bytes(), 5U);
}

TEST_F(ResponseTest, EndsWithTrailers) {
  start("GET", {200, {}}, "", BodyPart::more);
  response_->send_trailers({{"x-sum", "1"}});
  EXPECT_TRUE(response_->complete());
  EXPECT_EQ(calls(), (Calls{"trailers 1"}));
}

TEST_F(ResponseTest, SendsInterimResponsesBeforeTheStartOnly) {
  Response response(encoder_, "GET");
  response.send_continue();
  response.send_early_hints({"</a.css>"});
  EXPECT_FALSE(response.started());
  response.start({200, {}}, own, "", BodyPart::more);
  calls();
  response.send_continue();
  response.send_early_hints({"</a.css>"});
  EXPECT_EQ(calls(), Calls{});
}

TEST_F(ResponseTest, RecognizesServerSentEventsUntilTheyEnd) {
  start("GET", {200, {{"Content-Type", "Text/Event-Stream; charset=utf-8"}}}, "", BodyPart::more);
  EXPECT_TRUE(response_->is_event_stream());
  response_->send({}, BodyPart::last);
  EXPECT_FALSE(response_->is_event_stream());
  start("GET", {200, {{"content-type", "text/plain"}}}, "", BodyPart::more);
  EXPECT_FALSE(response_->is_event_stream());
}

TEST_F(ResponseTest, RefusesInvalidHeadsAndAcceptsAnotherOne) {
  const std::vector<std::pair<ResponseHead, HeadError>> cases = {
      {{199, {}}, HeadError::status},
      {{600, {}}, HeadError::status},
      {{200, {{"", "x"}}}, HeadError::header_name},
      {{200, {{"a b", "x"}}}, HeadError::header_name},
      {{200, {{"a\r\nb", "x"}}}, HeadError::header_name},
      {{200, {{"a", "x\r\nset-cookie: y"}}}, HeadError::header_value},
      {{200, {{"a", "x\ny"}}}, HeadError::header_value},
      {{200, {{"a", std::string("x\0y", 3)}}}, HeadError::header_value},
      {{200, {{"content-length", "x"}}}, HeadError::content_length},
      {{200, {{"content-length", "-1"}}}, HeadError::content_length},
      {{200, {{"content-length", ""}}}, HeadError::content_length},
      {{200, {{"content-length", "1"}, {"content-length", "2"}}}, HeadError::content_length},
  };
  for (const auto& [head, error] : cases) {
    Response response(encoder_, "GET");
    EXPECT_EQ(response.start(ResponseHead(head), own, "", BodyPart::last), error);
    EXPECT_FALSE(response.started());
    EXPECT_EQ(calls(), Calls{});
    EXPECT_EQ(response.start({500, {}}, own, "no", BodyPart::last), std::nullopt);
    EXPECT_EQ(calls(), (Calls{"500 sized length=2", "body(no) last"}));
  }
}

}  // namespace
}  // namespace sioserve::http
