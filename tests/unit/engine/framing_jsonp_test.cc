#include "socketio/engine/framing_jsonp.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace sioserve::engine {
namespace {

using namespace std::string_literals;

const Framing& base64 = framing_v3(BinaryForm::base64);

std::string write(const Framing& framing, const std::vector<Message>& messages) {
  const Payload payload = framing.write_body(messages);
  EXPECT_EQ(payload.wrapping, Wrapping::script);
  return payload.bytes;
}

std::string write(const Framing& framing, std::string text) {
  return write(framing, {{MessageKind::text, share(std::move(text))}});
}

// The packets, binary ones as "b:" and their bytes; "!" for malformed input.
std::vector<std::string> read(const Framing& framing, std::string form) {
  const auto source = framing.read_body(MessageKind::text, std::move(form));
  std::vector<std::string> packets;
  while (!source->at_end()) {
    const auto packet = source->next();
    packets.push_back(!packet                               ? "!"
                      : packet->kind == MessageKind::binary ? "b:" + packet->bytes
                                                            : packet->bytes);
    if (!packet) break;
  }
  return packets;
}

TEST(FramingJsonp, WritesACallOfTheClientsCallback) {
  const auto jsonp = make_jsonp_framing(framing_v4(), "12");
  EXPECT_EQ(write(*jsonp, "4hi"), R"(___eio[12]("4hi");)");
  const Message text{MessageKind::text, share("4a")};
  const Message binary{MessageKind::binary, share("\x01\x02\x03")};
  EXPECT_EQ(write(*jsonp, {text, binary}), R"(___eio[12]("4a\u001ebAQID");)");
  EXPECT_EQ(write(*make_jsonp_framing(base64, "0"), {text, binary}),
            R"(___eio[0]("2:4a6:b4AQID");)");
}

TEST(FramingJsonp, OnlyTheDigitsOfTheCallbackAreUsed) {
  EXPECT_EQ(write(*make_jsonp_framing(framing_v4(), "1](0);alert(9);//2"), "6"),
            R"(___eio[1092]("6");)");
  EXPECT_EQ(write(*make_jsonp_framing(framing_v4(), ""), "6"), R"(___eio[]("6");)");
}

TEST(FramingJsonp, TheBodyIsAJavaScriptStringLiteral) {
  const auto jsonp = make_jsonp_framing(framing_v4(), "0");
  EXPECT_EQ(write(*jsonp, "4\"\\\n\r\t\b\f\x01\x7f/"),
            "___eio[0](\"4\\\"\\\\\\n\\r\\t\\b\\f\\u0001\x7f/\");");
  EXPECT_EQ(write(*jsonp, "4\xe2\x80\xa8 \xe2\x80\xa9\xe2\x80\xa7\xe2\x80\xa8"),
            "___eio[0](\"4\\u2028 \\u2029\xe2\x80\xa7\\u2028\");");
  EXPECT_EQ(write(*jsonp, "4\xc3\xa4\xf0\x9f\x98\x80"),
            "___eio[0](\"4\xc3\xa4\xf0\x9f\x98\x80\");");
}

TEST(FramingJsonp, ReadsTheFieldOfAForm) {
  const auto jsonp = make_jsonp_framing(framing_v4(), "0");
  using Packets = std::vector<std::string>;
  EXPECT_EQ(read(*jsonp, "d=4hi"), Packets{"4hi"});
  EXPECT_EQ(read(*jsonp, "x=1&d=4a+b%20%2b%c3%a4%1ebAQID&y=2"),
            (Packets{"4a b +\xc3\xa4", "b:\x01\x02\x03"}));
  EXPECT_EQ(read(*make_jsonp_framing(base64, "0"), "d=2%3A4%C3%A46:b4AQID"),
            (Packets{"4\xc3\xa4", "b:\x01\x02\x03"}));
  EXPECT_EQ(read(*jsonp, ""), Packets{});
  EXPECT_EQ(read(*jsonp, "4hi"), Packets{});
}

TEST(FramingJsonp, LineFeedsAreUnescaped) {
  const auto jsonp = make_jsonp_framing(framing_v4(), "0");
  const auto one = [&](std::string form) { return read(*jsonp, std::move(form)).at(0); };
  EXPECT_EQ(one(R"(d=4a\nb)"), "4a\nb");
  EXPECT_EQ(one(R"(d=4a\\nb)"), R"(4a\nb)");
  EXPECT_EQ(one(R"(d=4a\\\nb)"), R"(4a\\nb)");
  EXPECT_EQ(one(R"(d=4a\\b\tn\)"), R"(4a\\b\tn\)");
  EXPECT_EQ(one("d=4a%5Cnb%5C%5Cn"), "4a\nb\\n");
}

TEST(FramingJsonp, WebSocketsAreNotChanged) {
  const auto jsonp = make_jsonp_framing(framing_v4(), "0");
  EXPECT_EQ(jsonp->protocol(), Protocol::v4);
  EXPECT_EQ(jsonp->read_websocket(MessageKind::text, "4d=1")->bytes, "4d=1");
  EXPECT_EQ(*jsonp->write_websocket({MessageKind::binary, share("\x01")}).bytes, "\x01");
  EXPECT_FALSE(jsonp->takes_body(MessageKind::binary));
}

}  // namespace
}  // namespace sioserve::engine
