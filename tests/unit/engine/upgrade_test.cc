// The upgrade of a session from polling to a WebSocket.
#include <gtest/gtest.h>

#include <random>

#include "socketio/engine/payload.h"
#include "tests/unit/engine/fakes.h"

namespace sioserve::engine {
namespace {

using namespace std::chrono_literals;
using Messages = std::vector<std::string>;

struct UpgradeTest : testing::Test, SessionFixture {
  FakeWebSocket socket;
  void receive(std::string text) {
    session->receive_websocket(socket, MessageKind::text, std::move(text));
  }
};

TEST_F(UpgradeTest, TheWaitingPollIsReleasedAsSoonAsTheProbeIsAnswered) {
  FakePoll waiting;
  session->start_poll(waiting);
  session->start_probe(socket);
  EXPECT_FALSE(waiting.outcome);
  receive("2probe");
  EXPECT_EQ(socket.sent, (Messages{"3probe"}));
  EXPECT_EQ(waiting.payload, "6");
  receive("5");
  EXPECT_FALSE(session->is_polling());
  send("x");
  EXPECT_EQ(socket.sent, (Messages{"3probe", "4x"}));
}

TEST_F(UpgradeTest, LaterPollsAreReleasedEvery100Milliseconds) {
  session->start_probe(socket);
  receive("2probe");
  for (int round = 0; round < 3; ++round) {
    FakePoll waiting;
    session->start_poll(waiting);
    host.advance(*session, 99ms);
    EXPECT_FALSE(waiting.outcome);
    host.advance(*session, 1ms);
    EXPECT_EQ(waiting.payload, "6");
  }
}

TEST_F(UpgradeTest, PacketsSentDuringTheProbeUsePolling) {
  session->start_probe(socket);
  receive("2probe");
  send("during");
  EXPECT_EQ(socket.sent, (Messages{"3probe"}));
  EXPECT_EQ(poll(), "4during");
}

TEST_F(UpgradeTest, TheQueueIsFlushedInOrderWithAttachments) {
  session->start_probe(socket);
  receive("2probe");
  send("a");
  send("b", {share("1"), share("2")});
  receive("5");
  send("c");
  EXPECT_EQ(socket.sent, (Messages{"3probe", "4a", "4b", "b:1", "b:2", "4c"}));
}

TEST_F(UpgradeTest, AFailedProbeLosesNothing) {
  FakePoll waiting;
  session->start_poll(waiting);
  session->start_probe(socket);
  receive("2probe");
  send("kept");
  receive("rubbish");
  EXPECT_TRUE(socket.close_code);
  EXPECT_FALSE(session->is_upgrading());
  EXPECT_TRUE(session->is_open());
  EXPECT_EQ(poll(), "4kept");
}

TEST_F(UpgradeTest, ABinaryMessageIsNotAProbe) {
  session->start_probe(socket);
  session->receive_websocket(socket, MessageKind::binary, "2probe");
  EXPECT_TRUE(socket.sent.empty());
  EXPECT_TRUE(socket.close_code);
  EXPECT_TRUE(record.messages.empty());
  EXPECT_TRUE(session->is_open());
}

TEST_F(UpgradeTest, AProbeThatClosesLosesNothing) {
  session->start_probe(socket);
  receive("2probe");
  send("kept");
  session->websocket_closed(socket);
  EXPECT_TRUE(session->is_open());
  EXPECT_EQ(poll(), "4kept");
  FakePoll waiting;
  session->start_poll(waiting);
  host.advance(*session, 1s);
  EXPECT_FALSE(waiting.outcome);
}

TEST_F(UpgradeTest, AnAbandonedProbeIsDroppedAfterTheUpgradeTimeout) {
  session->start_probe(socket);
  receive("2probe");
  host.advance(*session, 9'999ms);
  EXPECT_FALSE(socket.close_code);
  host.advance(*session, 1ms);
  EXPECT_TRUE(socket.close_code);
  EXPECT_TRUE(session->is_open());
  FakeWebSocket second;
  session->start_probe(second);
  session->receive_websocket(second, MessageKind::text, "2probe");
  session->receive_websocket(second, MessageKind::text, "5");
  EXPECT_FALSE(session->is_polling());
}

TEST_F(UpgradeTest, AnUpgradeWithoutAProbeIsRefused) {
  session->start_probe(socket);
  receive("5");
  EXPECT_TRUE(session->is_polling());
  EXPECT_TRUE(socket.close_code);
}

TEST_F(UpgradeTest, TheEndOfTheSessionClosesTheProbe) {
  session->start_probe(socket);
  session->shut_down();
  EXPECT_TRUE(socket.close_code);
}

// A JavaScript client stops polling after a noop, and would wait for the WebSocket.
TEST_F(UpgradeTest, ShutDownDuringAProbeAnswersAWaitingPollWithAClosePacket) {
  FakePoll waiting;
  session->start_probe(socket);
  session->start_poll(waiting);
  session->shut_down();
  EXPECT_EQ(waiting.payload, "1");
}

// A client that has received "3probe" does not poll until the end of its upgrade.
TEST_F(UpgradeTest, ASessionClosedDuringAProbeSendsTheCloseOnTheWebSocket) {
  session->start_probe(socket);
  receive("2probe");
  send("last");
  session->close(CloseReason::server_close);
  EXPECT_EQ(record.closed, CloseReason::server_close);
  EXPECT_FALSE(socket.close_code);
  receive("5");
  EXPECT_EQ(socket.sent, (Messages{"3probe", "4last"}));
  EXPECT_EQ(socket.close_code, no_close_code);
  EXPECT_TRUE(host.ended);
}

TEST_F(UpgradeTest, ASessionClosedDuringAProbeMaySendTheCloseOnPollingFirst) {
  session->start_probe(socket);
  receive("2probe");
  session->close(CloseReason::server_close);
  EXPECT_EQ(poll(), "1");
  EXPECT_EQ(socket.close_code, no_close_code);
  EXPECT_TRUE(host.ended);
}

TEST_F(UpgradeTest, AProbeDoesNotKeepAClosedSessionAlive) {
  session->start_probe(socket);
  receive("2probe");
  session->close(CloseReason::server_close);
  host.advance(*session, 10s);
  EXPECT_EQ(socket.close_code, no_close_code);
  EXPECT_FALSE(host.ended);
  host.advance(*session, 20s);
  EXPECT_TRUE(host.ended);
}

TEST_F(UpgradeTest, AProbeThatDoesNotReadItsResponsesIsDropped) {
  session->start_probe(socket);
  receive("2probe");
  socket.buffered_bytes = 100'000;
  receive("2probe");
  EXPECT_EQ(socket.sent, (Messages{"3probe"}));
  EXPECT_EQ(socket.close_code, no_close_code);
  EXPECT_TRUE(session->is_open());
}

TEST_F(UpgradeTest, AProbeMayBeRepeated) {
  session->start_probe(socket);
  receive("2probe");
  receive("2probe");
  receive("5");
  EXPECT_EQ(socket.sent, (Messages{"3probe", "3probe"}));
  EXPECT_FALSE(session->is_polling());
}

TEST_F(UpgradeTest, APollThatWaitsAtTheUpgradeIsReleased) {
  session->start_probe(socket);
  receive("2probe");
  FakePoll waiting;
  session->start_poll(waiting);
  receive("5");
  EXPECT_EQ(waiting.payload, "6");
}

TEST_F(UpgradeTest, APausedSessionStaysPausedOnItsWebSocket) {
  session->start_probe(socket);
  receive("2probe");
  FakePost request;
  session->start_post(request);
  session->receive_post(request, MessageKind::text,
                        "4pause\x1e"
                        "4rest");
  receive("5");
  EXPECT_TRUE(socket.paused);
  session->resume_reading();
  EXPECT_EQ(record.messages, (Messages{"pause", "rest"}));
  EXPECT_EQ(request.outcome, HttpOutcome::ok);
  EXPECT_FALSE(socket.paused);
}

TEST_F(UpgradeTest, APongMayArriveOnTheNewTransport) {
  FakePoll waiting;
  session->start_poll(waiting);
  host.advance(*session, 25s);
  ASSERT_EQ(waiting.payload, "2");
  session->start_probe(socket);
  receive("2probe");
  receive("5");
  receive("3");
  host.advance(*session, 24s);
  EXPECT_FALSE(record.closed);
}

// 300 numbered messages before, during and after an upgrade at a random moment, with polls at
// random moments.
TEST_F(UpgradeTest, EveryMessageArrivesOnceAndInOrder) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  for (int run = 0; run < 50; ++run) {
    restart();
    socket = {};
    socket.weight = 100'000;
    const auto probe_at = random() % 150;
    const auto upgrade_at = probe_at + random() % 150;
    std::string polled;
    const auto add = [&polled](const std::string& payload) {
      if (payload.empty()) return;
      polled += payload + '\x1e';
    };
    auto waiting = std::make_unique<FakePoll>();
    bool polling = true;
    session->start_poll(*waiting);
    for (unsigned i = 0; i < 300; ++i) {
      if (i == probe_at) {
        session->start_probe(socket);
        receive("2probe");
      }
      if (i == upgrade_at) {
        receive("5");
        add(waiting->payload);
        waiting->payload.clear();
        polling = false;
      }
      if (polling && waiting->outcome && random() % 3 == 0) {
        add(waiting->payload);
        waiting = std::make_unique<FakePoll>();
        session->start_poll(*waiting);
      }
      if (i % 10 == 0) {
        send(std::to_string(i), {share("att")});
      } else {
        send(std::to_string(i));
      }
      if (!polling && random() % 4 == 0) {
        socket.buffered_bytes = 0;
        session->drain_websocket(socket);
      }
    }
    for (int round = 0; round < 300; ++round) {
      socket.buffered_bytes = 0;
      session->drain_websocket(socket);
    }
    Messages got;
    PayloadReader reader(polled);
    while (const auto packet = reader.next()) {
      if (*packet != "6" && !packet->empty())
        got.emplace_back(is_binary(*packet) ? "att" : *packet);
    }
    for (const std::string& message : socket.sent) {
      if (message != "3probe") got.push_back(message == "b:att" ? "att" : message);
    }
    Messages expected;
    for (unsigned i = 0; i < 300; ++i) {
      expected.push_back("4" + std::to_string(i));
      if (i % 10 == 0) expected.emplace_back("att");
    }
    ASSERT_EQ(got, expected) << "run " << run;
  }
}

}  // namespace
}  // namespace sioserve::engine
