#include "socketio/parser/msgpack_codec.h"

#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "socketio/parser/json_tree.h"

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
  // An event as npm's client sends it: `id` is undefined, `options` is for the client's own use.
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
  EXPECT_EQ(to_tree(packet.data), json::array({"hi", json::binary({'x'})}));
}

TEST(MsgpackCodecTest, ReadsEveryType) {
  auto result = decode({{"type", 0}, {"nsp", "/a?x=1"}});
  ASSERT_TRUE(result);
  EXPECT_EQ((*result)->name_space, "/a");
  EXPECT_EQ(to_tree((*result)->data), json::object());
  result = decode({{"type", 0}, {"nsp", "/"}, {"data", {{"token", "x"}}}});
  ASSERT_TRUE(result);
  EXPECT_EQ(to_tree((*result)->data).dump(), R"({"token":"x"})");
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

TEST(MsgpackCodecTest, OfSeveralMembersWithOneNameTheLastOneCounts) {
  const auto result = MsgpackDecoder(limits).decode_binary(
      "\x85\xa4type\x00\xa4"
      "data\x91\xa1x\xa3nsp\xa1/\xa4"
      "data\x91\xa1y\xa4type\x02"s);
  ASSERT_TRUE(result && *result);
  EXPECT_EQ((*result)->type, PacketType::event);
  EXPECT_EQ((*result)->event, "y");
  EXPECT_EQ((*result)->data.payload, "\x91\xa1y");
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

std::string event_of(std::uint32_t count, std::string_view element) {
  std::string packet =
      "\x83\xa4type\x02\xa3nsp\xa1/\xa4"
      "data\xdd";
  for (const unsigned shift : {24U, 16U, 8U, 0U}) {
    packet += static_cast<char>(((count + 1) >> shift) & 0xff);
  }
  packet += "\xa1n";
  for (; count > 0; --count) packet += element;
  return packet;
}

TEST(MsgpackCodecTest, RefusesMessagesThatNeedFarMoreMemoryThanTheirSize) {
  std::string deep;
  for (int level = 0; level < 40; ++level) deep += "\x81\xa0";
  deep += '\x90';
  const std::string elements[] = {"\x80", "\x90", "\xa0", "\x81\xa0\xc0", deep};
  for (const std::string& element : elements) {
    const auto count = static_cast<std::uint32_t>(1'000'000 / element.size());
    const auto result = MsgpackDecoder(limits).decode_binary(event_of(count, element));
    ASSERT_FALSE(result) << testing::PrintToString(element);
    EXPECT_EQ(result.error(), DecodeError::too_many_values) << testing::PrintToString(element);
  }
}

TEST(MsgpackCodecTest, AcceptsMessagesOfRealClients) {
  const std::string elements[] = {"\x01",
                                  "\xc0",
                                  "\xcd\x01\x00",
                                  "\xa5words"s,
                                  "\x92\x01\x02"s,
                                  "\x82\xa1x\x01\xa1y\x02"s,
                                  "\x82\xa1x\xcd\x01\x00\xa1y\xcd\x01\x00"s};
  for (const std::string& element : elements) {
    const auto count = static_cast<std::uint32_t>(999'000 / element.size());
    EXPECT_TRUE(MsgpackDecoder(limits).decode_binary(event_of(count, element)))
        << testing::PrintToString(element);
  }
}

TEST(MsgpackCodecTest, CountsBytesAsAttachments) {
  const std::string elements[] = {"\xc4\x01x", "\xd4\x07x", "\xc7\x01\x00x"s};
  for (const std::string& element : elements) {
    EXPECT_TRUE(MsgpackDecoder(limits).decode_binary(event_of(10, element)));
    const auto result = MsgpackDecoder(limits).decode_binary(event_of(11, element));
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error(), DecodeError::too_many_attachments);
  }
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

TEST(MsgpackCodecTest, ReplacesPlaceholdersByBytes) {
  const json packet = sent(codec.encode_event(
      "/",
      {R"(["a",{"_placeholder":true,"num":0},{"b":[{"_placeholder":true,"num":1}]}])", {"one", ""}},
      3));
  EXPECT_EQ(packet["data"][1], json::binary({'o', 'n', 'e'}));
  EXPECT_EQ(packet["data"][2]["b"][0], json::binary({}));
}

TEST(MsgpackCodecTest, WritesIntegersOutsideTheRangeOfDouble) {
  const json packet =
      sent(codec.encode_event("/", {"[\"a\"," + std::string(400, '9') + "]", {}}, std::nullopt));
  EXPECT_TRUE(std::isinf(packet["data"][1].get<double>()));
}

// A client's data may contain an object that looks like a placeholder; it must not duplicate an
// attachment.
TEST(MsgpackCodecTest, InsertsEachAttachmentOnce) {
  const std::string placeholder = R"({"_placeholder":true,"num":0})";
  const auto packet = codec.encode_event(
      "/", {"[\"a\"," + placeholder + "," + placeholder + "]", {"bytes"}}, std::nullopt);
  const json data = sent(packet)["data"];
  EXPECT_TRUE(data[1].is_binary());
  EXPECT_TRUE(data[2].is_object());
}

}  // namespace
}  // namespace sioserve::parser
