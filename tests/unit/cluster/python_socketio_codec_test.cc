// The texts in these tests are those that python-socketio 5.18.1 has sent.
#include "socketio/cluster/python_socketio_codec.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace sioserve::socketio::cluster {
namespace {

using Texts = std::vector<std::string>;

const PythonSocketIoCodec codec;
const std::string host = "204b204b204b204b204b204b204b204b";

template <typename T>
T received(std::string_view payload) {
  const auto decoded = codec.decode(ChannelKind::messages, payload);
  if (!decoded || !std::holds_alternative<T>(decoded->message)) {
    ADD_FAILURE() << payload;
    return {};
  }
  return std::get<T>(decoded->message);
}

std::string emit_of(std::string_view data, std::string_view rest = R"("room": null)") {
  return R"({"method": "emit", "event": "hi", "data": )" + std::string(data) +
         R"(, "binary": false, "namespace": "/", )" + std::string(rest) +
         R"(, "callback": null, "host_id": ")" + host + "\"}";
}

std::string written(const Message& message, const std::string& name_space = "/") {
  return codec.encode({host}, name_space, message);
}

TEST(PythonSocketIoCodec, reads_an_emit) {
  const auto decoded =
      codec.decode(ChannelKind::messages, emit_of("[1]", R"("room": "r", "skip_sid": ["a", "b"])"));
  ASSERT_TRUE(decoded);
  EXPECT_EQ(decoded->sender, host);
  EXPECT_EQ(decoded->name_space, "/");
  EXPECT_EQ(decoded->number, std::nullopt);
  const auto& broadcast = std::get<Broadcast>(decoded->message);
  EXPECT_EQ(broadcast.args.json, R"(["hi",1])");
  EXPECT_EQ(broadcast.target.rooms, Texts{"r"});
  EXPECT_EQ(broadcast.target.except, (Texts{"a", "b"}));
  EXPECT_FALSE(broadcast.request);
}

TEST(PythonSocketIoCodec, the_data_are_the_arguments) {
  EXPECT_EQ(received<Broadcast>(emit_of("[null]")).args.json, R"(["hi"])");
  EXPECT_EQ(received<Broadcast>(emit_of("[]")).args.json, R"(["hi"])");
  EXPECT_EQ(received<Broadcast>(emit_of(R"(["a", "b"])")).args.json, R"(["hi","a","b"])");
  EXPECT_EQ(received<Broadcast>(emit_of(R"([["a", "b"]])")).args.json, R"(["hi",["a","b"]])");
  EXPECT_EQ(received<Broadcast>(emit_of("7")).args.json, R"(["hi",7])");
}

TEST(PythonSocketIoCodec, reads_numbers_that_json_does_not_have) {
  EXPECT_EQ(received<Broadcast>(emit_of(R"([NaN, {"a": -Infinity}, "NaN \" Infinity"])")).args.json,
            R"(["hi",null,{"a":null},"NaN \" Infinity"])");
}

TEST(PythonSocketIoCodec, rooms_may_be_lists_and_numbers) {
  EXPECT_EQ(received<Broadcast>(emit_of("[1]", R"("room": ["a", 42])")).target.rooms,
            (Texts{"a", "42"}));
  EXPECT_EQ(received<Broadcast>(emit_of("[1]", R"("room": 42)")).target.rooms, Texts{"42"});
}

TEST(PythonSocketIoCodec, reads_and_writes_bytes) {
  const std::string text =
      R"({"method": "emit", "event": "b", "data": [[{"a": {"_placeholder": true, "num": 0}}], "AQI="], "binary": true, "namespace": "/chat", "room": null, "skip_sid": null, "callback": null, "host_id": "x"})";
  const auto broadcast = received<Broadcast>(text);
  EXPECT_EQ(broadcast.args.json, R"(["b",{"a":{"_placeholder":true,"num":0}}])");
  EXPECT_EQ(broadcast.args.attachments, Texts{"\x01\x02"});
  const auto again = received<Broadcast>(written(broadcast, "/chat"));
  EXPECT_EQ(again.args.json, broadcast.args.json);
  EXPECT_EQ(again.args.attachments, broadcast.args.attachments);
}

TEST(PythonSocketIoCodec, writes_as_the_package_does) {
  EXPECT_EQ(
      written(Broadcast{{{"r"}, {"x"}}, {R"(["hi",1])", {}}}),
      R"({"method":"emit","event":"hi","data":[1],"binary":false,"namespace":"/","room":"r","skip_sid":"x","callback":null,"host_id":")" +
          host + "\"}");
  EXPECT_EQ(written(JoinRooms{{{"sid"}}, {"r"}}, "/chat"),
            R"({"method":"enter_room","sid":"sid","room":"r","namespace":"/chat","host_id":")" +
                host + "\"}");
  EXPECT_EQ(written(Disconnect{{{"sid"}}, DisconnectScope::name_space}),
            R"({"method":"disconnect","sid":"sid","namespace":"/","host_id":")" + host + "\"}");
  Broadcast quick{{}, {R"(["hi"])", {}}};
  quick.delivery = Delivery::droppable;
  EXPECT_EQ(received<Broadcast>(written(quick)).delivery, Delivery::droppable);
  EXPECT_EQ(codec.decode(ChannelKind::messages, codec.encode({host, 7}, "/", quick))->number, 7U);
}

