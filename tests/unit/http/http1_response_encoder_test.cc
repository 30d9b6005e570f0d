#include "server/http/http1_response_encoder.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "server/http/response.h"

namespace sioserve::http {
namespace {

constexpr std::string_view date = "Sun, 06 Nov 1994 08:49:37 GMT";
const Headers no_headers;
const ServerHeaders own{date, "sioserve", no_headers};
const std::string usual = "date: Sun, 06 Nov 1994 08:49:37 GMT\r\nserver: sioserve\r\n";

class StringSink final : public OutputSink {
 public:
  void write(std::string_view bytes) override {
    output += bytes;
    ++writes;
  }
  void write_owned(std::string bytes) override {
    write(bytes);
    ++owned;
  }
  void write_file(FilePart part) override { write("<" + std::to_string(part.size) + ">"); }

  std::string output;
  int writes = 0;
  int owned = 0;
};

class Http1ResponseEncoderTest : public testing::Test {
 protected:
  Http1ResponseEncoderTest() { reset(); }

  void reset(Http1Version version = Http1Version::http_1_1, std::string_view method = "GET",
             Persistence persistence = Persistence::keep_alive) {
    encoder_.emplace(sink_, scratch_, version, persistence);
    response_.emplace(*encoder_, method);
  }
  std::string start(ResponseHead head, std::string body, BodyPart part,
                    const ServerHeaders& headers = own) {
    EXPECT_EQ(response_->start(std::move(head), headers, std::move(body), part), std::nullopt);
    return output();
  }
  std::string output() {
    written_ += sink_.output.size();
    return std::exchange(sink_.output, {});
  }

