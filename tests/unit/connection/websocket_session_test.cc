#include <chrono>
#include <string>

#include "server/ws/deflate.h"
#include "tests/unit/connection/fixture.h"

namespace sioserve::connection {
namespace {

const std::string upgrade_headers =
    "Host: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
const std::string upgrade_request =
    "GET /ws HTTP/1.1\r\n" + upgrade_headers + "Sec-WebSocket-Version: 13\r\n\r\n";
const std::string upgrade_answer =
    "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\n"
    "sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n";

// The frame as a client sends it, masked with zeros.
std::string frame(unsigned opcode, const std::string& payload) {
  std::string bytes;
  bytes += static_cast<char>(0x80 | opcode);
  bytes += static_cast<char>(0x80 | payload.size());
  return bytes + std::string(4, '\0') + payload;
}
std::string text(const std::string& payload) { return frame(1, payload); }
std::string close_frame(const std::string& payload) { return frame(8, payload); }

class WebSocketSessionTest : public ConnectionTest {
 protected:
  void open() {
    receive(upgrade_request);
    channel().accept("", {}, config_.websocket);
    turn();
    EXPECT_EQ(calls(0), (Calls{"upgrade", "open"}));
    EXPECT_EQ(sent(), upgrade_answer + "\r\n");
  }
};

TEST_F(WebSocketSessionTest, OpensWhenAccepted) {
  receive(upgrade_request);
  ASSERT_EQ(requests(), 1U);
  EXPECT_EQ(calls(0), (Calls{"upgrade"}));
  EXPECT_EQ(channel().head().path, "/ws");
  EXPECT_EQ(sent(), "");
  channel().accept("chat", {{"x-more", "1"}, {"Connection", "close"}}, config_.websocket);
  EXPECT_EQ(calls(0), Calls{});
  turn();
  EXPECT_EQ(calls(0), (Calls{"open"}));
  EXPECT_EQ(sent(), upgrade_answer + "sec-websocket-protocol: chat\r\nx-more: 1\r\n\r\n");
}

TEST_F(WebSocketSessionTest, UpgradesAfterAnOrdinaryRequest) {
  receive("GET / HTTP/1.1\r\nHost: a\r\n\r\n" + upgrade_request + text("early"));
  exchange(0).respond({200, {}}, "x", BodyPart::last);
  turn();
  ASSERT_EQ(requests(), 2U);
  record(1).channel->accept("", {}, config_.websocket);
  turn();
  EXPECT_EQ(calls(1), (Calls{"upgrade", "open", "text(early)"}));
}

TEST_F(WebSocketSessionTest, DeliversMessages) {
  open();
  receive(text("a") + frame(2, "b"));
  receive(text(""));
  EXPECT_EQ(calls(0), (Calls{"text(a)", "binary(b)", "text()"}));
}

TEST_F(WebSocketSessionTest, KeepsMessagesFromBeforeTheDecision) {
  receive(upgrade_request.substr(0, 50));
  receive(upgrade_request.substr(50) + text("a"));
  receive(text("b"));
  EXPECT_EQ(calls(0), (Calls{"upgrade"}));
  channel().accept("", {}, config_.websocket);
  turn();
  EXPECT_EQ(calls(0), (Calls{"open", "text(a)", "text(b)"}));
}

TEST_F(WebSocketSessionTest, PausesReadingWhenTooMuchArrivesBeforeTheDecision) {
  receive(upgrade_request);
  receive(std::string(70'000, 'x'));
  EXPECT_FALSE(wire_.reading);
}

TEST_F(WebSocketSessionTest, SendsMessages) {
  open();
  channel().send(MessageKind::text, "hi");
  channel().send(MessageKind::binary, share("all"), Compression::allowed);
  EXPECT_EQ(sent(),
            "\x81\x02hi\x82\x03"
            "all");
}

TEST_F(WebSocketSessionTest, NotifiesTheHandlerWhenOutputWasWritten) {
  open();
  peer_takes_output_ = false;
  channel().send(MessageKind::text, "hi");
  EXPECT_EQ(channel().buffered(), 4U);
  const int before = record(0).drains;
  drain();
  EXPECT_EQ(record(0).drains, before + 1);
  EXPECT_EQ(channel().buffered(), 0U);
}

TEST_F(WebSocketSessionTest, AnswersPings) {
  open();
  receive(frame(9, "p"));
  EXPECT_EQ(sent(), "\x8a\x01p");
}

TEST_F(WebSocketSessionTest, StopsAnsweringPingsOfAPeerThatReadsNothing) {
  open();
  peer_takes_output_ = false;
  channel().send(MessageKind::binary, std::string(300'000, 'x'));
  sent();
  receive(frame(9, "p"));
  EXPECT_EQ(sent(), "");
}

TEST_F(WebSocketSessionTest, PausesAndResumes) {
  open();
  channel().pause_reading();
  receive(text("a"));
  EXPECT_EQ(calls(0), Calls{});
  channel().resume_reading();
  EXPECT_EQ(calls(0), Calls{});
  turn();
  EXPECT_EQ(calls(0), (Calls{"text(a)"}));
}

TEST_F(WebSocketSessionTest, DeniesWith403) {
  receive(upgrade_request);
  channel().deny({403, {}}, "no", BodyPart::last);
  turn();
  EXPECT_EQ(sent(), "HTTP/1.1 403 Forbidden\r\ncontent-length: 2\r\nconnection: close\r\n\r\nno");
  EXPECT_EQ(calls(0), (Calls{"upgrade", "closed 1006 "}));
  EXPECT_TRUE(wire_.finished);
}

TEST_F(WebSocketSessionTest, DeniesInSeveralParts) {
  receive(upgrade_request);
  channel().deny({401, {}}, "a", BodyPart::more);
  turn();
  EXPECT_FALSE(wire_.finished);
  channel().send_denial_body("b", BodyPart::last);
  turn();
  EXPECT_EQ(sent(),
            "HTTP/1.1 401 Unauthorized\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n"
            "1\r\na\r\n1\r\nb\r\n0\r\n\r\n");
  EXPECT_TRUE(wire_.finished);
}

TEST_F(WebSocketSessionTest, AnswersAnInvalidAcceptWith500) {
  receive(upgrade_request);
  channel().accept("", {{"x", "a\r\nb"}}, config_.websocket);
  turn();
  EXPECT_EQ(sent().substr(0, 12), "HTTP/1.1 500");
  EXPECT_EQ(log_.size(), 1U);
}

TEST_F(WebSocketSessionTest, RefusesInvalidHandshakes) {
  receive("GET / HTTP/1.1\r\n" + upgrade_headers + "\r\n");
  EXPECT_EQ(sent(),
            "HTTP/1.1 426 Upgrade Required\r\ncontent-type: text/plain; charset=utf-8\r\n"
            "sec-websocket-version: 13\r\nupgrade: websocket\r\ncontent-length: 17\r\n"
            "connection: close\r\n\r\nUpgrade Required\n");
  reconnect();
  receive("POST / HTTP/1.1\r\n" + upgrade_headers + "Sec-WebSocket-Version: 13\r\n\r\n");
  EXPECT_EQ(sent().substr(0, 12), "HTTP/1.1 400");
  EXPECT_EQ(requests(), 0U);
}

TEST_F(WebSocketSessionTest, AnswersThePeersClose) {
  open();
  receive(text("last") + close_frame("\x0f\xa1"
                                     "bye"));
  EXPECT_EQ(calls(0), (Calls{"text(last)", "closed 4001 bye"}));
  EXPECT_EQ(sent(),
            "\x88\x05\x0f\xa1"
            "bye");
  EXPECT_TRUE(wire_.finished);
}

TEST_F(WebSocketSessionTest, DeliversEverythingBeforeThePeersCloseAlsoWhenPaused) {
  open();
  channel().pause_reading();
  receive(text("a") + close_frame(""));
  peer_ends();
  EXPECT_EQ(calls(0), Calls{"peer ended"});
  channel().resume_reading();
  turn();
  EXPECT_EQ(calls(0), (Calls{"text(a)", "closed 1005 "}));
}

TEST_F(WebSocketSessionTest, ReportsOnceThatThePeerHasEndedBeforeItsMessagesAreTaken) {
  open();
  channel().pause_reading();
  receive(text("a"));
  peer_ends();
  EXPECT_EQ(calls(0), (Calls{"peer ended"}));
  later(Milliseconds(10'000));
  EXPECT_EQ(calls(0), Calls{});
  channel().resume_reading();
  turn();
  EXPECT_EQ(calls(0), (Calls{"text(a)", "closed 1006 "}));
}

TEST_F(WebSocketSessionTest, ChecksWhetherAPeerThatIsNotReadIsStillConnected) {
  open();
  channel().pause_reading();
  std::string messages;
  for (int i = 0; i < 10'000; ++i) messages += text("a");
  receive(messages);
  ASSERT_FALSE(wire_.reading);
  later(Milliseconds(5'000));
  EXPECT_EQ(calls(0), Calls{});
  wire_.peer_is_disconnected = true;
  later(Milliseconds(1'000));
  EXPECT_EQ(calls(0), (Calls{"peer ended"}));
  later(Milliseconds(1'000));
  EXPECT_EQ(calls(0), Calls{});
  channel().resume_reading();
  turn();
  EXPECT_TRUE(wire_.reading);
  EXPECT_EQ(calls(0).size(), 10'000U);
}

TEST_F(WebSocketSessionTest, ClosesWithAHandshake) {
  open();
  channel().close(4000, "enough");
  channel().send(MessageKind::text, "ignored");
  turn();
  EXPECT_EQ(sent(),
            "\x88\x08\x0f\xa0"
            "enough");
  calls(0);
  receive(text("late") + close_frame("\x0f\xa0"));
  EXPECT_EQ(calls(0), (Calls{"closed 4000 "}));
  EXPECT_TRUE(wire_.finished);
}

TEST_F(WebSocketSessionTest, ReadsThePeersCloseAfterMessagesThatAreDropped) {
  open();
  channel().pause_reading();
  receive(text("a"));
  context_.phase = Phase::stopping;
  connection_->begin_stop();
  turn();
  calls(0);
  receive(text("b") + close_frame("\x03\xf4"));
  EXPECT_EQ(calls(0), (Calls{"closed 1012 "}));
}

TEST_F(WebSocketSessionTest, CutsAPeerThatDoesNotAnswerTheClose) {
  open();
  channel().close(1000, "");
  turn();
  calls(0);
  later(Milliseconds(4'000));
  EXPECT_EQ(calls(0), Calls{});
  later(Milliseconds(1'001));
  EXPECT_EQ(calls(0), (Calls{"closed 1006 closing handshake timed out"}));
  EXPECT_TRUE(wire_.closed);
}

TEST_F(WebSocketSessionTest, NotifiesTheHandlerWhenThePeerDisconnects) {
  open();
  peer_vanishes();
  EXPECT_EQ(calls(0), (Calls{"closed 1006 "}));
  EXPECT_TRUE(connection_closed_);
}

TEST_F(WebSocketSessionTest, TreatsAnEndWithoutCloseAsAbnormal) {
  open();
  peer_ends();
  EXPECT_EQ(calls(0), (Calls{"closed 1006 "}));
}

TEST_F(WebSocketSessionTest, ClosesAfterAProtocolError) {
  open();
  receive(text("fine") + text("\xff") + text("late"));
  EXPECT_EQ(calls(0),
            (Calls{"text(fine)", "fault 1006 invalid UTF-8", "closed 1006 invalid UTF-8"}));
  EXPECT_EQ(sent(), "\x88\x0f\x03\xefinvalid UTF-8");
  EXPECT_TRUE(wire_.finished);
}

TEST_F(WebSocketSessionTest, SendsAnswersBeforeTheCloseFrameOfAFault) {
  open();
  record(0).fault_notice = FaultNotice::behind_answers;
  receive(text("fine") + text("\xff") + text("late"));
  receive(text("later"));
  EXPECT_EQ(calls(0), (Calls{"text(fine)", "fault 1006 invalid UTF-8"}));
  EXPECT_EQ(sent(), "");
  channel().send(MessageKind::text, "hi");
  EXPECT_EQ(sent(), "\x81\x02hi");
  channel().close(4000, "not sent");
  channel().send(MessageKind::text, "late");
  turn();
  EXPECT_EQ(sent(), "\x88\x0f\x03\xefinvalid UTF-8");
  EXPECT_EQ(calls(0), (Calls{"closed 1006 invalid UTF-8"}));
  EXPECT_TRUE(wire_.finished);
}

TEST_F(WebSocketSessionTest, WaitsForAnswersAfterAFaultForSomeSecondsOnly) {
  open();
  record(0).fault_notice = FaultNotice::behind_answers;
  receive(text("\xff"));
  EXPECT_EQ(calls(0), (Calls{"fault 1006 invalid UTF-8"}));
  later(context_.timeouts.websocket_close);
  EXPECT_EQ(sent(), "\x88\x0f\x03\xefinvalid UTF-8");
  EXPECT_EQ(calls(0), (Calls{"closed 1006 invalid UTF-8"}));
}

TEST_F(WebSocketSessionTest, DeliversMessagesFromBeforeAFault) {
  open();
  record(0).fault_notice = FaultNotice::behind_answers;
  channel().pause_reading();
  receive(text("a"));
  receive(text("b") + text("\xff"));
  EXPECT_EQ(calls(0), Calls{});
  channel().resume_reading();
  turn();
  EXPECT_EQ(calls(0), (Calls{"text(a)", "text(b)", "fault 1006 invalid UTF-8"}));
  EXPECT_EQ(sent(), "");
  channel().close(1000, "");
  turn();
  EXPECT_EQ(sent(), "\x88\x0f\x03\xefinvalid UTF-8");
}

TEST_F(WebSocketSessionTest, SendsTheCloseFrameOfAFaultImmediatelyWhenTheServerStops) {
  open();
  record(0).fault_notice = FaultNotice::behind_answers;
  receive(text("\xff"));
  connection_->begin_stop();
  turn();
  EXPECT_EQ(sent(), "\x88\x0f\x03\xefinvalid UTF-8");
}

TEST_F(WebSocketSessionTest, AbortsWithoutSendingMore) {
  open();
  channel().abort();
  EXPECT_TRUE(wire_.closed);
  EXPECT_EQ(calls(0), Calls{});
  turn();
  EXPECT_EQ(calls(0), (Calls{"closed 1006 "}));
}

TEST_F(WebSocketSessionTest, ClosesWith1012WhenTheServerStops) {
  open();
  context_.phase = Phase::stopping;
  connection_->begin_stop();
  turn();
  EXPECT_EQ(sent().substr(0, 4), std::string("\x88\x0e\x03\xf4"));
  receive(close_frame("\x03\xf4"));
  EXPECT_EQ(calls(0).back(), "closed 1012 ");
}

TEST_F(WebSocketSessionTest, ClosesAWebSocketThatIsAcceptedWhileTheServerStops) {
  receive(upgrade_request);
  context_.phase = Phase::stopping;
  connection_->begin_stop();
  channel().accept("", {}, config_.websocket);
  turn();
  EXPECT_NE(sent().find("\x88\x0e\x03\xf4"), std::string::npos);
}

// --- Times ---

TEST_F(WebSocketSessionTest, RefusesAWebSocketThatIsNotAcceptedInTime) {
  config_.websocket.connect_timeout = Milliseconds(250);
  receive(upgrade_request);
  later(Milliseconds(249));
  EXPECT_EQ(sent(), "");
  later(Milliseconds(1));
  EXPECT_EQ(sent().substr(0, 12), "HTTP/1.1 403");
  EXPECT_EQ(calls(0), (Calls{"upgrade", "closed 1006 "}));
  EXPECT_TRUE(wire_.finished);
  ASSERT_EQ(log_.size(), 1U);
  EXPECT_FALSE(log_[0].request_id.empty());
  EXPECT_EQ(log_[0].message,
            "WebSocket /ws of 127.0.0.1:1 was not accepted within 250 ms; refused with 403");
}

TEST_F(WebSocketSessionTest, WaitsForTheDecisionForeverWithoutATimeout) {
  config_.websocket.connect_timeout = Milliseconds(0);
  receive(upgrade_request);
  later(std::chrono::hours(24));
  EXPECT_EQ(sent(), "");
}

TEST_F(WebSocketSessionTest, CutsADenialWithoutProgress) {
  receive(upgrade_request);
  channel().deny({401, {}}, "a", BodyPart::more);
  turn();
  calls(0);
  later(Milliseconds(29'999));
  channel().send_denial_body("b", BodyPart::more);
  later(Milliseconds(29'999));  // the peer reads it
  later(Milliseconds(29'999));
  EXPECT_EQ(calls(0), Calls{});
  later(Milliseconds(1));
  EXPECT_EQ(calls(0), (Calls{"closed 1006 denial timed out"}));
  EXPECT_TRUE(wire_.closed);
}

TEST_F(WebSocketSessionTest, PingsASilentPeer) {
  open();
  later(Milliseconds(19'999));
  EXPECT_EQ(sent(), "");
  later(Milliseconds(1));
  EXPECT_EQ(sent(), std::string("\x89\x00", 2));
  receive(frame(10, ""));
  later(Milliseconds(19'999));
  EXPECT_EQ(sent(), "");
  later(Milliseconds(1));
  EXPECT_EQ(sent(), std::string("\x89\x00", 2));
}

TEST_F(WebSocketSessionTest, ClosesWith1011WhenNothingComesAfterAPing) {
  logger_.set_level(LogCategory::server, static_cast<int>(LogLevel::info));
  open();
  later(Milliseconds(20'000));
  sent();
  later(Milliseconds(30'000));
  EXPECT_EQ(sent(), "\x88\x10\x03\xf3ping timed out");
  EXPECT_EQ(calls(0), (Calls{"closed 1006 ping timed out"}));
  EXPECT_TRUE(wire_.finished);
  ASSERT_EQ(log_.size(), 1U);
  EXPECT_FALSE(log_[0].request_id.empty());
  EXPECT_EQ(log_[0].message,
            "WebSocket /ws of 127.0.0.1:1 is closed: nothing came within 30 s of a ping");
}

TEST_F(WebSocketSessionTest, DoesNotTimeOutAPeerThatItDoesNotRead) {
  open();
  channel().pause_reading();
  std::string messages;
  for (int i = 0; i < 10'000; ++i) messages += text("a");
  receive(messages);
  ASSERT_FALSE(wire_.reading);
  sent();
  later(Milliseconds(20'000));
  later(Milliseconds(20'000));
  later(Milliseconds(20'000));
  EXPECT_EQ(sent(), std::string("\x89\x00\x89\x00\x89\x00", 6));
  EXPECT_EQ(calls(0), Calls{});
  channel().resume_reading();
  turn();
  EXPECT_TRUE(wire_.reading);
  EXPECT_EQ(calls(0).size(), 10'000U);
  later(Milliseconds(20'000));
  later(Milliseconds(30'000));
  EXPECT_EQ(calls(0), (Calls{"closed 1006 ping timed out"}));
}

TEST_F(WebSocketSessionTest, DoesNotTimeOutASlowPeerThatStillReads) {
  open();
  peer_takes_output_ = false;
  channel().send(MessageKind::binary, std::string(300'000, 'x'));
  later(Milliseconds(20'000));
  later(Milliseconds(29'000));
  wire_.unsent -= 1'000;
  wire_.listener->on_drain();
  later(Milliseconds(1'000));
  EXPECT_EQ(calls(0), Calls{});
  later(Milliseconds(19'000));
  later(Milliseconds(30'000));
  EXPECT_EQ(calls(0), (Calls{"closed 1006 ping timed out"}));
}

TEST_F(WebSocketSessionTest, ClosesAtTheEndOfItsLifetime) {
  config_.websocket.lifetime = Milliseconds(60'000);
  open();
  for (int i = 0; i < 6; ++i) {
    EXPECT_EQ(sent().find("\x88"), std::string::npos);
    receive(text("x"));
    later(Milliseconds(10'000));
  }
  EXPECT_EQ(sent(), "\x88\x1a\x03\xe9maximum lifetime reached");
  receive(close_frame("\x03\xe9"));
  EXPECT_EQ(calls(0).back(), "closed 1001 ");
}

TEST_F(WebSocketSessionTest, WithoutTimeoutsNothingHappens) {
  config_.websocket.lifetime = Milliseconds(0);
  config_.websocket.ping_interval = Milliseconds(0);
  open();
  later(std::chrono::hours(240));
  EXPECT_EQ(sent(), "");
  EXPECT_EQ(calls(0), Calls{});
}

// --- Limits ---

TEST_F(WebSocketSessionTest, AppliesTheLimitsOfItsSettings) {
  config_.websocket.max_message = 10;
  config_.websocket.max_frame = 8;
  open();
  receive(text("12345678"));
  EXPECT_EQ(calls(0), (Calls{"text(12345678)"}));
  receive(text("123456789"));
  EXPECT_EQ(sent(),
            "\x88\x0f\x03\xf1"
            "frame too big");
  EXPECT_EQ(calls(0), (Calls{"too big", "fault 1009 frame too big", "closed 1009 frame too big"}));
}

// --- Compression ---

class CompressedWebSocketTest : public WebSocketSessionTest {
 protected:
  void open(const std::string& offer) {
    receive(upgrade_request.substr(0, upgrade_request.size() - 2) +
            "Sec-WebSocket-Extensions: " + offer + "\r\n\r\n");
    channel().accept("", {{"Sec-WebSocket-Extensions", "x"}}, config_.websocket);
    turn();
    calls(0);
  }
  // Decompresses a frame of the server; its payload has fewer than 126 bytes.
  std::string inflate_frame(const std::string& bytes) {
    EXPECT_EQ(bytes[0], '\xc1');
    EXPECT_EQ(bytes.size(), 2U + static_cast<unsigned char>(bytes[1]));
    std::string message;
    EXPECT_FALSE(peer_inflater_.add(bytes.substr(2), message, 1'000'000));
    EXPECT_FALSE(peer_inflater_.finish(message, 1'000'000));
    return message;
  }

  ws::Inflater peer_inflater_{15, ws::ContextTakeover::on};
  ws::Deflater peer_deflater_{15, ws::ContextTakeover::on};
};

TEST_F(CompressedWebSocketTest, IsAgreedOn) {
  open("permessage-deflate; client_max_window_bits");
  EXPECT_EQ(sent(), upgrade_answer +
                        "sec-websocket-extensions: permessage-deflate; "
                        "client_max_window_bits=12\r\n\r\n");
}

TEST_F(CompressedWebSocketTest, IsNotAgreedOnIfTheSettingsForbidIt) {
  config_.websocket.per_message_deflate = false;
  open("permessage-deflate");
  EXPECT_EQ(sent(), upgrade_answer + "\r\n");
  const SharedBytes message = share(std::string(100'000, 'x'));
  channel().send(MessageKind::text, message, Compression::allowed);
  EXPECT_EQ(message.use_count(), 2);  // queued without a copy
}

TEST_F(CompressedWebSocketTest, CompressesInBothDirections) {
  open("permessage-deflate");
  sent();
  const std::string message(1'000, 'x');
  for (int i = 0; i < 2; ++i) {
    channel().send(MessageKind::text, message);
    EXPECT_EQ(inflate_frame(sent()), message);
    channel().send(MessageKind::text, share(message), Compression::allowed);
    EXPECT_EQ(inflate_frame(sent()), message);
    std::string data = frame(1, peer_deflater_.compress(message));
    data[0] = '\xc1';
    receive(data);
    EXPECT_EQ(calls(0), (Calls{"text(" + message + ")"}));
    // Freeing memory in between has no effect.
    for (int k = 0; k < 10; ++k) {
      later(Milliseconds(10'000));
      receive(frame(10, ""));
    }
    sent();
  }
}

TEST_F(CompressedWebSocketTest, DoesNotCompressAMessageThatDeclinesIt) {
  open("permessage-deflate");
  sent();
  const std::string message(100, 'x');
  channel().send(MessageKind::text, share(message + message), Compression::allowed);
  EXPECT_EQ(inflate_frame(sent()), message + message);
  channel().send(MessageKind::text, share(message), Compression::declined);
  EXPECT_EQ(sent(), "\x81\x64" + message);
  channel().send(MessageKind::text, share(message + message), Compression::allowed);
  EXPECT_EQ(inflate_frame(sent()), message + message);
}

TEST_F(CompressedWebSocketTest, DoesNotCompressSmallAndHugeMessages) {
  open("permessage-deflate");
  sent();
  channel().send(MessageKind::text, "small");
  EXPECT_EQ(sent(), "\x81\x05small");
  channel().send(MessageKind::binary, std::string(1'048'577, 'x'));
  EXPECT_EQ(sent().substr(0, 2), "\x82\x7f");
}

}  // namespace
}  // namespace sioserve::connection
