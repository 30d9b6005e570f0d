#include "socketio/engine/session.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/unit/engine/fakes.h"

namespace sioserve::engine {
namespace {

using namespace std::chrono_literals;
using Messages = std::vector<std::string>;

struct SessionTest : testing::Test, SessionFixture {};
struct WebSocketTest : SessionTest {
  FakeWebSocket socket;
  WebSocketTest() {
    session->open_websocket(socket);
    socket.sent.clear();
  }
  void receive(std::string text) {
    session->receive_websocket(socket, MessageKind::text, std::move(text));
  }
};

// --- handshake ---

TEST_F(SessionTest, TheOpenPacketHasTheSettingsForAPollingClient) {
  EXPECT_EQ(session->open_packet(),
            R"(0{"sid":"a-sid","upgrades":["websocket"],"pingInterval":25000,)"
            R"("pingTimeout":20000,"maxPayload":1000000})");
}

TEST_F(SessionTest, TheOpenPacketOffersNoUpgradeOnAWebSocket) {
  FakeWebSocket socket;
  session->open_websocket(socket);
  ASSERT_EQ(socket.sent.size(), 1u);
  const auto handshake = nlohmann::json::parse(socket.sent[0].substr(1));
  EXPECT_EQ(socket.sent[0][0], '0');
  EXPECT_EQ(handshake["upgrades"], nlohmann::json::array());
}

// --- polling ---

TEST_F(SessionTest, SendAnswersAWaitingPoll) {
  FakePoll request;
  session->start_poll(request);
  EXPECT_FALSE(request.outcome);
  send("hello");
  EXPECT_EQ(request.outcome, HttpOutcome::ok);
  EXPECT_EQ(request.payload, "4hello");
}

TEST_F(SessionTest, APollReturnsTheQueuedPackets) {
  send("1");
  send("2", {share("\x01\x02\x03")});
  send("3");
  EXPECT_EQ(poll(),
            "41\x1e"
            "42\x1e"
            "bAQID\x1e"
            "43");
}

TEST_F(SessionTest, ALongQueueComesWithSeveralPollsAndAPingAheadOfIt) {
  config.engine_io.max_packets_per_poll = 3;
  for (const char* text : {"1", "2", "3", "4", "5"}) send(text);
  EXPECT_EQ(poll(),
            "41\x1e"
            "42\x1e"
            "43");
  send("6");
  EXPECT_EQ(record.drains, 0);
  host.advance(*session, config.engine_io.ping_interval);
  EXPECT_EQ(record.pings, 0) << "its pong does not tell that what is queued has arrived";
  EXPECT_EQ(poll(),
            "2\x1e"
            "44\x1e"
            "45");
  EXPECT_EQ(poll(), "46");
  EXPECT_EQ(record.drains, 1);
}

TEST_F(SessionTest, APingComesBehindAShortQueue) {
  send("1");
  host.advance(*session, config.engine_io.ping_interval);
  EXPECT_EQ(record.pings, 1);
  EXPECT_EQ(poll(),
            "41\x1e"
            "2");
}

TEST_F(SessionTest, ACloseComesBehindSeveralPolls) {
  config.engine_io.max_packets_per_poll = 1;
  send("1");
  send("2");
  session->close(CloseReason::server_close);
  EXPECT_EQ(poll(), "41");
  EXPECT_EQ(poll(), "42");
  EXPECT_EQ(poll(), "1");
  EXPECT_TRUE(host.ended);
}

TEST_F(SessionTest, AnUpgradeSendsTheRestOfASplitUnit) {
  config.engine_io.max_packets_per_poll = 2;
  send("52-", {share("x"), share("y")});
  FakeWebSocket socket;
  session->start_probe(socket);
  session->receive_websocket(socket, MessageKind::text, "2probe");
  EXPECT_EQ(poll(),
            "452-\x1e"
            "beA==");
  session->receive_websocket(socket, MessageKind::text, "5");
  EXPECT_EQ(socket.sent, (std::vector<std::string>{"3probe", "b:y"}));
}

TEST_F(SessionTest, APostDeliversItsPacketsInOrder) {
  EXPECT_EQ(post("4a\x1e"
                 "bAQID\x1e"
                 "6\x1e"
                 "4b"),
            HttpOutcome::ok);
  EXPECT_EQ(record.messages, (Messages{"a", "b:\x01\x02\x03", "b"}));
}

TEST_F(SessionTest, ASecondPollClosesTheSession) {
  FakePoll first;
  FakePoll second;
  session->start_poll(first);
  session->start_poll(second);
  EXPECT_EQ(first.outcome, HttpOutcome::ok);
  EXPECT_EQ(first.payload, "1");
  EXPECT_EQ(second.outcome, HttpOutcome::bad_request);
  EXPECT_EQ(record.closed, CloseReason::concurrent_get);
  EXPECT_TRUE(host.ended);
}

TEST_F(SessionTest, ASecondPostClosesTheSession) {
  FakePoll waiting;
  FakePost first;
  FakePost second;
  session->start_poll(waiting);
  EXPECT_TRUE(session->start_post(first));
  EXPECT_FALSE(session->start_post(second));
  EXPECT_EQ(first.outcome, HttpOutcome::bad_request);
  EXPECT_EQ(second.outcome, HttpOutcome::bad_request);
  EXPECT_EQ(waiting.payload, "1");
  EXPECT_EQ(record.closed, CloseReason::concurrent_post);
}

TEST_F(SessionTest, AnAbortedPollClosesTheSession) {
  FakePoll request;
  session->start_poll(request);
  session->abort_poll(request);
  EXPECT_EQ(record.closed, CloseReason::polling_disconnect);
}

TEST_F(SessionTest, AnAbortedPostClosesTheSession) {
  FakePost request;
  session->start_post(request);
  session->abort_post(request);
  EXPECT_EQ(record.closed, CloseReason::polling_disconnect);
}

TEST_F(SessionTest, ShutDownAnswersAWaitingPollWithoutAClosePacket) {
  FakePoll waiting;
  session->start_poll(waiting);
  session->shut_down();
  EXPECT_EQ(waiting.payload, "6");
  EXPECT_EQ(record.closed, CloseReason::server_shutdown);
}

TEST_F(SessionTest, ADeadProcessEndsAWaitingPollWithoutAClosePacket) {
  FakePoll waiting;
  session->start_poll(waiting);
  session->process_lost();
  EXPECT_EQ(waiting.payload, "6");
  EXPECT_EQ(record.closed, CloseReason::process_lost);
  EXPECT_TRUE(is_recoverable(*record.closed));
}

TEST_F(SessionTest, TheClientsCloseLetsTheWaitingPollReturnANoop) {
  FakePoll waiting;
  session->start_poll(waiting);
  EXPECT_EQ(post("4last\x1e"
                 "1\x1e"
                 "4unread"),
            HttpOutcome::ok);
  EXPECT_EQ(waiting.payload, "6");
  EXPECT_EQ(record.messages, (Messages{"last"}));
  EXPECT_EQ(record.closed, CloseReason::client_close);
}

TEST_F(SessionTest, AMalformedPayloadClosesTheSession) {
  for (const char* body : {"", "9", "4ok\x1e", "xyz", "bA", "0{}"}) {
    host.ended = false;
    record = {};
    restart();
    EXPECT_EQ(post(body), HttpOutcome::bad_request) << body;
    EXPECT_EQ(record.closed, CloseReason::bad_packet) << body;
    EXPECT_TRUE(host.ended) << body;
  }
}

TEST_F(SessionTest, APingFromTheClientIsAnError) {
  EXPECT_EQ(post("2"), HttpOutcome::bad_request);
  EXPECT_EQ(record.closed, CloseReason::wrong_heartbeat);
}

TEST_F(SessionTest, AServersCloseWaitsForThePollThatGetsTheClosePacket) {
  send("last");
  session->close(CloseReason::server_close);
  EXPECT_EQ(record.closed, CloseReason::server_close);
  EXPECT_FALSE(host.ended);
  send("too late");
  // Not in one body: a client closes before it handles the other packets.
  EXPECT_EQ(poll(), "4last");
  EXPECT_FALSE(host.ended);
  EXPECT_EQ(poll(), "1");
  EXPECT_TRUE(host.ended);
}

TEST_F(SessionTest, PostsOfAClosedSessionAreDroppedWithoutAnError) {
  send("last");
  session->close(CloseReason::server_close);
  EXPECT_EQ(post("4dropped"), HttpOutcome::ok);
  EXPECT_TRUE(record.messages.empty());
  EXPECT_EQ(poll(), "4last");
}

TEST_F(SessionTest, APostThatIsBeingReadIsAnsweredWhenTheServerCloses) {
  FakePost request;
  ASSERT_TRUE(session->start_post(request));
  session->receive_post(request, MessageKind::text,
                        "4pause\x1e"
                        "4unread");
  EXPECT_FALSE(request.outcome);
  session->close(CloseReason::server_close);
  EXPECT_EQ(request.outcome, HttpOutcome::ok);
  EXPECT_EQ(record.messages, (Messages{"pause"}));
}

TEST_F(SessionTest, APostOfAWrongTypeClosesTheSession) {
  FakePost request;
  ASSERT_TRUE(session->start_post(request));
  session->refuse_post(request);
  EXPECT_EQ(request.outcome, HttpOutcome::bad_request);
  EXPECT_EQ(record.closed, CloseReason::wrong_content_type);
  EXPECT_STREQ(describe_as_reference(*record.closed), "transport error");
}

TEST_F(SessionTest, AClosedSessionIsRemovedWhenNoPollComes) {
  session->close(CloseReason::server_close);
  host.advance(*session, 29s);
  EXPECT_FALSE(host.ended);
  host.advance(*session, 2s);
  EXPECT_TRUE(host.ended);
}

TEST_F(SessionTest, ClosingFromWithinAMessageStopsReading) {
  EXPECT_EQ(post("4close\x1e"
                 "4unread"),
            HttpOutcome::bad_request);
  EXPECT_EQ(record.messages, (Messages{"close"}));
  EXPECT_EQ(record.closed, CloseReason::bad_packet);
}

// --- websocket ---

TEST_F(WebSocketTest, MessagesAreSentImmediately) {
  send("x", {share("bytes")});
  EXPECT_EQ(socket.sent, (Messages{"4x", "b:bytes"}));
  receive("4y");
  session->receive_websocket(socket, MessageKind::binary, "z");
  EXPECT_EQ(record.messages, (Messages{"y", "b:z"}));
}

TEST_F(WebSocketTest, AcceptsBinaryInBase64) {
  for (const char* packet : {"bAQI=", "bAQI", "b", "b_-8="}) receive(packet);
  EXPECT_EQ(record.messages, (Messages{"b:\x01\x02", "b:\x01\x02", "b:", "b:\xff\xef"}));
  receive("b????");
  EXPECT_EQ(record.closed, CloseReason::bad_packet);
}

TEST_F(WebSocketTest, SendsBinaryInBase64IfTheHandshakeAsksForIt) {
  EXPECT_EQ(*framing_v4(BinaryForm::base64)
                 .write_websocket({MessageKind::binary, share("\x01\x02")})
                 .bytes,
            "bAQI=");
  const Message message{MessageKind::binary, share("\x01\x02")};
  EXPECT_EQ(framing_v4().write_websocket(message).bytes, message.bytes) << "the buffer is shared";
}

TEST_F(WebSocketTest, AnOversizeMessageClosesTheSession) {
  receive("4" + std::string(config.engine_io.max_payload, 'x'));
  EXPECT_EQ(socket.close_code, 1009);
  EXPECT_EQ(record.closed, CloseReason::payload_too_large);
  EXPECT_TRUE(record.messages.empty());
}

TEST_F(WebSocketTest, ClosingTheWebSocketClosesTheSession) {
  session->websocket_closed(socket);
  EXPECT_EQ(record.closed, CloseReason::websocket_disconnect);
  EXPECT_FALSE(socket.close_code);
}

TEST_F(WebSocketTest, MalformedPacketsCloseTheSession) {
  receive("x");
  EXPECT_EQ(record.closed, CloseReason::bad_packet);
  EXPECT_EQ(socket.close_code, no_close_code);
}

TEST_F(WebSocketTest, ASlowWebSocketGetsCompleteUnitsAsItDrains) {
  socket.weight = 1'000'000;
  send("a");  // 2 bytes fill the buffer
  send("b", {share("1"), share("2")});
  send("c");
  EXPECT_EQ(socket.sent, (Messages{"4a"}));
  socket.buffered_bytes = 0;
  session->drain_websocket(socket);
  EXPECT_EQ(socket.sent, (Messages{"4a", "4b", "b:1", "b:2"}));
  socket.buffered_bytes = 0;
  session->drain_websocket(socket);
  EXPECT_EQ(socket.sent, (Messages{"4a", "4b", "b:1", "b:2", "4c"}));
}

TEST_F(WebSocketTest, CloseSendsWhatIsQueuedFirst) {
  socket.weight = 1'000'000;
  send("a");
  send("b");
  session->close(CloseReason::server_close);
  EXPECT_EQ(socket.sent, (Messages{"4a", "4b"}));
  EXPECT_EQ(socket.close_code, no_close_code);
}

TEST_F(WebSocketTest, ASlowConsumerIsClosedLaterNotFromWithinSend) {
  config.socket_io.max_queued_bytes = 1000;
  socket.buffered_bytes = 2'000'000;
  for (int i = 0; i < 20; ++i) send(std::string(100, 'x'));
  EXPECT_FALSE(record.closed);
  host.advance(*session, 20ms);
  EXPECT_EQ(record.closed, CloseReason::slow_consumer);
  EXPECT_TRUE(socket.aborted);
}

TEST_F(WebSocketTest, ShutDownClosesWithServiceRestart) {
  session->shut_down();
  EXPECT_EQ(socket.close_code, 1012);
  EXPECT_EQ(record.closed, CloseReason::server_shutdown);
}

TEST_F(WebSocketTest, ADeadProcessClosesWithServiceRestart) {
  session->process_lost();
  EXPECT_EQ(socket.close_code, 1012);
  EXPECT_EQ(record.closed, CloseReason::process_lost);
}

// --- heartbeat ---

TEST_F(WebSocketTest, PingsComeOneIntervalAfterTheLastPong) {
  host.advance(*session, 24'999ms);
  EXPECT_TRUE(socket.sent.empty());
  host.advance(*session, 1ms);
  EXPECT_EQ(socket.sent, (Messages{"2"}));
  host.advance(*session, 10s);
  receive("3");
  host.advance(*session, 24'999ms);
  EXPECT_EQ(socket.sent.size(), 1u);
  host.advance(*session, 1ms);
  EXPECT_EQ(socket.sent, (Messages{"2", "2"}));
}

TEST_F(SessionTest, TheLongestTimeoutsNeverExpire) {
  constexpr Milliseconds longest = Milliseconds::max();
  config.engine_io = {};
  config.engine_io.ping_interval = config.engine_io.ping_timeout = longest;
  config.engine_io.connect_timeout = config.engine_io.upgrade_timeout = longest;
  restart();
  session->start_connect_timeout();
  FakeWebSocket probe;
  session->start_probe(probe);
  host.advance(*session, 24h);
  EXPECT_FALSE(record.closed);
  EXPECT_FALSE(probe.close_code);
  EXPECT_EQ(poll(), "");
}

TEST_F(WebSocketTest, NoPongInTimeClosesTheSession) {
  host.advance(*session, 25s + 19'999ms);
  EXPECT_FALSE(record.closed);
  host.advance(*session, 1ms);
  EXPECT_EQ(record.closed, CloseReason::timeout);
  EXPECT_TRUE(socket.close_code);
}

TEST_F(WebSocketTest, AnyPacketExtendsThePongTimeoutOnce) {
  for (int ping = 0; ping < 2; ++ping) {
    host.advance(*session, 25s + 19s);
    receive("4a");
    host.advance(*session, 19s);
    ASSERT_FALSE(record.closed);
    receive("3");
  }
  host.advance(*session, 25s + 19s);
  receive("4a");
  host.advance(*session, 19s);
  receive("4b");
  host.advance(*session, 999ms);
  EXPECT_FALSE(record.closed);
  host.advance(*session, 1ms);
  EXPECT_EQ(record.closed, CloseReason::timeout);
}

TEST_F(SessionTest, ALateTimerDoesNotExtendThePongTimeout) {
  host.advance(*session, 24'999ms);
  host.be_late(20ms);
  session->on_timer();
  host.be_late(19'981ms);
  session->on_timer();
  EXPECT_EQ(record.closed, CloseReason::timeout);
}

TEST_F(SessionTest, AfterThePauseOfTheProcessClientsGetTheirFullTimeout) {
  host.advance(*session, 24'999ms);
  host.be_late(60s);
  session->on_timer();
  host.be_late(15s);
  session->on_timer();
  EXPECT_FALSE(record.closed);
}

TEST_F(SessionTest, IsDueWhenATimerIsLate) {
  EXPECT_FALSE(session->is_due());
  host.advance(*session, 24'999ms);
  EXPECT_FALSE(session->is_due());
  host.be_late(1ms);
  EXPECT_TRUE(session->is_due());
  session->on_timer();
  EXPECT_FALSE(session->is_due());
}

TEST_F(SessionTest, ALostPollingClientTimesOut) {
  host.advance(*session, 45s);
  EXPECT_EQ(record.closed, CloseReason::timeout);
  EXPECT_TRUE(host.ended);
}

TEST_F(SessionTest, APingReachesAWaitingPoll) {
  FakePoll request;
  session->start_poll(request);
  host.advance(*session, 25s);
  EXPECT_EQ(request.payload, "2");
  EXPECT_EQ(post("3"), HttpOutcome::ok);
  host.advance(*session, 24s);
  EXPECT_FALSE(record.closed);
}

TEST_F(SessionTest, ASessionWithoutANamespaceIsClosedAfterTheConnectTimeout) {
  session->start_connect_timeout();
  for (int beat = 0; beat < 44; ++beat) {
    host.advance(*session, 1s);
    post("3");
  }
  EXPECT_FALSE(record.closed);
  host.advance(*session, 1s);
  EXPECT_EQ(record.closed, CloseReason::connect_timeout);
}

// --- back-pressure ---

TEST_F(SessionTest, PausingDelaysTheRestOfAPostAndItsResponse) {
  FakePost request;
  session->start_post(request);
  session->receive_post(request, MessageKind::text,
                        "4pause\x1e"
                        "4next");
  EXPECT_EQ(record.messages, (Messages{"pause"}));
  EXPECT_FALSE(request.outcome);
  session->resume_reading();
  EXPECT_EQ(record.messages, (Messages{"pause", "next"}));
  EXPECT_EQ(request.outcome, HttpOutcome::ok);
}

TEST_F(WebSocketTest, PausingStopsTheWebSocket) {
  receive("4pause");
  EXPECT_TRUE(socket.paused);
  session->resume_reading();
  EXPECT_FALSE(socket.paused);
}

TEST_F(WebSocketTest, APauseSuspendsThePongDeadline) {
  host.advance(*session, 25s);
  ASSERT_EQ(socket.sent, (Messages{"2"}));
  session->pause_reading();
  host.advance(*session, 10min);
  EXPECT_FALSE(record.closed);
  session->resume_reading();
  host.advance(*session, 19'999ms);
  EXPECT_FALSE(record.closed);
  host.advance(*session, 1ms);
  EXPECT_EQ(record.closed, CloseReason::timeout);
}

// Its pong may be in the rest of the POST, which is not read; but a connected client polls.
TEST_F(SessionTest, APausedPollingClientIsConnectedWhileItPolls) {
  FakePost request;
  session->start_post(request);
  session->receive_post(request, MessageKind::text,
                        "4pause\x1e"
                        "3");
  auto waiting = std::make_unique<FakePoll>();
  session->start_poll(*waiting);
  int pings = 0;
  while (pings < 10 || !waiting->outcome) {
    if (waiting->outcome) {
      ++pings;
      waiting = std::make_unique<FakePoll>();
      session->start_poll(*waiting);
    }
    host.advance(*session, 1s);
    ASSERT_FALSE(record.closed);
  }
  host.advance(*session, 18s);
  EXPECT_FALSE(record.closed);
  host.advance(*session, 10s);
  EXPECT_EQ(record.closed, CloseReason::timeout);
  EXPECT_EQ(request.outcome, HttpOutcome::bad_request);
}

TEST_F(WebSocketTest, TheLastInputOfADisconnectedClientIsDroppedAfterATimeout) {
  session->pause_reading();
  session->peer_ended(socket);
  host.advance(*session, 19'999ms);
  EXPECT_FALSE(record.closed);
  host.advance(*session, 1ms);
  EXPECT_EQ(record.closed, CloseReason::websocket_disconnect);
  EXPECT_EQ(counters.get(Counter::last_input_dropped), 1u);
}

TEST_F(WebSocketTest, TheCloseOfAProbeIsNotADisconnectOfTheClient) {
  FakeWebSocket other;
  session->peer_ended(other);
  host.advance(*session, 24s);
  EXPECT_FALSE(record.closed);
}

TEST_F(WebSocketTest, APingSentWhileReadingIsPausedHasNoPongTimeout) {
  session->pause_reading();
  host.advance(*session, 10min);
  EXPECT_FALSE(record.closed);
  session->resume_reading();
  receive("3");
  socket.sent.clear();
  host.advance(*session, 24'999ms);
  EXPECT_EQ(socket.sent, Messages{});
  EXPECT_FALSE(record.closed);
}

TEST_F(WebSocketTest, AMessageDeclinesCompressionTogetherWithItsAttachments) {
  const std::vector<SharedBytes> attachments = {share("bytes")};
  constexpr Treatment as_it_is{Importance::expendable, Compression::declined};
  session->send(MessageKind::text, share("4a"), attachments, as_it_is);
  session->send(MessageKind::text, share("4b"), attachments, {});
  EXPECT_EQ(socket.declined, (std::vector<std::string>{"4a", "bytes"}));
  socket.declined.clear();
  socket.buffered_bytes = 2 << 20;
  session->send(MessageKind::text, share("4c"), attachments, as_it_is);
  session->send(MessageKind::text, share("4d"), attachments, {});
  EXPECT_TRUE(socket.declined.empty());
  socket.buffered_bytes = 0;
  session->drain_websocket(socket);
  EXPECT_EQ(socket.declined, (std::vector<std::string>{"4c", "bytes"}));
  EXPECT_EQ(socket.sent.size(), 8u);
}

}  // namespace
}  // namespace sioserve::engine