  StringSink sink_;
  std::string scratch_;
  std::size_t written_ = 0;
  std::optional<Http1ResponseEncoder> encoder_;
  std::optional<Response> response_;
};

TEST_F(Http1ResponseEncoderTest, AddsTheLengthOfASinglePart) {
  EXPECT_EQ(start({200, {{"X-Y", "z"}}}, "hello", BodyPart::last),
            "HTTP/1.1 200 OK\r\nX-Y: z\r\ncontent-length: 5\r\n" + usual + "\r\nhello");
  EXPECT_EQ(encoder_->written(), written_);
  EXPECT_EQ(sink_.writes, 1) << "a small body is sent together with its head";
}

TEST_F(Http1ResponseEncoderTest, PassesALargeBodyOnWithoutACopy) {
  const std::string body(10'000, 'x');
  EXPECT_TRUE(start({200, {}}, body, BodyPart::last).ends_with("\r\n\r\n" + body));
  EXPECT_EQ(sink_.owned, 1);
  EXPECT_EQ(encoder_->written(), written_);
}

TEST_F(Http1ResponseEncoderTest, ChunksWhenTheLengthIsUnknown) {
  EXPECT_EQ(start({404, {}}, "", BodyPart::more),
            "HTTP/1.1 404 Not Found\r\ntransfer-encoding: chunked\r\n" + usual + "\r\n");
  const std::string large(4'096, 'x');
  response_->send(std::string(large), BodyPart::more);
  EXPECT_EQ(output(), "1000\r\n" + large + "\r\n");
  response_->send("", BodyPart::more);
  EXPECT_EQ(output(), "") << "an empty chunk would end the body";
  response_->send("abc", BodyPart::last);
  EXPECT_EQ(output(), "3\r\nabc\r\n0\r\n\r\n");
  EXPECT_EQ(encoder_->persistence(), Persistence::keep_alive);
  EXPECT_EQ(encoder_->written(), written_);
}

TEST_F(Http1ResponseEncoderTest, FramesAPartOfAFile) {
  start({200, {}}, "", BodyPart::more);
  response_->send_file(FilePart{nullptr, 0, 255}, BodyPart::last);
  EXPECT_EQ(output(), "ff\r\n<255>\r\n0\r\n\r\n");
  reset();
  start({200, {{"content-length", "255"}}}, "", BodyPart::more);
  response_->send_file(FilePart{nullptr, 0, 255}, BodyPart::last);
  EXPECT_EQ(output(), "<255>");
}

TEST_F(Http1ResponseEncoderTest, ClosesForHttp10WhenTheLengthIsUnknown) {
  reset(Http1Version::http_1_0);
  EXPECT_EQ(start({200, {}}, "abc", BodyPart::more),
            "HTTP/1.1 200 OK\r\n" + usual + "connection: close\r\n\r\nabc");
  response_->send("de", BodyPart::last);
  EXPECT_EQ(output(), "de");
  EXPECT_EQ(encoder_->persistence(), Persistence::close);
}

TEST_F(Http1ResponseEncoderTest, SendsKeepAliveToHttp10) {
  reset(Http1Version::http_1_0);
  EXPECT_EQ(start({200, {}}, "", BodyPart::last),
            "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n" + usual + "connection: keep-alive\r\n\r\n");
}

TEST_F(Http1ResponseEncoderTest, HeadHasTheHeadersButNoBody) {
  reset(Http1Version::http_1_1, "HEAD");
  EXPECT_EQ(start({200, {}}, "not sent", BodyPart::last),
            "HTTP/1.1 200 OK\r\ncontent-length: 8\r\n" + usual + "\r\n");
  reset(Http1Version::http_1_1, "HEAD");
  EXPECT_EQ(start({200, {}}, "not sent", BodyPart::more), "HTTP/1.1 200 OK\r\n" + usual + "\r\n");
  response_->send("neither", BodyPart::last);
  EXPECT_EQ(output(), "");
}

TEST_F(Http1ResponseEncoderTest, NoContentAndNotModifiedHaveNoBody) {
  for (const std::uint16_t status : {std::uint16_t{204}, std::uint16_t{304}}) {
    reset();
    const std::string head = start({status, {}}, "abc", BodyPart::last);
    EXPECT_EQ(head.find("content-length"), std::string::npos) << head;
    EXPECT_EQ(head.find("transfer-encoding"), std::string::npos) << head;
    EXPECT_TRUE(head.ends_with("\r\n\r\n")) << head;
  }
  reset();
  EXPECT_NE(start({304, {{"content-length", "9"}}}, "", BodyPart::last).find("content-length: 9"),
            std::string::npos);
  reset();
  EXPECT_EQ(start({204, {{"content-length", "0"}}}, "", BodyPart::last).find("content-length"),
            std::string::npos);
}

TEST_F(Http1ResponseEncoderTest, UsesTheApplicationsContentLength) {
  EXPECT_EQ(start({200, {{"Content-Length", "5"}}}, "abc", BodyPart::more),
            "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n" + usual + "\r\nabc");
  response_->send("def", BodyPart::last);
  EXPECT_EQ(output(), "de");
}

TEST_F(Http1ResponseEncoderTest, FollowsConnectionCloseOfTheApplication) {
  EXPECT_EQ(start({200, {{"Connection", "Close"}}}, "", BodyPart::last),
            "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n" + usual + "connection: close\r\n\r\n");
  EXPECT_EQ(encoder_->persistence(), Persistence::close);
}

TEST_F(Http1ResponseEncoderTest, SendsConnectionCloseForTheLastResponse) {
  const std::string expected =
      "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n" + usual + "connection: close\r\n\r\n";
  encoder_->close_after_response();
  EXPECT_EQ(start({200, {}}, "", BodyPart::last), expected);
  reset(Http1Version::http_1_1, "GET", Persistence::close);
  EXPECT_EQ(start({200, {}}, "", BodyPart::last), expected);
}

TEST_F(Http1ResponseEncoderTest, LeavesOutTheApplicationsTransferEncoding) {
  EXPECT_EQ(start({200, {{"Transfer-Encoding", "chunked"}}}, "ab", BodyPart::last),
            "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n" + usual + "\r\nab");
}

TEST_F(Http1ResponseEncoderTest, LeavesDateAndServerToTheApplication) {
  EXPECT_EQ(start({200, {{"Date", "now"}, {"SERVER", "me"}}}, "", BodyPart::last),
            "HTTP/1.1 200 OK\r\nDate: now\r\nSERVER: me\r\ncontent-length: 0\r\n\r\n");
}

TEST_F(Http1ResponseEncoderTest, LeavesOutDisabledHeaders) {
  EXPECT_EQ(start({200, {}}, "", BodyPart::last, ServerHeaders{"", "", no_headers}),
            "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
}

TEST_F(Http1ResponseEncoderTest, AddsExtraHeadersThatTheApplicationHasNotSet) {
  const Headers extra = {{"X-Frame-Options", "DENY"}, {"Server", "mine"}, {"X-A", "b"}};
  EXPECT_EQ(start({200, {{"x-frame-options", "SAMEORIGIN"}}}, "", BodyPart::last,
                  {date, "sioserve", extra}),
            "HTTP/1.1 200 OK\r\nx-frame-options: SAMEORIGIN\r\ncontent-length: 0\r\n"
            "date: Sun, 06 Nov 1994 08:49:37 GMT\r\nServer: mine\r\nX-A: b\r\n\r\n");
}

TEST_F(Http1ResponseEncoderTest, WritesPreparedHeadersLikeOtherHeaders) {
  HttpConfig config;
  ServerHeadersCache cache(config);
  const std::time_t time = 784'111'777;
  EXPECT_EQ(start({200, {}}, "", BodyPart::last, cache.at(time)),
            "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n" + usual + "\r\n");
  reset();
  EXPECT_EQ(start({200, {}}, "", BodyPart::last, cache.at(time + 1)).find(date), std::string::npos);
  reset();
  EXPECT_EQ(start({200, {{"date", "now"}}}, "", BodyPart::last, cache.at(time)),
            "HTTP/1.1 200 OK\r\ndate: now\r\ncontent-length: 0\r\nserver: sioserve\r\n\r\n");
  config.extra_headers = {{"x-a", "b"}};
  reset();
  EXPECT_EQ(start({200, {}}, "", BodyPart::last, cache.at(time)),
            "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n" + usual + "x-a: b\r\n\r\n");
}

TEST_F(Http1ResponseEncoderTest, ResetContentHasAnEmptyBody) {
  EXPECT_EQ(start({205, {}}, "abc", BodyPart::more),
            "HTTP/1.1 205 Reset Content\r\ncontent-length: 0\r\n" + usual + "\r\n");
  EXPECT_EQ(encoder_->persistence(), Persistence::keep_alive);
}

TEST_F(Http1ResponseEncoderTest, EndsChunksWithTrailers) {
  start({200, {}}, "", BodyPart::more);
  response_->send_trailers({{"x-sum", "5"}, {"x-more", ""}});
  EXPECT_EQ(output(), "0\r\nx-sum: 5\r\nx-more: \r\n\r\n");
  reset();
  start({200, {{"content-length", "0"}}}, "", BodyPart::more);
  response_->send_trailers({{"x-sum", "5"}});
  EXPECT_EQ(output(), "") << "only a chunked body has trailers";
}

TEST_F(Http1ResponseEncoderTest, WritesInterimResponses) {
  response_->send_continue();
  EXPECT_EQ(output(), "HTTP/1.1 100 Continue\r\n\r\n");
  response_->send_early_hints({"</a.css>; rel=preload", "</b.js>"});
  EXPECT_EQ(output(),
            "HTTP/1.1 103 Early Hints\r\nlink: </a.css>; rel=preload\r\nlink: </b.js>\r\n\r\n");
  reset(Http1Version::http_1_0);
  response_->send_early_hints({"</b.js>"});
  EXPECT_EQ(output(), "") << "HTTP/1.0 has none";
}

TEST(SwitchingProtocols, HasTheGivenHeaders) {
  std::string out;
  EXPECT_EQ(append_switching_protocols({{"upgrade", "websocket"}}, own, out), std::nullopt);
  EXPECT_EQ(out, "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\n" + usual + "\r\n");
  out.clear();
  EXPECT_EQ(append_switching_protocols({{"a", "b\r\nc"}}, own, out), HeadError::header_value);
  EXPECT_EQ(out, "");
}

}  // namespace
}  // namespace sioserve::http
