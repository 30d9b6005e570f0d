// The bytes in these tests are those that servers of socket.io 4.8.4 with createShardedAdapter() of
// @socket.io/redis-adapter 8.3.0 have sent.
#include "socketio/cluster/sharded_adapter_codec.h"

#include <gtest/gtest.h>

#include <string>
#include <variant>

using namespace std::string_literals;

namespace sioserve::socketio::cluster {
namespace {

const ShardedAdapterCodec codec;
const EncodedArgs hi_one{R"(["hi",1])", {}};

struct Publication {
  std::string channel;
  std::string payload;
};

Publication published(const Message& message, const std::string& asker = "") {
  return {codec.channel_for("/", message, asker), codec.encode({"42ccd9f04edce68f"}, "/", message)};
}

template <typename T>
T received(std::string_view payload) {
  const auto decoded = codec.decode(ChannelKind::messages, payload);
  if (!decoded || !std::holds_alternative<T>(decoded->message)) {
    ADD_FAILURE() << payload;
    return {};
  }
  EXPECT_EQ(decoded->sender, "42ccd9f04edce68f");
  EXPECT_EQ(decoded->name_space, "/");
  return std::get<T>(decoded->message);
}

TEST(ShardedAdapterCodec, writes_and_reads_a_broadcast_as_the_package_does) {
  const Publication made = published(Broadcast{{{"r1"}}, hi_one});
  EXPECT_EQ(made.channel, "socket.io#/#r1#");
  EXPECT_EQ(
      made.payload,
      R"({"type":3,"data":{"packet":{"type":2,"data":["hi",1]},"opts":{"rooms":["r1"],"except":[],"flags":{}}},"uid":"42ccd9f04edce68f","nsp":"/"})");
  EXPECT_EQ(received<Broadcast>(made.payload).args.json, hi_one.json);
  EXPECT_EQ(published(Broadcast{{{"r1", "r2"}}, hi_one}).channel, "socket.io#/#");
  EXPECT_EQ(published(Broadcast{{{"abcdefghijklmnopqrst"}}, hi_one}).channel, "socket.io#/#")
      << "as long as a client's id";
}

TEST(ShardedAdapterCodec, writes_bytes_as_messagepack) {
  const EncodedArgs args{R"(["hi",{"_placeholder":true,"num":0},{"b":null}])", {"\1\2\3"s}};
  const Publication made = published(Broadcast{{{"r1"}}, args});
  EXPECT_TRUE(
      made.payload.starts_with("\x84\xa4type\x03\xa4"
                               "data\x82\xa6packet\x82\xa4type\x02\xa4"
                               "data\x93\xa2hi\xc4\x03\x01\x02\x03\x81\xa1"
                               "b\xc0\xa4opts\x83\xa5rooms\x91\xa2r1\xa6"
                               "except\x90\xa5"
                               "flags\x80\xa3uid\xb0"s));
  const auto back = received<Broadcast>(made.payload);
  EXPECT_EQ(back.args.attachments, args.attachments);
}

TEST(ShardedAdapterCodec, writes_and_reads_requests_as_the_package_does) {
  const std::string end = R"(,"uid":"42ccd9f04edce68f","nsp":"/"})";
  const std::string options = R"({"opts":{"rooms":["r1"],"except":[],"flags":{}})";
  EXPECT_EQ(published(JoinRooms{{{"r1"}}, {"j1", "j2"}}).payload,
            R"({"type":4,"data":)" + options + R"(,"rooms":["j1","j2"]})" + end);
  EXPECT_EQ(published(FetchSockets{{{"r1"}}, "b435"}).payload,
            R"({"type":7,"data":)" + options + R"(,"requestId":"b435"})" + end);
  EXPECT_EQ(published(Disconnect{{{"r1"}}, DisconnectScope::session}).payload,
            R"({"type":6,"data":)" + options + R"(,"close":true})" + end);
  EXPECT_EQ(published(ServerSideEmit{{R"(["sse","a1"])", {}}}).payload,
            R"({"type":9,"data":{"packet":["sse","a1"]})" + end);
  EXPECT_EQ(
      received<LeaveRooms>(R"({"type":5,"data":)" + options + R"(,"rooms":["j1"]})" + end).rooms,
      std::vector<std::string>{"j1"});
  Broadcast asking{{}, {R"(["q"])", {}}};
  asking.request = "b4";
  asking.timeout = Milliseconds{900};
  EXPECT_EQ(
      published(asking).payload,
      R"({"type":3,"data":{"packet":{"type":2,"data":["q"]},"requestId":"b4","opts":{"rooms":[],"except":[],"flags":{"timeout":900}}})" +
          end);
}

TEST(ShardedAdapterCodec, sends_answers_to_the_server_that_has_asked) {
  const Publication count = published(ClientCount{"b4", 1}, "0123456789abcdef");
  EXPECT_EQ(count.channel, "socket.io#/#0123456789abcdef#");
  EXPECT_EQ(
      count.payload,
      R"({"type":11,"data":{"requestId":"b4","clientCount":1},"uid":"42ccd9f04edce68f","nsp":"/"})");
  EXPECT_EQ(received<ClientAnswer>(published(ClientAnswer{"b4", "v"}, "0").payload).value, "v");
  EXPECT_EQ(received<ServerSideAnswer>(published(ServerSideAnswer{"b4", "v"}, "0").payload).value,
            "v");
  EXPECT_EQ(
      received<FetchedSockets>(published(FetchedSockets{"b4", Json::array()}, "0").payload).request,
      "b4");
}

TEST(ShardedAdapterCodec, ignores_what_is_malformed) {
  for (const char* const text : {"", "{}", "\x80", R"({"type":3,"data":{},"uid":"a","nsp":"/"})",
                                 R"({"type":13,"data":{},"uid":"a","nsp":"/"})",
                                 R"({"type":4,"data":1,"uid":"a","nsp":"/"})",
                                 R"({"type":9,"data":{"packet":["e"]},"nsp":"/"})"}) {
    EXPECT_FALSE(codec.decode(ChannelKind::messages, text)) << text;
  }
}

TEST(ShardedAdapterCodec, numbers_messages) {
  const std::string made = codec.encode({"42ccd9f04edce68f", 7}, "/", JoinRooms{{}, {"r"}});
  EXPECT_TRUE(made.ends_with(R"("nsp":"/","seq":7})")) << made;
  EXPECT_EQ(codec.decode(ChannelKind::messages, made)->number, 7U);
  const Broadcast bytes{{}, {R"(["b",{"_placeholder":true,"num":0}])", {"\x01"}}};
  const std::string binary = codec.encode({"42ccd9f04edce68f", 300}, "/", bytes);
  EXPECT_EQ(codec.decode(ChannelKind::messages, binary)->number, 300U);
}

}  // namespace
}  // namespace sioserve::socketio::cluster
