#include <gtest/gtest.h>

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "socketio/engine/framing.h"
#include "tests/unit/engine/fakes.h"

namespace sioserve::engine {
namespace {

using namespace std::string_literals;
using Packets = std::vector<std::string>;

const Framing& bytes = framing_v3(BinaryForm::bytes);
const Framing& base64 = framing_v3(BinaryForm::base64);

// Binary messages as "b:" and their bytes; "!" for malformed input.
Packets read(MessageKind kind, std::string body) {
  const auto source = bytes.read_body(kind, std::move(body));
  Packets packets;
  while (!source->at_end()) {
    const auto packet = source->next();
    if (!packet) {
      packets.emplace_back("!");
      break;
    }
    packets.push_back((packet->kind == MessageKind::binary ? "b:" : "") + packet->bytes);
  }
  return packets;
}

Packets read_text(std::string body) { return read(MessageKind::text, std::move(body)); }
Packets read_binary(std::string body) { return read(MessageKind::binary, std::move(body)); }

Payload write(const Framing& framing, const std::vector<Message>& messages) {
  return framing.write_body(messages);
}

const Message text{MessageKind::text, share("4h\u00e9\U0001F600")};
const Message binary{MessageKind::binary, share("\x01\xff\x00"s)};

TEST(FramingV3, CountsTextInCodeUnits) {
  EXPECT_EQ(read_text("6:4hello1:2"), (Packets{"4hello", "2"}));
  EXPECT_EQ(read_text("5:4h\u00e9\U0001F600"
                      "1:3"),
            (Packets{"4h\u00e9\U0001F600", "3"}));
  EXPECT_EQ(write(base64, {text}).bytes, "5:4h\u00e9\U0001F600");
  EXPECT_EQ(read_text("2:\u20ac:"), (Packets{"\u20ac:"}));
}

TEST(FramingV3, CarriesBinaryInTextAsBase64) {
  EXPECT_EQ(read_text("6:b4Af8A"), (Packets{"b:\x01\xff\x00"s}));
  const Payload payload = write(base64, {text, binary});
  EXPECT_EQ(payload.kind, MessageKind::text);
  EXPECT_EQ(payload.bytes,
            "5:4h\u00e9\U0001F600"
            "6:b4Af8A");
}

TEST(FramingV3, CarriesBinaryAsBytes) {
  EXPECT_EQ(write(bytes, {text}).kind, MessageKind::text);
  const Payload payload = write(bytes, {text, binary});
  EXPECT_EQ(payload.kind, MessageKind::binary);
  EXPECT_EQ(payload.bytes, "\x00\x08\xff"s + *text.bytes + "\x01\x04\xff\x04\x01\xff\x00"s);
  EXPECT_EQ(read_binary(payload.bytes), (Packets{*text.bytes, "b:\x01\xff\x00"s}));
  const Message large{MessageKind::binary, share(std::string(1233, 'x'))};
  EXPECT_TRUE(write(bytes, {large}).bytes.starts_with("\x01\x01\x02\x03\x04\xff\x04x"));
}

TEST(FramingV3, RefusesMalformedText) {
  for (const std::string& body :
       {""s, "4hello"s, ":4"s, "5:4ab"s, "-1:4"s, "+1:4"s, " 1:4"s, "1e1:4"s, "0x1:4"s, "1:"s,
        "99999999999999999999:4"s, "18446744073709551615:4"s, "999999999:4"s, "1:\xff"s,
        "2:4\U0001F600"s, "1:\U0001F600"s, "6:b4Af8*"s, "3:b2A"s, "1:b"s}) {
    EXPECT_EQ(read_text(body), Packets{"!"}) << body;
  }
  EXPECT_EQ(read_text("1:2x"), (Packets{"2", "!"}));
  EXPECT_EQ(read_text("1:21"), (Packets{"2", "!"}));
  EXPECT_EQ(read_text("1:22:3"), (Packets{"2", "!"}));
}

TEST(FramingV3, RefusesMalformedBytes) {
  for (const std::string& body : {""s, "\x00"s, "\x00\x01"s, "\x00\xff"s,
                                  "\x00\x02\xff"
                                  "4"s,
                                  "\x02\x01\xff"
                                  "4"s,
                                  "\x00\x0a\xff"
                                  "4"s,
                                  "\x00"
                                  "1\xff"
                                  "4"s,
                                  "\x01\x00\xff"s, "\x01\x01\xff\x02"s, "\x00\x01\xff\xff"s,
                                  "\x00"s + std::string(400, '\x09') +
                                      "\xff"
                                      "4"s}) {
    EXPECT_EQ(read_binary(body), Packets{"!"}) << testing::PrintToString(body);
  }
  EXPECT_EQ(read_binary("\x00\x01\xff"
                        "2\x00"s),
            (Packets{"2", "!"}));
}

TEST(FramingV3, MarksBinaryOnWebSockets) {
  EXPECT_EQ(*bytes.write_websocket(binary).bytes, "\x04\x01\xff\x00"s);
  EXPECT_EQ(base64.write_websocket(binary).kind, MessageKind::text);
  EXPECT_EQ(*base64.write_websocket(binary).bytes, "b4Af8A");
  EXPECT_EQ(bytes.write_websocket(text).bytes, text.bytes) << "the buffer is shared";
  EXPECT_EQ(bytes.read_websocket(MessageKind::binary, "\x04z")->bytes, "z");
  EXPECT_EQ(bytes.read_websocket(MessageKind::text, "b4Af8A")->kind, MessageKind::binary);
  EXPECT_FALSE(bytes.read_websocket(MessageKind::binary, ""));
  EXPECT_FALSE(bytes.read_websocket(MessageKind::binary, "\x02z"));
}

TEST(FramingV3, HandlesDamagedInput) {
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  for (int round = 0; round < 20'000; ++round) {
    Payload payload = write(round % 2 == 0 ? bytes : base64, {text, binary, text});
    for (auto changes = 1 + random() % 3; changes > 0; --changes) {
      payload.bytes[random() % payload.bytes.size()] = static_cast<char>(random());
    }
    EXPECT_LE(read(payload.kind, payload.bytes).size(), payload.bytes.size());
  }
}

struct SessionV3 : testing::Test, SessionFixture {
  SessionV3() {
    framing = &bytes;
    restart();
  }
};

TEST_F(SessionV3, AnswersPings) {
  EXPECT_EQ(session->open_payload().bytes.find("0{\"sid\":"),
            session->open_payload().bytes.find(':') + 1);
  host.advance(*session, Milliseconds(44'000));
  EXPECT_EQ(post("1:2"), HttpOutcome::ok);
  EXPECT_EQ(poll(), "1:3");
  host.advance(*session, Milliseconds(44'000));
  EXPECT_TRUE(session->is_open()) << "the server sends no pings";
}

TEST_F(SessionV3, ClosesWithoutPings) {
  host.advance(*session, Milliseconds(44'999));
  EXPECT_TRUE(session->is_open());
  host.advance(*session, Milliseconds(1));
  EXPECT_EQ(record.closed, CloseReason::timeout);
}

TEST_F(SessionV3, RefusesPongs) {
  post("1:3");
  EXPECT_EQ(record.closed, CloseReason::wrong_heartbeat);
}

TEST_F(SessionV3, ReadsAndWritesMessages) {
  EXPECT_EQ(post("3:4hi6:b4Af8A"), HttpOutcome::ok);
  EXPECT_EQ(record.messages, (Packets{"hi", "b:\x01\xff\x00"s}));
  send("a", {share("x")});
  EXPECT_EQ(poll(),
            "\x00\x02\xff"
            "4a\x01\x02\xff\x04x"s);
}

}  // namespace
}  // namespace sioserve::engine
