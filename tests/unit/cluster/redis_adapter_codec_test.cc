// The bytes in these tests are those that servers of socket.io 4.8.4 with @socket.io/redis-adapter
// 8.3.0, and @socket.io/redis-emitter 5.1.0, have sent.
#include "socketio/cluster/redis_adapter_codec.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>
#include <variant>

using namespace std::string_literals;

namespace sioserve::socketio::cluster {
namespace {

const RedisAdapterCodec codec;

struct Publication {
  std::string channel;
  std::string payload;
};

Publication published(const std::string& name_space, const Message& message) {
  return {codec.channel_for(name_space, message, ""),
          codec.encode({"OUfvNh"}, name_space, message)};
}

template <typename T>
T received(ChannelKind kind, std::string_view payload) {
  const auto decoded = codec.decode(kind, payload);
  EXPECT_TRUE(decoded) << payload;
  if (!decoded || !std::holds_alternative<T>(decoded->message)) {
    ADD_FAILURE() << "another message: " << payload;
    return {};
  }
  return std::get<T>(decoded->message);
}

bool is_ignored(ChannelKind kind, std::string_view payload) {
  return !codec.decode(kind, payload).has_value();
}

const EncodedArgs hi_one{R"(["hi",1])", {}};

const std::string packet_in_default =
    "\x83\xa4type\x02\xa4"
    "data\x92\xa2hi\x01\xa3nsp\xa1/"s;

TEST(RedisAdapterCodec, writes_a_broadcast_as_the_package_does) {
  const Publication all = published("/", Broadcast{{}, hi_one});
  EXPECT_EQ(all.channel, "socket.io#/#");
  EXPECT_EQ(all.payload, "\x93\xa6OUfvNh" + packet_in_default +
                             "\x83\xa5rooms\x90\xa6"
                             "except\x90\xa5"
                             "flags\x80"s);
}

TEST(RedisAdapterCodec, publishes_for_exactly_one_room_on_its_channel) {
  const Publication one = published("/", Broadcast{{{"r1"}, {"x"}}, hi_one});
  EXPECT_EQ(one.channel, "socket.io#/#r1#");
  EXPECT_NE(one.payload.find("\xa5rooms\x91\xa2r1\xa6"
                             "except\x91\xa1x"s),
            std::string::npos);
  const Publication two = published("/", Broadcast{{{"r1", "r2"}}, hi_one});
  EXPECT_EQ(two.channel, "socket.io#/#");
  EXPECT_NE(two.payload.find("\xa5rooms\x92\xa2r1\xa2r2"s), std::string::npos);
  EXPECT_EQ(published("/chat", Broadcast{{{"r1"}}, hi_one}).channel, "socket.io#/chat#r1#");
}

TEST(RedisAdapterCodec, names_a_room_with_a_whole_number_twice_because_node_has_two_such_rooms) {
  const Publication number = published("/", Broadcast{{{"42"}, {"-7"}}, hi_one});
  EXPECT_EQ(number.channel, "socket.io#/#42#");
  EXPECT_NE(number.payload.find("\xa5rooms\x92\xa2"
                                "42*\xa6"
                                "except\x92\xa2-7\xf9"s),
            std::string::npos);
  for (const char* const text : {"042", "-", "4.2", "-0", "12345678901234567890", "4a", ""}) {
    const Publication word = published("/", Broadcast{{{text}}, hi_one});
    EXPECT_NE(word.payload.find("\xa5rooms\x91"s), std::string::npos) << text;
  }
}

TEST(RedisAdapterCodec, writes_bytes_inside_the_event) {
  const EncodedArgs args{R"(["hi",{"_placeholder":true,"num":0},{"b":null}])", {"\1\2\3"s}};
  EXPECT_NE(published("/", Broadcast{{}, args})
                .payload.find("data\x93\xa2hi\xc4\x03\x01\x02\x03\x81\xa1"
                              "b\xc0"s),
            std::string::npos);
}

TEST(RedisAdapterCodec, writes_the_options_of_an_event) {
  EXPECT_TRUE(published("/", Broadcast{{}, hi_one, Delivery::droppable})
                  .payload.ends_with("\xa5"
                                     "flags\x81\xa8volatile\xc3"s));
  EXPECT_TRUE(published("/", Broadcast{{}, hi_one, Delivery::reliable, Compression::declined})
                  .payload.ends_with("\xa5"
                                     "flags\x81\xa8"
                                     "compress\xc2"s));
}

TEST(RedisAdapterCodec, reads_broadcasts_of_node) {
  const std::string payload = "\x93\xa6OUfvNh" + packet_in_default +
                              "\x83\xa5rooms\x91*\xa6"
                              "except\x91\xa1x\xa5"
                              "flags\x81\xa8volatile\xc3"s;
  const auto decoded = codec.decode(ChannelKind::messages, payload);
  ASSERT_TRUE(decoded);
  EXPECT_EQ(decoded->sender, "OUfvNh");
  EXPECT_EQ(decoded->name_space, "/");
  const auto& broadcast = std::get<Broadcast>(decoded->message);
  EXPECT_EQ(broadcast.args.json, R"(["hi",1])");
  EXPECT_EQ(broadcast.target.rooms, std::vector<std::string>{"42"}) << "a number";
  EXPECT_EQ(broadcast.target.except, std::vector<std::string>{"x"});
  EXPECT_EQ(broadcast.delivery, Delivery::droppable);
  EXPECT_FALSE(broadcast.request);
}

TEST(RedisAdapterCodec, reads_broadcasts_of_the_emitter) {
  const std::string payload =
      "\x93\xa7"
      "emitter"s +
      packet_in_default +
      "\x83\xa5rooms\x91\xa2r1\xa5"
      "flags\x80\xa6"
      "except\x90"s;
  const auto broadcast = received<Broadcast>(ChannelKind::messages, payload);
  EXPECT_EQ(broadcast.target.rooms, std::vector<std::string>{"r1"});
  const auto join = received<JoinRooms>(
      ChannelKind::requests, R"({"type":2,"opts":{"rooms":["r1"],"except":[]},"rooms":["j"]})");
  EXPECT_EQ(join.rooms, std::vector<std::string>{"j"});
  const auto emit = received<ServerSideEmit>(ChannelKind::requests,
                                             R"({"uid":"emitter","type":6,"data":["sse",1]})");
  EXPECT_EQ(emit.args.json, R"(["sse",1])");
}

std::string with_data(const std::string& value) {
  return "\x93\xa1u\x83\xa4type\x02\xa4"
         "data\x92\xa1"
         "e"s +
         value +
         "\xa3nsp\xa1/\x83\xa5rooms\x90\xa6"
         "except\x90\xa5"
         "flags\x80"s;
}

std::string read_value(const std::string& value) {
  return received<Broadcast>(ChannelKind::messages, with_data(value)).args.json;
}

TEST(RedisAdapterCodec, reads_values_that_json_does_not_have) {
  EXPECT_EQ(read_value("\xd6\xff\x00\x00\x00\x01"s), R"(["e","1970-01-01T00:00:01.000Z"])");
  // 500 ms in the upper 30 bits
  EXPECT_EQ(read_value("\xd7\xff\x77\x35\x94\x00\x00\x00\x00\x02"s),
            R"(["e","1970-01-01T00:00:02.500Z"])");
  EXPECT_EQ(read_value("\xc7\x0c\xff\x00\x00\x00\x00\xff\xff\xff\xff\xff\xff\xff\xff"s),
            R"(["e","1969-12-31T23:59:59.000Z"])");
  EXPECT_EQ(read_value("\xc7\x0c\xff\x00\x00\x00\x00\x7f\xff\xff\xff\xff\xff\xff\xff"s),
            R"(["e",null])")
      << "an invalid Date";
  EXPECT_EQ(read_value("\xc0"s), R"(["e",null])");
  EXPECT_EQ(read_value("\xcb\x7f\xf8\x00\x00\x00\x00\x00\x00"s), R"(["e",null])") << "NaN";
  EXPECT_EQ(read_value("\xcf\xff\xff\xff\xff\xff\xff\xff\xff"s), R"(["e",18446744073709551615])");
  const auto bytes = received<Broadcast>(ChannelKind::messages, with_data("\xc4\x02\x01\x02"s));
  EXPECT_EQ(bytes.args.json, R"(["e",{"_placeholder":true,"num":0}])");
  EXPECT_EQ(bytes.args.attachments, std::vector<std::string>{"\1\2"});
}

TEST(RedisAdapterCodec, keeps_numbers_on_the_way) {
  const EncodedArgs args{R"(["e",1.5,-3,9007199254740993,1e3,-9223372036854775808])", {}};
  const auto back =
      received<Broadcast>(ChannelKind::messages, published("/", Broadcast{{}, args}).payload);
  EXPECT_EQ(back.args.json, R"(["e",1.5,-3,9007199254740993,1000.0,-9223372036854775808])");
  // As JSON.parse() does in clients.
  const EncodedArgs huge{R"(["e",100000000000000000000])", {}};
  EXPECT_EQ(received<Broadcast>(ChannelKind::messages, published("/", Broadcast{{}, huge}).payload)
                .args.json,
            R"(["e",1e+20])");
}

TEST(RedisAdapterCodec, writes_requests_as_the_package_does) {
  const auto payload = [](const Message& message) { return published("/", message).payload; };
  EXPECT_EQ(payload(JoinRooms{{{"r1"}}, {"j1", "j2"}}),
            R"({"uid":"OUfvNh","type":2,"opts":{"rooms":["r1"],"except":[]},"rooms":["j1","j2"]})");
  EXPECT_EQ(payload(LeaveRooms{{{"r1"}}, {"j2"}}),
            R"({"uid":"OUfvNh","type":3,"opts":{"rooms":["r1"],"except":[]},"rooms":["j2"]})");
  EXPECT_EQ(payload(Disconnect{{{"j1"}}, DisconnectScope::session}),
            R"({"uid":"OUfvNh","type":4,"opts":{"rooms":["j1"],"except":[]},"close":true})");
  EXPECT_EQ(
      payload(FetchSockets{{{"r1"}}, "KqDqR0"}),
      R"({"uid":"OUfvNh","requestId":"KqDqR0","type":5,"opts":{"rooms":["r1"],"except":[]}})");
  EXPECT_EQ(payload(ListRooms{"4HNEa8"}), R"({"uid":"OUfvNh","requestId":"4HNEa8","type":1})");
  EXPECT_EQ(payload(ServerSideEmit{{R"(["sse","a1"])", {}}}),
            R"({"uid":"OUfvNh","type":6,"data":["sse","a1"]})");
  EXPECT_EQ(
      payload(ServerSideEmit{{R"(["s",{"_placeholder":true,"num":0}])", {"\1\2"}}, "0JHz2m"}),
      R"({"uid":"OUfvNh","requestId":"0JHz2m","type":6,"data":["s",{"type":"Buffer","data":[1,2]}]})");
  EXPECT_EQ(published("/chat", ListRooms{"4HNEa8"}).channel, "socket.io-request#/chat#");
}

TEST(RedisAdapterCodec, writes_a_broadcast_with_acknowledgement_as_the_package_does) {
  Broadcast broadcast{{}, {R"(["q",5])", {}}};
  broadcast.request = "cFbGU7";
  broadcast.timeout = Milliseconds{900};
  const Publication made = published("/", broadcast);
  EXPECT_EQ(made.channel, "socket.io-request#/#");
  const std::string bytes =
      "\x85\xa3uid\xa6OUfvNh\xa9requestId\xa6"
      "cFbGU7\xa4type\x07\xa6packet\x83\xa4type\x02\xa4"
      "data\x92\xa1q\x05\xa3nsp\xa1/\xa4opts\x83\xa5rooms\x90\xa6"
      "except\x90\xa5"
      "flags\x81\xa7timeout\xcd\x03\x84"s;
  EXPECT_EQ(made.payload, bytes);
  const auto back = received<Broadcast>(ChannelKind::requests, bytes);
  EXPECT_EQ(back.request, "cFbGU7");
  EXPECT_EQ(back.timeout, Milliseconds{900});
  EXPECT_EQ(back.args.json, R"(["q",5])");
}

TEST(RedisAdapterCodec, writes_and_reads_answers_as_the_package_does) {
  const auto made = [](const Message& message) {
    Publication publication = published("/", message);
    EXPECT_EQ(publication.channel, "socket.io-response#/#");
    return publication.payload;
  };
  EXPECT_EQ(made(FetchedSockets{"KqDqR0", Json::array({{{"id", "a"}}})}),
            R"({"requestId":"KqDqR0","sockets":[{"id":"a"}]})");
  EXPECT_EQ(made(ListedRooms{"4HNEa8", {"r1", "j1"}}),
            R"({"requestId":"4HNEa8","rooms":["r1","j1"]})");
  EXPECT_EQ(made(ServerSideAnswer{"0JHz2m", "sse-answer"}),
            R"({"type":6,"requestId":"0JHz2m","data":"sse-answer"})");
  EXPECT_EQ(made(ClientCount{"cFbGU7", 1}), R"({"type":8,"requestId":"cFbGU7","clientCount":1})");
  const std::string ack =
      "\x83\xa4type\t\xa9requestId\xa6"
      "cFbGU7\xa6packet\xa6"
      "ackval"s;
  EXPECT_EQ(made(ClientAnswer{"cFbGU7", "ackval"}), ack);

  EXPECT_EQ(received<ClientAnswer>(ChannelKind::answers, ack).value, "ackval");
  EXPECT_EQ(received<ClientCount>(ChannelKind::answers,
                                  R"({"type":8,"requestId":"cFbGU7","clientCount":3})")
                .clients,
            3U);
  EXPECT_EQ(received<FetchedSockets>(ChannelKind::answers, R"({"requestId":"a","sockets":[]})")
                .sockets.size(),
            0U);
  EXPECT_EQ(received<ServerSideAnswer>(ChannelKind::answers,
                                       R"({"type":6,"requestId":"a","data":{"b":1}})")
                .value,
            Json({{"b", 1}}));
}

TEST(RedisAdapterCodec, ignores_what_is_malformed) {
  const std::string good = "\x93\xa6OUfvNh" + packet_in_default +
                           "\x83\xa5rooms\x90\xa6"
                           "except\x90\xa5"
                           "flags\x80"s;
  for (std::size_t size = 0; size < good.size(); ++size) {
    EXPECT_TRUE(is_ignored(ChannelKind::messages, good.substr(0, size))) << size;
  }
  EXPECT_TRUE(is_ignored(ChannelKind::messages, good + "x"));
  EXPECT_TRUE(is_ignored(ChannelKind::messages, "\x80\x04\x95\x1a")) << "a pickle";
  EXPECT_TRUE(is_ignored(ChannelKind::messages, R"({"method": "emit", "event": "hi"})"));
  for (const char* const text :
       {"{", "{}", "[]", "null", R"({"type":99})", R"({"type":2})", R"({"type":2,"opts":{}})",
        R"({"type":2,"opts":{"rooms":[]},"rooms":"r"})",
        R"({"type":2,"opts":{"rooms":[{}]},"rooms":[]})", R"({"type":1})",
        R"({"type":5,"opts":{"rooms":[]}})", R"({"type":6,"data":[]})",
        R"({"type":6,"data":[NaN]})", R"({"type":8,"requestId":"a","clientCount":1})",
        R"({"type":-2})", R"({"type":"2"})"}) {
    EXPECT_TRUE(is_ignored(ChannelKind::requests, text)) << text;
  }
  for (const char* const text :
       {"{}", R"({"requestId":1})", R"({"requestId":"a"})", R"({"requestId":"a","type":8})",
        R"({"requestId":"a","sockets":1})"}) {
    EXPECT_TRUE(is_ignored(ChannelKind::answers, text)) << text;
  }
}

TEST(RedisAdapterCodec, subscribes_to_the_channels_of_a_namespace) {
  std::vector<std::string> names;
  for (const Channel& channel : codec.channels("/a[1]", "UID")) names.push_back(channel.name);
  EXPECT_EQ(names, (std::vector<std::string>{"socket.io#/a[1]#", "socket.io-request#/a[1]#",
                                             "socket.io-response#/a[1]#",
                                             "socket.io-response#/a[1]#UID#"}));
  EXPECT_EQ(codec.make_uid().size(), 6U);
}

TEST(RedisAdapterCodec, recognizes_broadcasts_of_a_server_by_their_first_bytes) {
  const std::string own = published("/", Broadcast{{{"r"}, {"x"}}, hi_one}).payload;
  EXPECT_TRUE(codec.is_written_by("OUfvNh", ChannelKind::messages, own));
  EXPECT_FALSE(codec.is_written_by("OUfvNi", ChannelKind::messages, own));
  EXPECT_FALSE(codec.is_written_by("OUfvN", ChannelKind::messages, own));
  EXPECT_FALSE(codec.is_written_by("OUfvNh", ChannelKind::messages, own.substr(0, 7)));
  EXPECT_FALSE(codec.is_written_by("OUfvNh", ChannelKind::messages, ""));
  Broadcast asking{{}, hi_one};
  asking.request = "q";
  EXPECT_FALSE(codec.is_written_by("OUfvNh", ChannelKind::requests, published("/", asking).payload))
      << "only decode() says it";
}

TEST(RedisAdapterCodec, numbers_broadcasts_and_requests) {
  const auto number_of = [](ChannelKind kind, const Message& message) {
    const std::string made = codec.encode({"OUfvNh", 300}, "/", message);
    EXPECT_NE(made.find("seq"), std::string::npos);
    return codec.decode(kind, made)->number;
  };
  EXPECT_EQ(number_of(ChannelKind::messages, Broadcast{{}, hi_one}), 300U);
  EXPECT_EQ(number_of(ChannelKind::requests, JoinRooms{{}, {"r"}}), 300U);
  EXPECT_EQ(number_of(ChannelKind::requests, ServerSideEmit{hi_one, "q"}), 300U);
  Broadcast asking{{}, hi_one};
  asking.request = "q";
  EXPECT_EQ(number_of(ChannelKind::requests, asking), 300U);
}

}  // namespace
}  // namespace sioserve::socketio::cluster
