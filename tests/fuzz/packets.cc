#include "tests/fuzz/packets.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "socketio/parser/json_reader.h"
#include "socketio/parser/json_tree.h"
#include "socketio/parser/msgpack_reader.h"
#include "socketio/parser/packet_rules.h"
#include "tests/fuzz/target.h"

namespace sioserve::fuzz {

using namespace parser;

namespace {

// Counts the calls of a reader.
struct Counter {
  std::size_t scalars = 0;
  std::size_t containers = 0;
  std::size_t members = 0;

  bool null() { return scalar(); }
  bool boolean(bool) { return scalar(); }
  bool integer(std::uint64_t) { return scalar(); }
  bool integer(std::int64_t) { return scalar(); }
  bool long_integer(std::string_view, double) { return scalar(); }
  bool real(double) { return scalar(); }
  bool string(std::string_view) { return scalar(); }
  bool binary(std::string_view) { return scalar(); }
  bool begin_array() { return container(); }
  bool end_array() { return true; }
  bool begin_object() { return container(); }
  bool key(std::string_view) {
    ++members;
    return true;
  }
  bool end_object() { return true; }

  void add(const Json& value) {
    if (!value.is_structured()) {
      ++scalars;
      return;
    }
    ++containers;
    if (value.is_object()) members += value.size();
    for (const Json& child : value) add(child);
  }

 private:
  bool scalar() {
    ++scalars;
    return true;
  }
  bool container() {
    ++containers;
    return true;
  }
};

// Python's side uses the same reader without limits: it must accept the value and find the same
// values. Attachments are not passed, so placeholders are plain objects here.
void check_second_reading(ReceivedValue value) {
  if (value.payload.empty()) return;
  value.attachments.clear();
  constexpr std::size_t any_depth = 100'000;
  ValueBudget any;
  Counter read;
  const bool valid = value.format == PayloadFormat::json
                         ? JsonReader(value.payload, any_depth, any, read).read_text()
                         : MsgpackReader(value.payload, any_depth, any, read).read_message();
  require(valid, "an accepted packet can be read again");
  Counter of_tree;
  of_tree.add(to_tree(value));
  require(read.scalars == of_tree.scalars && read.containers == of_tree.containers &&
              read.members == of_tree.members,
          "both readings find the same values");
}

}  // namespace

EncodedPacket encode(const Codec& codec, const Packet& packet) {
  switch (packet.type) {
    case PacketType::connect:
      return codec.encode_connect(packet.name_space, to_encoded(packet.data).json);
    case PacketType::disconnect:
      return codec.encode_disconnect(packet.name_space);
    case PacketType::connect_error:
      return codec.encode_connect_error(packet.name_space, "");
    case PacketType::event:
      return codec.encode_event(packet.name_space, to_encoded(packet.data), packet.ack_id);
    case PacketType::ack:
      break;
  }
  return codec.encode_ack(packet.name_space, to_encoded(packet.data), *packet.ack_id);
}

std::optional<Packet> decode(const Codec& codec, const EncodedPacket& packet) {
  const auto decoder = codec.make_decoder();
  const bool text = packet.kind == MessageKind::text;
  auto result = text ? decoder->decode_text(std::string_view(*packet.message).substr(1))
                     : decoder->decode_binary(*packet.message);
  for (const SharedBytes& attachment : packet.attachments) {
    require(result && !*result, "an attachment is expected");
    result = decoder->decode_binary(*attachment);
  }
  return result ? *result : std::nullopt;
}

Json data_of(const Packet& packet) {
  return packet.data.payload.empty() ? Json() : to_tree(packet.data);
}

bool same(const Packet& one, const Packet& other) {
  return one.type == other.type && one.name_space == other.name_space &&
         one.ack_id == other.ack_id && one.event == other.event && data_of(one) == data_of(other);
}

std::size_t depth_of(const Json& value) {
  if (!value.is_structured()) return 0;
  std::size_t deepest = 0;
  for (const Json& child : value) deepest = std::max(deepest, depth_of(child));
  return deepest + 1;
}

bool has_bytes(const Json& value) {
  if (value.is_binary()) return true;
  return value.is_structured() && std::any_of(value.begin(), value.end(),
                                              [](const Json& child) { return has_bytes(child); });
}

void check_packet(const Packet& packet, const SocketIoConfig& limits) {
  const Json data = data_of(packet);
  check_second_reading(packet.data);
  require(packet.name_space.starts_with('/') && is_namespace(packet.name_space),
          "the namespace is valid");
  require(!packet.ack_id || takes_ack_id(packet.type), "only some packets have an id");
  switch (packet.type) {
    case PacketType::connect:
      require(data.is_object(), "the data of CONNECT is an object");
      return;
    case PacketType::event:
      require(data.is_array() && !data.empty(), "the data of EVENT is an array");
      require(data[0].is_string() || data[0].is_number(), "an event has a name");
      require(!data[0].is_string() ||
                  data[0].get_ref<const std::string&>().size() <= limits.max_event_name,
              "an event's name is within the limit");
      require(packet.event.has_value() == data[0].is_string() &&
                  (!packet.event || *packet.event == data[0].get_ref<const std::string&>()),
              "an event's name is its first element");
      return;
    case PacketType::ack:
      require(data.is_array() && packet.ack_id.has_value(), "the data of ACK is an array");
      return;
    case PacketType::disconnect:
    case PacketType::connect_error:
      require(data.is_null(), "other packets have no data");
      return;
  }
}

}  // namespace sioserve::fuzz
