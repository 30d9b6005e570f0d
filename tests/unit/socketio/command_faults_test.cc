#include "socketio/server/command_faults.h"

#include <gtest/gtest.h>

#include <string>

namespace sioserve::socketio {
namespace {

bool is_sent_as_event(const std::string& json) {
  const SocketId socket{1};
  const bool by_emit = !fault_of(Command(SocketIoCommand(SocketEmit{socket, {json, {}}, {}})));
  const bool by_broadcast =
      !fault_of(Command(SocketIoCommand(SocketBroadcast{"/", {}, {}, {json, {}}})));
  AskServers question{};
  question.topic = ClusterTopic::broadcast;
  question.args.json = json;
  const bool by_question = !fault_of(Command(ClusterCommand(question)));
  EXPECT_EQ(by_emit, by_broadcast);
  EXPECT_EQ(by_emit, by_question);
  return by_emit;
}

bool is_sent_as_answer(const std::string& json) {
  const bool by_ack = !fault_of(Command(SocketIoCommand(SocketAck{SocketId{1}, 1, {json, {}}})));
  EXPECT_EQ(by_ack, !fault_of(Command(ClusterCommand(AnswerServer{1, {json, {}}}))));
  return by_ack;
}

std::string nested(std::size_t depth) {
  return R"(["name",)" + std::string(depth - 1, '[') + std::string(depth - 1, ']') + "]";
}

TEST(CommandFaults, AnEventIsAnArrayWithAName) {
  EXPECT_TRUE(is_sent_as_event(R"(["name"])"));
  EXPECT_TRUE(is_sent_as_event(R"(["name",{"a":[1,2.5,null,true]},"b"])"));
  EXPECT_TRUE(is_sent_as_event(R"(["name",)" + std::string(400, '9') + "]"));
  for (const char* json : {"", "[", "[]", "{}", "null", "\"name\"", "[[]]", "[{}]", R"(["name")",
                           R"(["name"]])", R"(["name",])", "[\"\\ud8\"]"}) {
    EXPECT_FALSE(is_sent_as_event(json)) << json;
  }
}

TEST(CommandFaults, AnAnswerIsAnArray) {
  EXPECT_TRUE(is_sent_as_answer("[]"));
  EXPECT_TRUE(is_sent_as_answer(R"([[1],{"a":1}])"));
  for (const char* json : {"", "[", "{}", "1", "[1"}) EXPECT_FALSE(is_sent_as_answer(json)) << json;
}

TEST(CommandFaults, ValuesAreAsDeepAsTheBridgeMakesThem) {
  EXPECT_TRUE(is_sent_as_event(nested(200)));
  EXPECT_TRUE(is_sent_as_event(nested(max_sent_depth)));
  EXPECT_FALSE(is_sent_as_event(nested(max_sent_depth + 1)));
  EXPECT_FALSE(is_sent_as_event(std::string(15'000, '[')));
}

TEST(CommandFaults, NamesThatAreKeptHaveAMaximalLength) {
  const auto is_carried_out = [](auto command) {
    return !fault_of(Command(SocketIoCommand(std::move(command))));
  };
  EXPECT_TRUE(is_carried_out(SocketJoin{SocketId{1}, std::string(max_room_name, 'r')}));
  EXPECT_FALSE(is_carried_out(SocketJoin{SocketId{1}, std::string(max_room_name + 1, 'r')}));
  const std::string longest(max_namespace_name, 'n');
  EXPECT_TRUE(is_carried_out(AddNamespace{longest}));
  EXPECT_FALSE(is_carried_out(AddNamespace{longest + "n"}));
  EXPECT_TRUE(is_carried_out(WatchRooms{longest}));
  EXPECT_FALSE(is_carried_out(WatchRooms{longest + "n"}));
}

TEST(CommandFaults, ARefusalIsAnObject) {
  const auto is_sent = [](const std::string& json) {
    return !fault_of(Command(SocketIoCommand(SocketRefuse{SocketId{1}, json})));
  };
  EXPECT_TRUE(is_sent(R"({"message":"no"})"));
  for (const char* json : {"", "[]", "{", "null"}) EXPECT_FALSE(is_sent(json)) << json;
}

TEST(CommandFaults, OtherCommandsHaveNone) {
  EXPECT_FALSE(fault_of(Command(SocketIoCommand(SocketJoin{SocketId{1}, "room"}))));
  EXPECT_FALSE(fault_of(Command(HttpCommand(HttpFail{StreamId{1}}))));
}

}  // namespace
}  // namespace sioserve::socketio
