#include "socketio/parser/encoder.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>

namespace sioserve::parser {
namespace {

TEST(EncoderTest, WritesTheProtocolsExamples) {
  EXPECT_EQ(*encode_connect("/", "wZX3oN0bSVIhsaknAAAI").text,
            R"(40{"sid":"wZX3oN0bSVIhsaknAAAI"})");
  EXPECT_EQ(*encode_connect("/admin", "oSO0OpakMV_3jnilAAAA").text,
            R"(40/admin,{"sid":"oSO0OpakMV_3jnilAAAA"})");
  EXPECT_EQ(*encode_connect_error("/", R"({"message":"Not authorized"})").text,
            R"(44{"message":"Not authorized"})");
  EXPECT_EQ(*encode_connect_error("/admin", "{}").text, "44/admin,{}");
  EXPECT_EQ(*encode_disconnect("/").text, "41");
  EXPECT_EQ(*encode_disconnect("/admin").text, "41/admin,");
  EXPECT_EQ(*encode_event("/", {R"(["foo"])", {}}, std::nullopt).text, R"(42["foo"])");
  EXPECT_EQ(*encode_event("/admin", {R"(["bar"])", {}}, std::nullopt).text, R"(42/admin,["bar"])");
  EXPECT_EQ(*encode_event("/", {R"(["foo"])", {}}, 12).text, R"(4212["foo"])");
  EXPECT_EQ(*encode_event("/", {R"(["foo"])", {}}, 0).text, R"(420["foo"])");
  EXPECT_EQ(*encode_ack("/admin", {"[]", {}}, 13).text, "43/admin,13[]");
}

TEST(EncoderTest, WritesAttachmentsAsMessagesOfTheirOwn) {
  const std::string json = R"(["baz",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}])";
  EncodedPacket packet = encode_event("/", {json, {"one", "two"}}, std::nullopt);
  EXPECT_EQ(*packet.text, "452-" + json);
  ASSERT_EQ(packet.attachments.size(), 2U);
  EXPECT_EQ(*packet.attachments[0], "one");
  EXPECT_EQ(*packet.attachments[1], "two");

  packet = encode_ack("/admin", {R"([{"_placeholder":true,"num":0}])", {""}}, 456);
  EXPECT_EQ(*packet.text, R"(461-/admin,456[{"_placeholder":true,"num":0}])");
  ASSERT_EQ(packet.attachments.size(), 1U);
  EXPECT_EQ(*packet.attachments[0], "");
}

TEST(EncoderTest, ReservesExactlyWhatItWrites) {
  const EncodedPacket packet =
      encode_event("/admin", {R"(["a long enough event name","x"])", {}}, 12345);
  EXPECT_EQ(packet.text->capacity(), packet.text->size());
}

TEST(EncoderTest, WritesTheGreatestAckId) {
  EXPECT_EQ(*encode_ack("/", {"[]", {}}, 18'446'744'073'709'551'615U).text,
            "4318446744073709551615[]");
}

}  // namespace
}  // namespace sioserve::parser
