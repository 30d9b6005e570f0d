#include "socketio/engine/payload.h"

#include <gtest/gtest.h>

#include <vector>

#include "socketio/engine/packet.h"

namespace sioserve::engine {
namespace {

std::vector<std::string> read_all(std::string body) {
  PayloadReader reader(std::move(body));
  std::vector<std::string> packets;
  while (const auto packet = reader.next()) packets.emplace_back(*packet);
  return packets;
}

TEST(Payload, IsSplitAtRecordSeparators) {
  using Packets = std::vector<std::string>;
  EXPECT_EQ(read_all("4hello"), (Packets{"4hello"}));
  EXPECT_EQ(read_all("4hello\x1e"
                     "3\x1e"
                     "bAQID"),
            (Packets{"4hello", "3", "bAQID"}));
  EXPECT_EQ(read_all(""), (Packets{""}));
  EXPECT_EQ(read_all("4\x1e"), (Packets{"4", ""}));
  EXPECT_EQ(read_all("\x1e\x1e"), (Packets{"", "", ""}));
}

TEST(Payload, CarriesBinaryAsBase64) {
  const std::string bytes("\x00\xff\x1e", 3);
  std::string payload;
  append_to_payload(payload, MessageKind::text, "4a");
  append_to_payload(payload, MessageKind::binary, bytes);
  EXPECT_EQ(payload,
            "4a\x1e"
            "bAP8e");
  const auto packets = read_all(payload);
  ASSERT_TRUE(is_binary(packets[1]));
  EXPECT_EQ(decode_binary(packets[1]), bytes);
  EXPECT_EQ(decode_binary("b"), "");
}

TEST(Payload, AcceptsBase64WithLineBreaks) {
  EXPECT_EQ(decode_binary("bAAEC/w==\n"), std::string("\x00\x01\x02\xff", 4));
  EXPECT_EQ(decode_binary("bAAEC\r\n/w==\r\n"), std::string("\x00\x01\x02\xff", 4));
  EXPECT_EQ(decode_binary("b\n"), "");
}

TEST(Payload, AcceptsBase64WithoutPaddingAndForUrls) {
  EXPECT_EQ(decode_binary("bAQI"), "\x01\x02");
  EXPECT_EQ(decode_binary("bAQ"), "\x01");
  EXPECT_EQ(decode_binary("bAQ ID"), "\x01\x02\x03");
  EXPECT_EQ(decode_binary("b_-8="), "\xff\xef");
}

TEST(Payload, RefusesInvalidBase64) {
  for (const char* packet :
       {"bA", "bAQIDA", "b*QID", "bAQID=", "bA===", "b=", "bA=Q=", "b\xff\xff\xff\xff"}) {
    EXPECT_EQ(decode_binary(packet), std::nullopt) << packet;
  }
}

TEST(Packet, HasOneOfSevenTypes) {
  for (char type = '0'; type <= '6'; ++type) {
    const std::string text = type + std::string("data");
    const auto packet = decode_packet(text);
    ASSERT_TRUE(packet) << type;
    EXPECT_EQ(static_cast<char>(packet->type), type);
    EXPECT_EQ(packet->data, "data");
  }
  for (const char* text : {"", "7", "8x", "a", "b", "-", " 4", "\xff"}) {
    EXPECT_FALSE(decode_packet(text)) << text;
  }
}

}  // namespace
}  // namespace sioserve::engine
