#include "socketio/parser/json_codec.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>

namespace sioserve::parser {
namespace {

const SocketIoConfig limits;
const JsonCodec codec{limits};

TEST(JsonCodecTest, WritesTheProtocolsExamples) {
  EXPECT_EQ(*codec.encode_connect("/", R"({"sid":"wZX3oN0bSVIhsaknAAAI"})").message,
            R"(40{"sid":"wZX3oN0bSVIhsaknAAAI"})");
  EXPECT_EQ(*codec.encode_connect("/admin", R"({"sid":"oSO0OpakMV_3jnilAAAA"})").message,
            R"(40/admin,{"sid":"oSO0OpakMV_3jnilAAAA"})");
  EXPECT_EQ(*codec.encode_connect_error("/", R"({"message":"Not authorized"})").message,
            R"(44{"message":"Not authorized"})");
  EXPECT_EQ(*codec.encode_connect_error("/admin", "{}").message, "44/admin,{}");
  EXPECT_EQ(*codec.encode_disconnect("/").message, "41");
  EXPECT_EQ(*codec.encode_disconnect("/admin").message, "41/admin,");
  EXPECT_EQ(*codec.encode_event("/", {R"(["foo"])", {}}, std::nullopt).message, R"(42["foo"])");
  EXPECT_EQ(*codec.encode_event("/admin", {R"(["bar"])", {}}, std::nullopt).message,
            R"(42/admin,["bar"])");
  EXPECT_EQ(*codec.encode_event("/", {R"(["foo"])", {}}, 12).message, R"(4212["foo"])");
  EXPECT_EQ(*codec.encode_event("/", {R"(["foo"])", {}}, 0).message, R"(420["foo"])");
  EXPECT_EQ(*codec.encode_ack("/admin", {"[]", {}}, 13).message, "43/admin,13[]");
}

TEST(JsonCodecTest, WritesAttachmentsAsSeparateMessages) {
  const std::string json = R"(["baz",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}])";
  EncodedPacket packet = codec.encode_event("/", {json, {"one", "two"}}, std::nullopt);
  EXPECT_EQ(*packet.message, "452-" + json);
  ASSERT_EQ(packet.attachments.size(), 2U);
  EXPECT_EQ(*packet.attachments[0], "one");
  EXPECT_EQ(*packet.attachments[1], "two");

  packet = codec.encode_ack("/admin", {R"([{"_placeholder":true,"num":0}])", {""}}, 456);
  EXPECT_EQ(*packet.message, R"(461-/admin,456[{"_placeholder":true,"num":0}])");
  ASSERT_EQ(packet.attachments.size(), 1U);
  EXPECT_EQ(*packet.attachments[0], "");
}

TEST(JsonCodecTest, ReservesExactlyWhatItWrites) {
  const EncodedPacket packet =
      codec.encode_event("/admin", {R"(["a long enough event name","x"])", {}}, 12345);
  EXPECT_EQ(packet.message->capacity(), packet.message->size());
}

TEST(JsonCodecTest, WritesTheGreatestAckId) {
  EXPECT_EQ(*codec.encode_ack("/", {"[]", {}}, 18'446'744'073'709'551'615U).message,
            "4318446744073709551615[]");
}

}  // namespace
}  // namespace sioserve::parser
