#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "server/base/json.h"
#include "socketio/parser/json_codec.h"
#include "socketio/parser/json_tree.h"

namespace sioserve::parser {
namespace {

const SocketIoConfig defaults;

using json = Json;
using namespace std::string_literals;

json binary(std::string_view bytes) {
  return json::binary(json::binary_t::container_type(bytes.begin(), bytes.end()));
}

// For a packet without attachments.
Packet decode(std::string_view message) {
  JsonDecoder decoder{defaults};
  auto result = decoder.decode_text(message);
  if (!result || !*result) {
    ADD_FAILURE() << message << ": " << (result ? "incomplete" : describe(result.error()));
    return {};
  }
  return std::move(**result);
}

struct Refusal {
  std::string message;
  DecodeError error;
};

// tests/support/refusals.json has the packets that the protocol's rules refuse.
void expect_refused(const std::vector<Refusal>& refusals,
                    const SocketIoConfig& limits = SocketIoConfig{}) {
  for (const Refusal& refusal : refusals) {
    JsonDecoder decoder{limits};
    const auto result = decoder.decode_text(refusal.message);
    const std::string shown = refusal.message.substr(0, 80);
    if (result) {
      ADD_FAILURE() << shown << " was accepted";
    } else {
      EXPECT_EQ(result.error(), refusal.error) << shown << ": " << describe(result.error());
    }
  }
}

TEST(JsonDecoderTest, ReadsTheProtocolsExamples) {
  Packet packet = decode("0");
  EXPECT_EQ(packet.type, PacketType::connect);
  EXPECT_EQ(packet.name_space, "/");
  EXPECT_EQ(to_tree(packet.data), json::object());

  packet = decode("0/admin,");
  EXPECT_EQ(packet.type, PacketType::connect);
  EXPECT_EQ(packet.name_space, "/admin");
  EXPECT_EQ(to_tree(packet.data), json::object());

  packet = decode(R"(0/admin,{"sid":"oSO0OpakMV_3jnilAAAA"})");
  EXPECT_EQ(packet.name_space, "/admin");
  EXPECT_EQ(to_tree(packet.data), (json{{"sid", "oSO0OpakMV_3jnilAAAA"}}));

  packet = decode(R"(0{"token":"123"})");
  EXPECT_EQ(to_tree(packet.data), (json{{"token", "123"}}));

  packet = decode("1");
  EXPECT_EQ(packet.type, PacketType::disconnect);
  EXPECT_EQ(packet.name_space, "/");
  EXPECT_EQ(packet.data.payload, "");

  packet = decode("1/admin,");
  EXPECT_EQ(packet.type, PacketType::disconnect);
  EXPECT_EQ(packet.name_space, "/admin");

  packet = decode(R"(2["foo"])");
  EXPECT_EQ(packet.type, PacketType::event);
  EXPECT_EQ(packet.name_space, "/");
  EXPECT_EQ(packet.ack_id, std::nullopt);
  EXPECT_EQ(to_tree(packet.data), json::array({"foo"}));

  packet = decode(R"(2/admin,["bar"])");
  EXPECT_EQ(packet.name_space, "/admin");
  EXPECT_EQ(to_tree(packet.data), json::array({"bar"}));

  packet = decode(R"(212["foo"])");
  EXPECT_EQ(packet.ack_id, 12U);
  EXPECT_EQ(to_tree(packet.data), json::array({"foo"}));

  packet = decode("3/admin,13[]");
  EXPECT_EQ(packet.type, PacketType::ack);
  EXPECT_EQ(packet.name_space, "/admin");
  EXPECT_EQ(packet.ack_id, 13U);
  EXPECT_EQ(to_tree(packet.data), json::array());

  packet = decode(R"(4{"message":"Not authorized"})");
  EXPECT_EQ(packet.type, PacketType::connect_error);
}

TEST(JsonDecoderTest, CollectsTheAttachmentsOfPlaceholders) {
  JsonDecoder decoder{defaults};
  auto result = decoder.decode_text(R"(51-["baz",{"_placeholder":true,"num":0}])");
  ASSERT_TRUE(result);
  ASSERT_FALSE(*result);
  result = decoder.decode_binary("\x01\x02\x03");
  ASSERT_TRUE(result);
  ASSERT_TRUE(*result);
  EXPECT_EQ((*result)->type, PacketType::event);
  EXPECT_EQ(to_tree((*result)->data), json::array({"baz", binary("\x01\x02\x03")}));

  result = decoder.decode_text(R"(61-15["bar",{"_placeholder":true,"num":0}])");
  ASSERT_TRUE(result);
  ASSERT_FALSE(*result);
  result = decoder.decode_binary("");
  ASSERT_TRUE(result);
  ASSERT_TRUE(*result);
  EXPECT_EQ((*result)->type, PacketType::ack);
  EXPECT_EQ((*result)->ack_id, 15U);
  EXPECT_EQ(to_tree((*result)->data), json::array({"bar", binary("")}));
}

TEST(JsonDecoderTest, AcceptsPlaceholdersAnywhereInAnyOrder) {
  JsonDecoder decoder{defaults};
  auto result = decoder.decode_text(
      R"(52-/admin,7["e",{"deep":[{"b":{"num":1,"_placeholder":true}}]},{"_placeholder":true,"num":0}])");
  ASSERT_TRUE(result);
  ASSERT_FALSE(*result);
  result = decoder.decode_binary("zero\0"s);
  ASSERT_TRUE(result);
  ASSERT_FALSE(*result);
  // The incomplete packet survives a move of the decoder.
  JsonDecoder moved = std::move(decoder);
  result = moved.decode_binary("one");
  ASSERT_TRUE(result);
  ASSERT_TRUE(*result);
  EXPECT_EQ((*result)->name_space, "/admin");
  EXPECT_EQ((*result)->ack_id, 7U);
  EXPECT_EQ(
      to_tree((*result)->data),
      json::array({"e", {{"deep", json::array({{{"b", binary("one")}}})}}, binary("zero\0"s)}));
}

// In JSON.parse, which other clients and the reference server use, the last one counts.
TEST(JsonDecoderTest, OfSeveralMembersWithOneNameTheLastMakesAPlaceholder) {
  const auto accepts = [](const std::string& object) {
    JsonDecoder decoder{defaults};
    return bool(decoder.decode_text("51-[\"a\"," + object + "]"));
  };
  JsonDecoder decoder{defaults};
  ASSERT_TRUE(
      decoder.decode_text(R"(51-["a",{"num":7,"_placeholder":0,"num":0,"_placeholder":true}])"));
  const auto result = decoder.decode_binary("bytes");
  ASSERT_TRUE(result && *result);
  EXPECT_EQ(to_tree((*result)->data), json::array({"a", binary("bytes")}));
  EXPECT_TRUE(accepts(R"({"_placeholder":true,"num":7,"_placeholder":false})"));
  EXPECT_FALSE(accepts(R"({"_placeholder":false,"num":7,"_placeholder":true})"));
  EXPECT_FALSE(accepts(R"({"_placeholder":true,"num":0,"num":[0]})"));
}

TEST(JsonDecoderTest, IgnoresPlaceholdersInsideAPlaceholder) {
  JsonDecoder decoder{defaults};
  ASSERT_TRUE(decoder.decode_text(
      R"(51-["a",{"x":[{"_placeholder":true,"num":5}],"_placeholder":true,"num":0}])"));
  const auto result = decoder.decode_binary("bytes");
  ASSERT_TRUE(result && *result);
  EXPECT_EQ(to_tree((*result)->data), json::array({"a", binary("bytes")}));
}

TEST(JsonDecoderTest, ReturnsTheNameOfAnEvent) {
  EXPECT_EQ(decode(R"(2["a\u0062",1])").event, "ab");
  EXPECT_EQ(decode(R"(2[""])").event, "");
  EXPECT_EQ(decode("2[7]").event, std::nullopt);
  EXPECT_EQ(decode(R"(31["a"])").data.payload, R"(["a"])");
}

TEST(JsonDecoderTest, KeepsThePayloadUnchanged) {
  const Packet packet = decode("2/chat,7[\"a\", 1.50,{\"b\" : 12345678901234567890123}] \n");
  EXPECT_EQ(packet.data.format, PayloadFormat::json);
  EXPECT_EQ(packet.data.payload, "[\"a\", 1.50,{\"b\" : 12345678901234567890123}]");
}

TEST(JsonDecoderTest, SeveralPlaceholdersMayNameOneAttachment) {
  JsonDecoder decoder{defaults};
  ASSERT_TRUE(decoder.decode_text(
      R"(52-["a",{"_placeholder":true,"num":1},{"_placeholder":true,"num":1}])"));
  ASSERT_TRUE(decoder.decode_binary("unnamed"));
  const auto packet = decoder.decode_binary("x");
  ASSERT_TRUE(packet && *packet);
  EXPECT_EQ((*packet)->data.attachments, (std::vector<std::string>{"", "x"}));
}

TEST(JsonDecoderTest, DropsAttachmentsWithoutAPlaceholder) {
  JsonDecoder decoder{defaults};
  ASSERT_TRUE(decoder.decode_text(R"(52-["a",{"_placeholder":true,"num":1}])"));
  ASSERT_TRUE(decoder.decode_binary("unnamed"));
  const auto result = decoder.decode_binary("named");
  ASSERT_TRUE(result);
  ASSERT_TRUE(*result);
  EXPECT_EQ(to_tree((*result)->data), json::array({"a", binary("named")}));
}

TEST(JsonDecoderTest, KeepsPlaceholderLookalikesOfPlainEvents) {
  EXPECT_EQ(to_tree(decode(R"(2["a",{"_placeholder":true,"num":0}])").data),
            json::array({"a", {{"_placeholder", true}, {"num", 0}}}));
}

TEST(JsonDecoderTest, StripsTheQueryOfANamespace) {
  EXPECT_EQ(decode("0/chat?token=1,").name_space, "/chat");
  EXPECT_EQ(to_tree(decode(R"(0/chat?token=1,{"a":1})").data), (json{{"a", 1}}));
  EXPECT_EQ(decode("0/?token=1").name_space, "/");
}

TEST(JsonDecoderTest, ANamespaceWithoutCommaEndsThePacket) {
  const Packet packet = decode("0/chat");
  EXPECT_EQ(packet.name_space, "/chat");
  EXPECT_EQ(to_tree(packet.data), json::object());
  EXPECT_EQ(decode("1/chat").name_space, "/chat");
}

TEST(JsonDecoderTest, AcceptsAnyEventNameThatIsNotReserved) {
  for (const char* name : {"", "error", "Connect", "connection", "日本", "a b", "toString"}) {
    const json data = json::array({name, 1});
    EXPECT_EQ(to_tree(decode("2" + data.dump()).data), data);
  }
  EXPECT_EQ(to_tree(decode("2[1,2]").data), json::array({1, 2}));
  EXPECT_EQ(to_tree(decode("2[1.5]").data), json::array({1.5}));
}

TEST(JsonDecoderTest, RefusesMalformedHeaders) {
  expect_refused({
      {"", DecodeError::empty},
      {"7", DecodeError::unknown_type},
      {R"(7["a"])", DecodeError::unknown_type},
      {R"(8["a"])", DecodeError::unknown_type},
      {R"(9["a"])", DecodeError::unknown_type},
      {"\0"s, DecodeError::unknown_type},
      {"a", DecodeError::unknown_type},
      {"-1", DecodeError::unknown_type},
      {"5", DecodeError::bad_attachment_count},
      {R"(5["a"])", DecodeError::bad_attachment_count},
      {R"(5-["a"])", DecodeError::bad_attachment_count},
      {"51", DecodeError::bad_attachment_count},
      {R"(51["a"])", DecodeError::bad_attachment_count},
      {R"(51.5-["a"])", DecodeError::bad_attachment_count},
      {R"(5-1-["a"])", DecodeError::bad_attachment_count},
      {R"(5999999999999999999999999999-["a"])", DecodeError::too_many_attachments},
      {R"(511-["a"])", DecodeError::too_many_attachments},
      {"0/a\nb,", DecodeError::bad_namespace},
      {"0/a\0b,"s, DecodeError::bad_namespace},
      {"0/\xff,", DecodeError::bad_namespace},
      {"0/\xed\xa0\x80,", DecodeError::bad_namespace},
      {"0/" + std::string(100'000, 'a'), DecodeError::bad_namespace},
      {"012", DecodeError::bad_ack_id},
      {"112", DecodeError::bad_ack_id},
      {"3[]", DecodeError::bad_ack_id},
      {"2" + std::string(20, '1') + R"(["a"])", DecodeError::bad_ack_id},
      {"2" + std::string(900'000, '1') + R"(["a"])", DecodeError::bad_ack_id},
  });
}

TEST(JsonDecoderTest, RefusesPayloadsThatDoNotFitTheType) {
  expect_refused({
      {"0[]", DecodeError::bad_payload},
      {"0null", DecodeError::bad_payload},
      {R"(0"token")", DecodeError::bad_payload},
      {"0/admin,[]", DecodeError::bad_payload},
      {"1{}", DecodeError::bad_payload},
      {"1/admin,[]", DecodeError::bad_payload},
      {"2", DecodeError::bad_payload},
      {"212", DecodeError::bad_payload},
      {"2/admin", DecodeError::bad_payload},
      {"2{}", DecodeError::bad_payload},
      {R"(2"foo")", DecodeError::bad_payload},
      {"2[]", DecodeError::bad_payload},
      {"2[null]", DecodeError::bad_payload},
      {"2[true]", DecodeError::bad_payload},
      {R"(2[["a"]])", DecodeError::bad_payload},
      {"31", DecodeError::bad_payload},
      {"31{}", DecodeError::bad_payload},
      {R"(31"a")", DecodeError::bad_payload},
      {R"(50-["a"])", DecodeError::bad_attachment_count},
      {R"(60-1[])", DecodeError::bad_attachment_count},
      {R"(500-["a"])", DecodeError::bad_attachment_count},
      {"61-1{}", DecodeError::bad_payload},
      {"0{", DecodeError::bad_json},
      {"2[", DecodeError::bad_json},
      {R"(2["a"]["b"])", DecodeError::bad_json},
      {R"(2["a"],)", DecodeError::bad_json},
      {R"(2/admin["a"])", DecodeError::bad_payload},  // everything is the namespace's name
  });
}

TEST(JsonDecoderTest, AppliesItsLimits) {
  SocketIoConfig limits;
  limits.max_event_name = 4;
  limits.max_json_depth = 3;
  limits.max_attachments = 1;
  expect_refused(
      {
          {R"(2["12345"])", DecodeError::event_name_too_long},
          {R"(2["a",[[[]]]])", DecodeError::too_deep},
          {R"(0{"a":{"b":{"c":{}}}})", DecodeError::too_deep},
          {"31[[[[]]]]", DecodeError::too_deep},
          {R"(52-["a"])", DecodeError::too_many_attachments},
      },
      limits);
  JsonDecoder decoder{limits};
  EXPECT_TRUE(decoder.decode_text(R"(2["1234",[[]]])"));
  EXPECT_TRUE(decoder.decode_text(R"(0{"a":{"b":{}}})"));
}

TEST(JsonDecoderTest, RefusesNestingThatWouldExhaustTheStack) {
  expect_refused({
      {R"(2["a",)" + std::string(900'000, '['), DecodeError::too_deep},
      {R"(51-["a",)" + std::string(400'000, '[') + std::string(400'000, ']') + "]",
       DecodeError::too_deep},
  });
}

std::string event_of(std::string_view element, std::size_t bytes) {
  std::string packet = R"(2["n")";
  while (packet.size() + element.size() + 2 < bytes) (packet += ',') += element;
  return packet + "]";
}

TEST(JsonDecoderTest, RefusesMessagesThatNeedFarMoreMemoryThanTheirSize) {
  const std::string deep = std::string(60, '[') + std::string(60, ']');
  expect_refused({
      {event_of("{}", 1'000'000), DecodeError::too_many_values},
      {event_of(deep, 1'000'000), DecodeError::too_many_values},
      {R"(0{"n":)" + event_of("{}", 1'000'000).substr(1) + "}", DecodeError::too_many_values},
      {"31" + event_of("{}", 1'000'000).substr(1), DecodeError::too_many_values},
  });
}

TEST(JsonDecoderTest, AcceptsMessagesOfRealClients) {
  for (const char* element :
       {"0", R"("a")", "[1,2]", R"({"x":1,"y":2})", "[]", R"([{"a":[null]}])"}) {
    EXPECT_TRUE(JsonDecoder(defaults).decode_text(event_of(element, 1'000'000))) << element;
  }
}

// CVE-2024-38355: an event called "error" ended the process.
TEST(JsonDecoderTest, AcceptsAnEventCalledError) {
  EXPECT_EQ(to_tree(decode(R"(2["error",{"a":1}])").data), json::array({"error", {{"a", 1}}}));
}

// CVE-2026-33151, CVE-2026-48804: attachments piled up without limit, also before CONNECT.
TEST(JsonDecoderTest, CollectsNoMoreAttachmentsThanItsLimit) {
  expect_refused({{R"(5100000-["a"])", DecodeError::too_many_attachments},
                  {R"(6100000-1["a"])", DecodeError::too_many_attachments}});

  JsonDecoder decoder{defaults};
  const auto first = decoder.decode_binary("there was no question");
  ASSERT_FALSE(first);
  EXPECT_EQ(first.error(), DecodeError::unexpected_binary);

  ASSERT_TRUE(decoder.decode_text(R"(51-["a"])"));
  ASSERT_TRUE(decoder.decode_binary("expected"));
  const auto second = decoder.decode_binary("one too many");
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error(), DecodeError::unexpected_binary);
}

TEST(JsonDecoderTest, RefusesTextWhileAttachmentsAreMissing) {
  JsonDecoder decoder{defaults};
  ASSERT_TRUE(decoder.decode_text(R"(51-["a",{"_placeholder":true,"num":0}])"));
  const auto result = decoder.decode_text(R"(2["b"])");
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error(), DecodeError::unexpected_text);
}

}  // namespace
}  // namespace sioserve::parser
