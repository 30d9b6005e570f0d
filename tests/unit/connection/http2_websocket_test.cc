// WebSockets on streams of an HTTP/2 connection (RFC 8441).
#include <string>
#include <string_view>
#include <utility>

#include "server/connection/http2_session.h"
#include "server/ws/frame.h"
#include "tests/unit/connection/fixture.h"
#include "tests/unit/http2/frames.h"

namespace sioserve::connection {
namespace {

using http2::data;
using http2::FieldTexts;
using http2::get;
using http2::headers;
namespace flag = http2::flag;

class Http2WebSocketTest : public ConnectionTest {
 protected:
  Http2WebSocketTest() {
    config_.http2.cleartext = true;
    reconnect();
    receive(http2::hello());
    frames();
  }

  Calls frames() { return reader_.read(std::exchange(wire_.output, {})); }

  static FieldTexts fields(const FieldTexts& more = {{"sec-websocket-version", "13"}}) {
    FieldTexts all = {{":method", "CONNECT"},
                      {":protocol", "websocket"},
                      {":scheme", "http"},
                      {":path", "/chat?a=b"},
                      {":authority", "a.example"}};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }
  void connect(std::uint32_t stream, const FieldTexts& more = {{"sec-websocket-version", "13"}}) {
    receive(headers(stream, fields(more), flag::end_headers));
  }
  // A client's frame; its mask is zero.
  static std::string masked(char opcode, std::string_view payload) {
    return std::string{static_cast<char>(0x80 | opcode), static_cast<char>(0x80 | payload.size())} +
           std::string(4, '\0') + std::string(payload);
  }

