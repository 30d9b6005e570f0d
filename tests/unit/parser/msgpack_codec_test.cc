#include "socketio/parser/msgpack_codec.h"

#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

namespace sioserve::parser {
namespace {

using json = Json;
using namespace std::string_literals;

const SocketIoConfig limits;
const MsgpackCodec codec{limits};

Result<std::optional<Packet>, DecodeError> decode(const json& packet) {
  std::string bytes;
  json::to_msgpack(packet, bytes);
  return MsgpackDecoder(limits).decode_binary(std::move(bytes));
}

void expect_refused(const json& packet, DecodeError error) {
  const auto result = decode(packet);
  ASSERT_FALSE(result) << packet;
  EXPECT_EQ(result.error(), error) << packet << ": " << describe(result.error());
}

json sent(const EncodedPacket& packet) {
  EXPECT_EQ(packet.kind, MessageKind::binary);
  EXPECT_TRUE(packet.attachments.empty());
  return json::from_msgpack(*packet.message);
}

TEST(MsgpackCodecTest, ReadsPacketsOfTheClient) {
  // As npm's client sends an event: `id` is undefined, `options` is its own business.
  const auto result = MsgpackDecoder(limits).decode_binary(
      "\x85\xa4type\x02\xa4"
      "data\x92\xa2hi\xc4\x01x\xa7options\x81\xa8"
      "compress\xc3"
      "\xa2id\xd4\x00\x00\xa3nsp\xa5/chat"s);
  ASSERT_TRUE(result && *result);
  const Packet& packet = **result;
  EXPECT_EQ(packet.type, PacketType::event);
  EXPECT_EQ(packet.name_space, "/chat");
  EXPECT_EQ(packet.ack_id, std::nullopt);
  EXPECT_EQ(packet.data, json::array({"hi", json::binary({'x'})}));
}

TEST(MsgpackCodecTest, ReadsEveryType) {
  auto result = decode({{"type", 0}, {"nsp", "/a?x=1"}});
  ASSERT_TRUE(result);
  EXPECT_EQ((*result)->name_space, "/a");
  EXPECT_EQ((*result)->data, json::object());
  result = decode({{"type", 0}, {"nsp", "/"}, {"data", {{"token", "x"}}}});
  ASSERT_TRUE(result);
  EXPECT_EQ((*result)->data.dump(), R"({"token":"x"})");
  result = decode({{"type", 1}, {"nsp", "/"}});
  ASSERT_TRUE(result);
  EXPECT_EQ((*result)->type, PacketType::disconnect);
  result = decode({{"type", 3}, {"nsp", "/"}, {"id", 7}, {"data", json::array()}});
  ASSERT_TRUE(result);
  EXPECT_EQ((*result)->type, PacketType::ack);
  EXPECT_EQ((*result)->ack_id, 7U);
  result = decode({{"type", 2}, {"nsp", "/"}, {"data", json::array({5})}});
  EXPECT_TRUE(result) << "a number is an event's name too";
}

TEST(MsgpackCodecTest, HoldsTheRulesOfTextPackets) {
  const json event = {{"type", 2}, {"nsp", "/"}, {"data", json::array({"a"})}};
  ASSERT_TRUE(decode(event));
  const auto with = [&](const char* name, json value) {
    json changed = event;
    changed[name] = std::move(value);
    return changed;
  };
  const auto without = [&](const char* name) {
    json changed = event;
    changed.erase(name);
    return changed;
  };
  expect_refused("text", DecodeError::bad_msgpack);
  expect_refused(json::array({2, "/", json::array({"a"})}), DecodeError::bad_msgpack);
  for (const json& type : {json(5), json(6), json(-1), json(2.5), json("2"), json(nullptr)}) {
    expect_refused(with("type", type), DecodeError::unknown_type);
  }
  expect_refused(without("type"), DecodeError::unknown_type);
  for (const json& nsp :
       {json(""), json("chat"), json(1), json("/a\n"), json("/" + std::string(1024, 'a'))}) {
    expect_refused(with("nsp", nsp), DecodeError::bad_namespace);
  }
  expect_refused(without("nsp"), DecodeError::bad_namespace);
  for (const json& id : {json(-1), json(1.5), json("1"), json(nullptr), json(UINT64_MAX)}) {
    expect_refused(with("id", id), DecodeError::bad_ack_id);
  }
  expect_refused({{"type", 0}, {"nsp", "/"}, {"id", 1}}, DecodeError::bad_ack_id);
  expect_refused({{"type", 3}, {"nsp", "/"}, {"data", json::array()}}, DecodeError::bad_ack_id);
  for (const char* name : {"connect", "connect_error", "disconnect", "disconnecting", "newListener",
                           "removeListener"}) {
    expect_refused(with("data", json::array({name})), DecodeError::reserved_event);
  }
  expect_refused(with("data", json::array({std::string(1025, 'a')})),
                 DecodeError::event_name_too_long);
  for (const json& data :
       {json(nullptr), json(), json::array(), json::object(), json("a"),
        json::array({json::array()}), json::array({nullptr}), json::array({json::binary({'a'})})}) {
    expect_refused(with("data", data), DecodeError::bad_payload);
  }
  expect_refused(without("data"), DecodeError::bad_payload);
  expect_refused({{"type", 0}, {"nsp", "/"}, {"data", json::array()}}, DecodeError::bad_payload);
  expect_refused({{"type", 1}, {"nsp", "/"}, {"data", 1}}, DecodeError::bad_payload);
  expect_refused({{"type", 3}, {"nsp", "/"}, {"id", 1}, {"data", "a"}}, DecodeError::bad_payload);
}

TEST(MsgpackCodecTest, CountsDepthAsInText) {
  const auto nested = [](std::size_t levels) {
    json value = 1;
    for (; levels > 0; --levels) value = json::array({std::move(value)});
    return json{{"type", 2}, {"nsp", "/"}, {"data", json::array({"a", std::move(value)})}};
  };
  EXPECT_TRUE(decode(nested(limits.max_json_depth - 1)));
  expect_refused(nested(limits.max_json_depth), DecodeError::too_deep);
}

TEST(MsgpackCodecTest, RefusesText) {
  const auto result = MsgpackDecoder(limits).decode_text("0");
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error(), DecodeError::unexpected_text);
}

TEST(MsgpackCodecTest, WritesEveryType) {
  EXPECT_EQ(sent(codec.encode_connect("/", R"({"sid":"x"})")).dump(),
            R"({"type":0,"data":{"sid":"x"},"nsp":"/"})");
  EXPECT_EQ(sent(codec.encode_disconnect("/chat")).dump(), R"({"type":1,"nsp":"/chat"})");
  EXPECT_EQ(sent(codec.encode_connect_error("/", R"({"message":"no"})")).dump(),
            R"({"type":4,"data":{"message":"no"},"nsp":"/"})");
  EXPECT_EQ(
      sent(codec.encode_event("/", {R"(["a",{"b":[1.5,-1,null]}])", {}}, std::nullopt)).dump(),
      R"({"type":2,"data":["a",{"b":[1.5,-1,null]}],"nsp":"/"})");
  EXPECT_EQ(sent(codec.encode_ack("/", {"[]", {}}, 12)).dump(),
            R"({"type":3,"data":[],"id":12,"nsp":"/"})");
}

TEST(MsgpackCodecTest, PutsBytesInTheirPlaces) {
  const json packet = sent(codec.encode_event(
      "/",
      {R"(["a",{"_placeholder":true,"num":0},{"b":[{"_placeholder":true,"num":1}]}])", {"one", ""}},
      3));
  EXPECT_EQ(packet["data"][1], json::binary({'o', 'n', 'e'}));
  EXPECT_EQ(packet["data"][2]["b"][0], json::binary({}));
}

TEST(MsgpackCodecTest, WritesIntegersThatNoDoubleHolds) {
  const json packet =
      sent(codec.encode_event("/", {"[\"a\"," + std::string(400, '9') + "]", {}}, std::nullopt));
  EXPECT_TRUE(std::isinf(packet["data"][1].get<double>()));
}

// A client's data may hold what looks like one: sent on, it must not multiply an attachment.
TEST(MsgpackCodecTest, FillsInAnAttachmentOnce) {
  const std::string placeholder = R"({"_placeholder":true,"num":0})";
  const auto packet = codec.encode_event(
      "/", {"[\"a\"," + placeholder + "," + placeholder + "]", {"bytes"}}, std::nullopt);
  const json data = sent(packet)["data"];
  EXPECT_TRUE(data[1].is_binary());
  EXPECT_TRUE(data[2].is_object());
}

}  // namespace
}  // namespace sioserve::parser
