// The decoder reads the encoder's output, and damaged input is only refused.
#include <gtest/gtest.h>

#include <cstdint>
#include <random>
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

class Generator {
 public:
  explicit Generator(std::uint64_t seed) : engine_(seed) {}

  std::size_t below(std::size_t bound) {
    return std::uniform_int_distribution<std::size_t>(0, bound - 1)(engine_);
  }

  std::string text() {
    static const std::vector<std::string> pieces = {"a",  "\"", "\\", "\n", "é",
                                                    "日", "😀",  "[",  "{",  "/"};
    std::string result;
    for (std::size_t i = below(12); i > 0; --i) result += pieces[below(pieces.size())];
    return result;
  }

  std::string bytes() {
    std::string result(below(40), '\0');
    for (char& c : result) c = static_cast<char>(below(256));
    return result;
  }

  // `wire` is the value with placeholders for its attachments.
  json value(std::size_t depth, json& wire, std::vector<std::string>& attachments) {
    const std::size_t kind = below(depth == 0 ? 6 : 8);
    json result;
    switch (kind) {
      case 0:
        return wire = nullptr;
      case 1:
        return wire = below(2) == 0;
      case 2:
        return wire = static_cast<std::int64_t>(engine_());
      case 3:
        return wire = std::uniform_real_distribution<double>(-1e6, 1e6)(engine_);
      case 4:
        return wire = text();
      case 5:
        if (attachments.size() == SocketIoConfig{}.max_attachments) return wire = text();
        wire = {{"_placeholder", true}, {"num", attachments.size()}};
        attachments.push_back(bytes());
        return json::binary({attachments.back().begin(), attachments.back().end()});
      case 6:
        wire = json::array();
        result = json::array();
        for (std::size_t i = below(4); i > 0; --i) {
          json element_wire;
          result.push_back(value(depth - 1, element_wire, attachments));
          wire.push_back(std::move(element_wire));
        }
        return result;
      default:
        wire = json::object();
        result = json::object();
        for (std::size_t i = below(4); i > 0; --i) {
          const std::string key = "k" + text();
          if (result.contains(key)) continue;
          json element_wire;
          result[key] = value(depth - 1, element_wire, attachments);
          wire[key] = std::move(element_wire);
        }
        return result;
    }
  }

 private:
  std::mt19937_64 engine_;
};

TEST(RoundTripTest, DecodesWhatWasEncoded) {
  const std::uint64_t seed = std::random_device{}();
  RecordProperty("seed", std::to_string(seed));
  SCOPED_TRACE("seed " + std::to_string(seed));
  Generator generator(seed);
  const SocketIoConfig limits;
  const JsonCodec codec{limits};
  const auto decoder = codec.make_decoder();
  for (int round = 0; round < 5000; ++round) {
    json wire = json::array({"e" + generator.text()});
    json data = wire;
    std::vector<std::string> attachments;
    for (std::size_t i = generator.below(4); i > 0; --i) {
      json element_wire;
      data.push_back(generator.value(4, element_wire, attachments));
      wire.push_back(std::move(element_wire));
    }
    const std::string name_space = generator.below(2) == 0 ? "/" : "/日本";
    const std::uint64_t ack_id = generator.below(1'000'000);
    const bool is_ack = generator.below(2) == 0;
    EncodedArgs args{wire.dump(), std::move(attachments)};
    const EncodedPacket encoded = is_ack ? codec.encode_ack(name_space, std::move(args), ack_id)
                                         : codec.encode_event(name_space, std::move(args), ack_id);

    ASSERT_EQ(encoded.message->front(), '4');
    auto result = decoder->decode_text(std::string_view(*encoded.message).substr(1));
    for (const SharedBytes& attachment : encoded.attachments) {
      ASSERT_TRUE(result) << *encoded.message << ": " << describe(result.error());
      ASSERT_FALSE(*result);
      result = decoder->decode_binary(*attachment);
    }
    ASSERT_TRUE(result) << *encoded.message << ": " << describe(result.error());
    ASSERT_TRUE(*result) << *encoded.message;
    const Packet& packet = **result;
    EXPECT_EQ(packet.type, is_ack ? PacketType::ack : PacketType::event);
    EXPECT_EQ(packet.name_space, name_space);
    EXPECT_EQ(packet.ack_id, ack_id);
    ASSERT_EQ(to_tree(packet.data), data) << *encoded.message;
  }
}

TEST(RoundTripTest, HandlesDamagedPackets) {
  const std::uint64_t seed = std::random_device{}();
  RecordProperty("seed", std::to_string(seed));
  SCOPED_TRACE("seed " + std::to_string(seed));
  Generator generator(seed);
  const std::vector<std::string> originals = {
      R"(52-/admin,12["a",{"_placeholder":true,"num":1},{"b":{"_placeholder":true,"num":0}}])",
      R"(0/chat?x=1,{"token":"\ud83d\ude00"})", R"(2["é",1.5e3,[[],{}],null])", "3/a,13[]"};
  for (int round = 0; round < 20'000; ++round) {
    std::string message = originals[generator.below(originals.size())];
    for (std::size_t i = 1 + generator.below(3); i > 0; --i) {
      const std::size_t at = generator.below(message.size());
      switch (generator.below(3)) {
        case 0:
          message[at] = static_cast<char>(generator.below(256));
          break;
        case 1:
          message.erase(at, 1 + generator.below(4));
          message += '0';
          break;
        default:
          message.insert(at, 1, R"("\[]{},:-/0)"[generator.below(11)]);
      }
    }
    JsonDecoder decoder{defaults};
    const auto result = decoder.decode_text(message);
    if (!result) {
      EXPECT_STRNE(describe(result.error()), "");
    } else if (!*result) {
      EXPECT_TRUE(decoder.decode_binary(generator.bytes())) << message;
    }
  }
}

}  // namespace
}  // namespace sioserve::parser