  http2::FrameReader reader_;
};

constexpr char text = 1;
constexpr char closing = 8;

TEST_F(Http2WebSocketTest, AcceptsAndTransfersMessages) {
  connect(1, {{"sec-websocket-version", "13"}, {"sec-websocket-protocol", "chat"}});
  EXPECT_EQ(calls(0), Calls{"upgrade"});
  EXPECT_EQ(channel().head().path, "/chat");
  EXPECT_EQ(channel().head().http_version, "2");
  EXPECT_EQ(channel().subprotocols(), std::vector<std::string>{"chat"});
  channel().accept("chat", {{"x-a", "1"}}, config_.websocket);
  turn();
  EXPECT_EQ(frames(), Calls{"HEADERS 1 :status=200 sec-websocket-protocol=chat x-a=1"});
  receive(data(1, masked(text, "hello")));
  EXPECT_EQ(calls(0), (Calls{"open", "text(hello)"}));
  channel().send(MessageKind::text, "answer");
  turn();
  EXPECT_EQ(frames(), Calls{"DATA 1 \x81\x06"
                            "answer"});
}

// A proxy, such as HAProxy, passes on what an HTTP/1.1 client has written in Upgrade.
TEST_F(Http2WebSocketTest, TheNameOfTheProtocolIgnoresCase) {
  FieldTexts written = fields();
  written[1].second = "WebSocket";
  receive(headers(1, written, flag::end_headers));
  EXPECT_EQ(calls(0), Calls{"upgrade"});
}

TEST_F(Http2WebSocketTest, ReceivesTheSameByteByByte) {
  connect(1);
  channel().accept("", {}, config_.websocket);
  turn();
  const std::string input = data(1, masked(text, "ab")) + data(1, masked(text, "c"));
  for (const char byte : input) receive({&byte, 1});
  EXPECT_EQ(calls(0), (Calls{"upgrade", "open", "text(ab)", "text(c)"}));
}

TEST_F(Http2WebSocketTest, ClosesWithTheStream) {
  connect(1);
  channel().accept("", {}, config_.websocket);
  turn();
  frames();
  receive(data(1, masked(closing, "\x03\xe8")));
  EXPECT_EQ(calls(0), (Calls{"upgrade", "open", "closed 1000 "}));
  EXPECT_EQ(frames(), (Calls{std::string("DATA 1 \x88\x02\x03\xe8 END"), "RST_STREAM 1 NO_ERROR"}));
  EXPECT_FALSE(wire_.finished) << "the connection can still be used";
}

TEST_F(Http2WebSocketTest, EndsWithTheStreamOfTheClient) {
  connect(1);
  channel().accept("", {}, config_.websocket);
  turn();
  receive(data(1, "", flag::end_stream));
  EXPECT_EQ(calls(0), (Calls{"upgrade", "open", "closed 1006 "}));
  connect(3);
  receive(http2::reset(3));
  EXPECT_EQ(calls(1), (Calls{"upgrade", "closed 1006 "}));
}

TEST_F(Http2WebSocketTest, EndsWithTheStreamBeforeTheHandlerHasDecided) {
  connect(1);
  receive(data(1, "", flag::end_stream));
  EXPECT_EQ(calls(0), (Calls{"upgrade", "closed 1006 "}));
  EXPECT_EQ(frames(), Calls{"RST_STREAM 1 CANCEL"});
}

TEST_F(Http2WebSocketTest, EndsWithTheConnectionBeforeTheHandlerHasDecided) {
  connect(1);
  peer_ends();
  EXPECT_EQ(calls(0), (Calls{"upgrade", "closed 1006 "}));
  EXPECT_TRUE(wire_.finished);
}

TEST_F(Http2WebSocketTest, TakesNothingAfterItsEnd) {
  receive(http2::settings({{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 0}}));
  connect(1);
  channel().deny({403, {}}, "not you", BodyPart::last);
  turn();
  EXPECT_EQ(frames(), Calls{"HEADERS 1 :status=403 content-length=7"});
  const std::string part(16'000, 'a');
  receive(data(1, part) + data(1, part) + data(1, part));
  turn();
  EXPECT_EQ(frames(), Calls{}) << "no WINDOW_UPDATE: the client could send without end";
  later(config_.http.send_timeout);
  EXPECT_EQ(frames(), Calls{"RST_STREAM 1 CANCEL"});
}

TEST_F(Http2WebSocketTest, IsNotLimitedLikeABody) {
  config_.http.max_body = 10;
  reconnect();
  receive(http2::hello());
  connect(1);
  channel().accept("", {}, config_.websocket);
  turn();
  receive(data(1, masked(text, "longer than ten bytes")));
  receive(data(1, masked(text, "still here")));
  EXPECT_EQ(calls(0),
            (Calls{"upgrade", "open", "text(longer than ten bytes)", "text(still here)"}));
}

TEST_F(Http2WebSocketTest, IsDeniedWithAResponse) {
  connect(1);
  channel().deny({403, {{"x-a", "1"}}}, "not ", BodyPart::more);
  channel().send_denial_body("you", BodyPart::last);
  turn();
  EXPECT_EQ(frames(),
            (Calls{"HEADERS 1 :status=403 x-a=1", "DATA 1 not you END", "RST_STREAM 1 NO_ERROR"}));
  EXPECT_EQ(calls(0), (Calls{"upgrade", "closed 1006 "}));
}

TEST_F(Http2WebSocketTest, RefusesAnInvalidHandshake) {
  connect(1, {{"sec-websocket-version", "12"}});
  EXPECT_EQ(frames().at(0),
            "HEADERS 1 :status=426 content-type=text/plain; charset=utf-8 "
            "sec-websocket-version=13 content-length=17");
  receive(headers(3, fields()));
  EXPECT_TRUE(frames().at(0).starts_with("HEADERS 3 :status=400")) << "it has ended already";
  EXPECT_EQ(requests(), 0U);
}

TEST_F(Http2WebSocketTest, RefusesOtherProtocols) {
  FieldTexts other = fields();
  other[1].second = "connect-udp";
  receive(headers(1, other, flag::end_headers));
  EXPECT_TRUE(frames().at(0).starts_with("HEADERS 1 :status=501"));
}

TEST_F(Http2WebSocketTest, LetsThePeerSendNoMoreWhileTheHandlerPauses) {
  connect(1);
  channel().accept("", {}, config_.websocket);
  turn();
  frames();
  channel().pause_reading();
  const std::string message =
      std::string("\x82\xfe", 2) + http2::big_endian(16'000, 2) + std::string(4 + 16'000, '\0');
  for (int i = 0; i < 4; ++i) receive(data(1, message));
  frames();
  receive(data(1, message) + data(1, message) + data(1, message));
  EXPECT_EQ(frames(), Calls{}) << "no WINDOW_UPDATE once 64 KB are kept";
  EXPECT_EQ(calls(0), (Calls{"upgrade", "open"}));
  channel().resume_reading();
  turn();
  EXPECT_EQ(calls(0).size(), 7U);
  EXPECT_FALSE(frames().empty()) << "a WINDOW_UPDATE";
}

TEST_F(Http2WebSocketTest, ClosesItsWebSocketsWhenTheServerStops) {
  connect(1);
  channel().accept("", {}, config_.websocket);
  turn();
  frames();
  context_.phase = Phase::stopping;
  connection_->begin_stop();
  turn();
  EXPECT_EQ(frames(), (Calls{"GOAWAY all NO_ERROR", "PING",
                             "DATA 1 \x88\x0e\x03\xf4"
                             "server stops"}));
  receive(data(1, masked(closing, "\x03\xf4")) + http2::ping(flag::ack));
  EXPECT_EQ(calls(0), (Calls{"upgrade", "open", "closed 1012 "}));
  EXPECT_TRUE(wire_.finished);
}

TEST_F(Http2WebSocketTest, SharesTheConnectionWithRequests) {
  connect(1);
  channel().accept("", {}, config_.websocket);
  receive(get(3));
  exchange(1).respond({204, {}}, "", BodyPart::last);
  turn();
  receive(data(1, masked(text, "still here")));
  EXPECT_EQ(calls(0).back(), "text(still here)");
}

TEST_F(Http2WebSocketTest, IsDeniedWhenTheHandlerDecidesTooLate) {
  connect(1);
  later(config_.websocket.connect_timeout);
  EXPECT_TRUE(frames().at(0).starts_with("HEADERS 1 :status=403"));
}

}  // namespace
}  // namespace sioserve::connection