TEST(PythonSocketIoCodec, reads_changes_of_sockets) {
  const auto join = received<JoinRooms>(
      R"({"method": "enter_room", "sid": "s", "room": "r", "namespace": "/", "host_id": "x"})");
  EXPECT_EQ(join.target.rooms, Texts{"s"});
  EXPECT_EQ(join.rooms, Texts{"r"});
  const auto leave = received<LeaveRooms>(
      R"({"method": "close_room", "room": "r", "namespace": "/", "host_id": "x"})");
  EXPECT_EQ(leave.target.rooms, Texts{"r"});
  EXPECT_EQ(leave.rooms, Texts{"r"});
  const auto bye = received<Disconnect>(
      R"({"method": "disconnect", "sid": "s", "namespace": "/", "host_id": "x"})");
  EXPECT_EQ(bye.scope, DisconnectScope::name_space);
  EXPECT_EQ(received<Disconnect>(written(Disconnect{{{"s"}}, DisconnectScope::session})).scope,
            DisconnectScope::session);
}

TEST(PythonSocketIoCodec, answers_a_callback_of_python_socketio) {
  std::string asking = emit_of("[1]", R"("room": "s")");
  asking.replace(asking.find(R"("callback": null)"), 16, R"("callback": ["s", "/", 3])");
  const auto broadcast = received<Broadcast>(asking);
  ASSERT_TRUE(broadcast.request);
  EXPECT_EQ(codec.channel_for("/", ClientCount{*broadcast.request, 1}, host), "");
  const ClientAnswer answer{*broadcast.request, "yes"};
  EXPECT_EQ(codec.channel_for("/", answer, host), "socketio");
  EXPECT_EQ(codec.encode({"own"}, "/", answer),
            R"({"method":"callback","host_id":")" + host +
                R"(","sid":"s","namespace":"/","id":3,"args":["yes"]})");
}

TEST(PythonSocketIoCodec, names_of_requests_that_are_no_callback_go_to_servers_of_sioserve) {
  for (const char* name : {"[", "[]", "[1, 2, 3]", "[1, 2, 3, 4", "[1, 2, 3, 4, 5]"}) {
    const ClientAnswer answer{name, "yes"};
    EXPECT_NE(codec.channel_for("/", answer, host), "socketio") << name;
    EXPECT_NE(codec.encode({"own"}, "/", answer), "") << name;
  }
}

TEST(PythonSocketIoCodec, the_rest_goes_to_servers_of_sioserve) {
  const Message fetch = FetchSockets{{}, "q"};
  const std::string channel = codec.channel_for("/", fetch, "");
  EXPECT_EQ(channel, "socketio-sioserve-request#/#");
  EXPECT_EQ(codec.counted_channel("/"), channel);
  const auto decoded = codec.decode(ChannelKind::requests, written(fetch));
  ASSERT_TRUE(decoded);
  EXPECT_TRUE(std::holds_alternative<FetchSockets>(decoded->message));
  EXPECT_EQ(codec.channel_for("/", JoinRooms{{{"a", "b"}}, {"r"}}, ""), channel);
  EXPECT_EQ(codec.channel_for("/", JoinRooms{{}, {"r"}}, ""), channel);
  EXPECT_EQ(codec.channel_for("/", JoinRooms{{{"a"}}, {"r"}}, ""), "socketio");
}

TEST(PythonSocketIoCodec, ignores_what_is_malformed) {
  for (const char* const text :
       {"", "[]", "{}", "\x80\x04\x95", R"({"method": 1})", R"({"method": "dance"})",
        R"({"method": "emit"})", R"({"method": "emit", "event": 1, "data": []})",
        R"({"method": "emit", "event": "e", "data": [], "binary": true})",
        R"({"method": "emit", "event": "e", "data": [[], "%"], "binary": true})",
        R"({"method": "emit", "event": "e", "data": [], "room": {}})",
        R"({"method": "enter_room", "sid": "s"})", R"({"method": "leave_room", "room": "r"})",
        R"({"method": "close_room"})", R"({"method": "disconnect"})"}) {
    EXPECT_FALSE(codec.decode(ChannelKind::messages, text)) << text;
  }
}

}  // namespace
}  // namespace sioserve::socketio::cluster
