#include "server/http/response_writer.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace sioserve::http {
namespace {

constexpr std::string_view date = "Sun, 06 Nov 1994 08:49:37 GMT";
const Headers no_headers;
const ServerHeaders own{date, "sioserve", no_headers};
const std::string usual = "date: Sun, 06 Nov 1994 08:49:37 GMT\r\nserver: sioserve\r\n";

std::string start(ResponseWriter& writer, const ResponseHead& head,
                  std::optional<std::size_t> whole_body) {
  std::string out;
  EXPECT_EQ(writer.start(head, whole_body, own, out), std::nullopt);
  return out;
}

std::string start(const ResponseContext& context, const ResponseHead& head,
                  std::optional<std::size_t> whole_body) {
  ResponseWriter writer(context);
  return start(writer, head, whole_body);
}

TEST(ResponseWriter, AddsTheLengthOfASinglePart) {
  EXPECT_EQ(start(ResponseContext{}, {200, {{"X-Y", "z"}}}, 5),
            "HTTP/1.1 200 OK\r\nX-Y: z\r\ncontent-length: 5\r\n" + usual + "\r\n");
}

TEST(ResponseWriter, ChunksWhenTheLengthIsUnknown) {
  ResponseWriter writer({});
  EXPECT_EQ(start(writer, {404, {}}, std::nullopt),
            "HTTP/1.1 404 Not Found\r\ntransfer-encoding: chunked\r\n" + usual + "\r\n");
  EXPECT_TRUE(writer.chunked());
  EXPECT_EQ(writer.admit(7), 7U);
  EXPECT_EQ(writer.persistence(), Persistence::keep_alive);
  std::string out;
  ResponseWriter::append_chunk_start(255, out);
  EXPECT_EQ(out, "ff\r\n");
}

TEST(ResponseWriter, ClosesForHttp10WhenTheLengthIsUnknown) {
  ResponseWriter writer({.is_http_1_0 = true});
  EXPECT_EQ(start(writer, {200, {}}, std::nullopt),
            "HTTP/1.1 200 OK\r\n" + usual + "connection: close\r\n\r\n");
  EXPECT_FALSE(writer.chunked());
  EXPECT_EQ(writer.persistence(), Persistence::close);
}

TEST(ResponseWriter, SaysKeepAliveToHttp10) {
  EXPECT_EQ(start(ResponseContext{.is_http_1_0 = true}, {200, {}}, 0),
            "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n" + usual + "connection: keep-alive\r\n\r\n");
}

TEST(ResponseWriter, HeadHasTheHeadersButNoBody) {
  ResponseWriter writer({.is_head = true});
  EXPECT_EQ(start(writer, {200, {}}, 12),
            "HTTP/1.1 200 OK\r\ncontent-length: 12\r\n" + usual + "\r\n");
  EXPECT_EQ(writer.admit(12), 0U);
  EXPECT_FALSE(writer.incomplete());
}

TEST(ResponseWriter, NoContentAndNotModifiedHaveNoBody) {
  for (const std::uint16_t status : {std::uint16_t{204}, std::uint16_t{304}}) {
    ResponseWriter writer({});
    const std::string head = start(writer, {status, {}}, 3);
    EXPECT_EQ(head.find("content-length"), std::string::npos) << head;
    EXPECT_EQ(head.find("transfer-encoding"), std::string::npos) << head;
    EXPECT_EQ(writer.admit(3), 0U);
  }
  EXPECT_NE(start(ResponseContext{}, {304, {{"content-length", "9"}}}, 0).find("content-length: 9"),
            std::string::npos);
  EXPECT_EQ(start(ResponseContext{}, {204, {{"content-length", "0"}}}, 0).find("content-length"),
            std::string::npos);
}

TEST(ResponseWriter, KeepsToTheApplicationsLength) {
  ResponseWriter writer({});
  EXPECT_EQ(start(writer, {200, {{"Content-Length", "5"}}}, std::nullopt),
            "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n" + usual + "\r\n");
  EXPECT_EQ(writer.admit(3), 3U);
  EXPECT_TRUE(writer.incomplete());
  EXPECT_EQ(writer.persistence(), Persistence::close);
  EXPECT_EQ(writer.admit(3), 2U);
  EXPECT_EQ(writer.persistence(), Persistence::keep_alive);
}

TEST(ResponseWriter, ObeysConnectionClose) {
  ResponseWriter writer({});
  EXPECT_EQ(start(writer, {200, {{"Connection", "Close"}}}, 0),
            "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n" + usual + "connection: close\r\n\r\n");
  EXPECT_EQ(writer.persistence(), Persistence::close);
}

TEST(ResponseWriter, LeavesOutTheApplicationsTransferEncoding) {
  EXPECT_EQ(start(ResponseContext{}, {200, {{"Transfer-Encoding", "chunked"}}}, 2),
            "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n" + usual + "\r\n");
}

TEST(ResponseWriter, LeavesDateAndServerToTheApplication) {
  EXPECT_EQ(start(ResponseContext{}, {200, {{"Date", "now"}, {"SERVER", "me"}}}, 0),
            "HTTP/1.1 200 OK\r\nDate: now\r\nSERVER: me\r\ncontent-length: 0\r\n\r\n");
}

TEST(ResponseWriter, LeavesOutWhatIsSwitchedOff) {
  ResponseWriter writer{ResponseContext{}};
  std::string out;
  writer.start({200, {}}, 0, ServerHeaders{"", "", no_headers}, out);
  EXPECT_EQ(out, "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
}

TEST(ResponseWriter, AddsExtraHeadersThatTheApplicationHasNotSet) {
  const Headers extra = {{"X-Frame-Options", "DENY"}, {"Server", "mine"}, {"X-A", "b"}};
  ResponseWriter writer{ResponseContext{}};
  std::string out;
  writer.start({200, {{"x-frame-options", "SAMEORIGIN"}}}, 0, {date, "sioserve", extra}, out);
  EXPECT_EQ(out,
            "HTTP/1.1 200 OK\r\nx-frame-options: SAMEORIGIN\r\ncontent-length: 0\r\n"
            "date: Sun, 06 Nov 1994 08:49:37 GMT\r\nServer: mine\r\nX-A: b\r\n\r\n");
}

TEST(ResponseWriter, ResetContentHasAnEmptyBody) {
  ResponseWriter writer{ResponseContext{}};
  EXPECT_EQ(start(writer, {205, {}}, std::nullopt),
            "HTTP/1.1 205 Reset Content\r\ncontent-length: 0\r\n" + usual + "\r\n");
  EXPECT_EQ(writer.admit(3), 0U);
  EXPECT_EQ(writer.persistence(), Persistence::keep_alive);
}

TEST(ResponseWriter, RefusesUnusableHeads) {
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
    ResponseWriter writer({});
    std::string out;
    EXPECT_EQ(writer.start(head, 0, own, out), error);
    EXPECT_EQ(out, "");
  }
}

TEST(SwitchingProtocols, HasTheGivenHeaders) {
  std::string out;
  EXPECT_EQ(append_switching_protocols({{"upgrade", "websocket"}}, own, out), std::nullopt);
  EXPECT_EQ(out, "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\n" + usual + "\r\n");
  out.clear();
  EXPECT_EQ(append_switching_protocols({{"a", "b\r\nc"}}, own, out), HeadError::header_value);
  EXPECT_EQ(out, "");
}

TEST(ResponseWriter, EndsChunksWithTrailersForAClientThatTakesThem) {
  const Headers trailers = {{"x-sum", "5"}, {"x-more", ""}};
  ResponseWriter taking({.takes_trailers = true});
  std::string out;
  taking.append_last_chunk(trailers, out);
  EXPECT_EQ(out, "0\r\nx-sum: 5\r\nx-more: \r\n\r\n");
  out.clear();
  taking.append_last_chunk({}, out);
  EXPECT_EQ(out, "0\r\n\r\n");
  ResponseWriter other({});
  out.clear();
  other.append_last_chunk(trailers, out);
  EXPECT_EQ(out, "0\r\n\r\n");
}

TEST(ResponseWriter, WritesEarlyHints) {
  std::string out;
  append_early_hints({"</a.css>; rel=preload", "</b.js>"}, out);
  EXPECT_EQ(out,
            "HTTP/1.1 103 Early Hints\r\nlink: </a.css>; rel=preload\r\nlink: </b.js>\r\n\r\n");
}

}  // namespace
}  // namespace sioserve::http
