#include "socketio/loopback/loopback_server.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace sioserve::socketio {
namespace {

struct LoopbackTest : testing::Test {
  int wakes = 0;
  Config config;
  std::optional<LoopbackServer> server;
  std::vector<Event> events;

  void start() {
    server.emplace(config, [this] { ++wakes; });
  }

  SocketId join(SessionId session) {
    server->receive(session, {MessageKind::text, "0"});
    server->take_events(events);
    const SocketId socket = get_message<SocketConnect>(events.back())->socket;
    server->post(SocketAccept{socket});
    server->take_sent(session);
    return socket;
  }

  std::vector<std::string> sent(SessionId session) {
    std::vector<std::string> texts;
    for (LoopbackMessage& message : server->take_sent(session)) {
      texts.push_back(std::move(message.data));
    }
    return texts;
  }
};

using Texts = std::vector<std::string>;

TEST_F(LoopbackTest, ACommandIsCarriedOutWhenItIsPosted) {
  start();
  const SessionId ann = server->open_session(), bob = server->open_session();
  const SocketId socket = join(ann);
  join(bob);
  server->post(SocketJoin{socket, "room"});
  wakes = 0;
  server->post(SocketBroadcast{"/", {"room"}, {}, {R"(["news",1])", {}}});
  EXPECT_GT(wakes, 0);
  EXPECT_EQ(sent(ann), Texts{R"(2["news",1])"});
  EXPECT_EQ(sent(bob), Texts{});
}

TEST_F(LoopbackTest, PingsAreAnsweredWhenTheTimeAdvances) {
  start();
  const SessionId session = server->open_session();
  join(session);
  server->advance(Milliseconds(3'600'000));
  EXPECT_TRUE(server->is_open(session));
}

TEST_F(LoopbackTest, AClientWithoutANamespaceIsClosedAfterTheConnectTimeout) {
  start();
  const SessionId session = server->open_session();
  server->advance(config.engine_io.connect_timeout - Milliseconds(1));
  EXPECT_TRUE(server->is_open(session));
  server->advance(Milliseconds(1));
  EXPECT_FALSE(server->is_open(session));
}

TEST_F(LoopbackTest, UnreadMessagesAreQueued) {
  config.socket_io.max_events_in_flight = 2;
  start();
  const SessionId session = server->open_session();
  const SocketId socket = join(session);
  for (int i = 0; i < 9; ++i) server->receive(session, {MessageKind::text, R"(2["x"])"});
  server->take_events(events);
  EXPECT_LT(events.size(), 9U);
  server->post(SocketEventsDone{socket, 1});
  server->take_events(events);
  EXPECT_EQ(events.size(), 1U);
}

TEST_F(LoopbackTest, AQuestionIsAnsweredAfterTheCommandsBeforeIt) {
  start();
  const SocketId socket = join(server->open_session());
  server->post(SocketJoin{socket, "room"});
  const QuestionId question = server->ask(RoomsOfSocket{socket});
  server->post(SocketLeave{socket, "room"});
  const Answer answer = server->answers().wait(question);
  EXPECT_EQ(std::get<RoomsOfSocket::Answer>(answer), (std::vector<std::string>{"room"}));
}

TEST_F(LoopbackTest, ADisconnectIsReported) {
  start();
  const SessionId session = server->open_session();
  join(session);
  server->close_session(session);
  server->take_events(events);
  EXPECT_EQ(get_message<SocketDisconnect>(events.at(0))->reference_reason, "transport close");
  EXPECT_FALSE(server->is_open(session));
  server->receive(session, {MessageKind::text, R"(2["x"])"});
  server->take_events(events);
  EXPECT_TRUE(events.empty());
}

}  // namespace
}  // namespace sioserve::socketio
