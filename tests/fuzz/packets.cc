#include "tests/fuzz/packets.h"

#include <algorithm>
#include <string>
#include <string_view>

#include "socketio/parser/json_args.h"
#include "socketio/parser/packet_rules.h"
#include "tests/fuzz/target.h"

namespace sioserve::fuzz {

using namespace parser;

EncodedPacket encode(const Codec& codec, const Packet& packet) {
  switch (packet.type) {
    case PacketType::connect:
      return codec.encode_connect(packet.name_space, packet.data.dump());
    case PacketType::disconnect:
      return codec.encode_disconnect(packet.name_space);
    case PacketType::connect_error:
      return codec.encode_connect_error(packet.name_space, "");
    case PacketType::event:
      return codec.encode_event(packet.name_space, encode_args(packet.data), packet.ack_id);
    case PacketType::ack:
      break;
  }
  return codec.encode_ack(packet.name_space, encode_args(packet.data), *packet.ack_id);
}

std::optional<Packet> decode(const Codec& codec, const EncodedPacket& packet) {
  const auto decoder = codec.make_decoder();
  const bool text = packet.kind == MessageKind::text;
  auto result = text ? decoder->decode_text(std::string_view(*packet.message).substr(1))
                     : decoder->decode_binary(*packet.message);
  for (const SharedBytes& attachment : packet.attachments) {
    require(result && !*result, "an attachment is waited for");
    result = decoder->decode_binary(*attachment);
  }
  return result ? *result : std::nullopt;
}

bool same(const Packet& one, const Packet& other) {
  return one.type == other.type && one.name_space == other.name_space &&
         one.ack_id == other.ack_id && one.data == other.data;
}

std::size_t depth_of(const Json& value) {
  if (!value.is_structured()) return 0;
  std::size_t deepest = 0;
  for (const Json& child : value) deepest = std::max(deepest, depth_of(child));
  return deepest + 1;
}

void check_packet(const Packet& packet, const SocketIoConfig& limits) {
  require(packet.name_space.starts_with('/') && is_namespace(packet.name_space),
          "a namespace is one");
  require(!packet.ack_id || takes_ack_id(packet.type), "only some packets have an id");
  switch (packet.type) {
    case PacketType::connect:
      require(packet.data.is_object(), "a CONNECT carries an object");
      return;
    case PacketType::event:
      require(packet.data.is_array() && !packet.data.empty(), "an EVENT carries an array");
      require(packet.data[0].is_string() || packet.data[0].is_number(), "an event has a name");
      require(!packet.data[0].is_string() ||
                  packet.data[0].get_ref<const std::string&>().size() <= limits.max_event_name,
              "an event's name keeps to its limit");
      return;
    case PacketType::ack:
      require(packet.data.is_array() && packet.ack_id.has_value(), "an ACK carries an array");
      return;
    case PacketType::disconnect:
    case PacketType::connect_error:
      require(packet.data.is_null(), "others carry nothing");
      return;
  }
}

}  // namespace sioserve::fuzz
