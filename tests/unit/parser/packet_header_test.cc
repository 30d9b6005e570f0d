#include <gtest/gtest.h>

#include <string>

#include "socketio/parser/json_codec.h"

namespace sioserve::parser {
namespace {

TEST(PacketHeaderTest, SplitsAllParts) {
  const auto header = read_header(R"(52-/admin,456["a"])", SocketIoConfig{});
  ASSERT_TRUE(header);
  EXPECT_EQ(header->type, PacketType::event);
  EXPECT_EQ(header->attachments, 2U);
  EXPECT_EQ(header->name_space, "/admin");
  EXPECT_EQ(header->ack_id, 456U);
  EXPECT_EQ(header->payload, R"(["a"])");
}

TEST(PacketHeaderTest, AbsentPartsAreEmpty) {
  const auto header = read_header(R"(2["/a,1-"])", SocketIoConfig{});
  ASSERT_TRUE(header);
  EXPECT_EQ(header->attachments, std::nullopt);
  EXPECT_EQ(header->name_space, "/");
  EXPECT_EQ(header->ack_id, std::nullopt);
  EXPECT_EQ(header->payload, R"(["/a,1-"])");
}

TEST(PacketHeaderTest, AcceptsTheGreatestAckIdOfNineteenDigits) {
  const auto header = read_header("39999999999999999999[]", SocketIoConfig{});
  ASSERT_TRUE(header);
  EXPECT_EQ(header->ack_id, 9'999'999'999'999'999'999U);
}

// For each prefix of a packet: a result or an error, and only views into the input.
TEST(PacketHeaderTest, HandlesEveryPrefixOfAPacket) {
  const std::string message = R"(59-/日本?q=1,18["a"])";
  for (std::size_t length = 0; length <= message.size(); ++length) {
    const std::string prefix = message.substr(0, length);
    const auto header = read_header(prefix, SocketIoConfig{});
    if (!header) continue;
    EXPECT_GE(header->payload.data(), prefix.data());
    EXPECT_LE(header->payload.data() + header->payload.size(), prefix.data() + prefix.size());
  }
}

}  // namespace
}  // namespace sioserve::parser
