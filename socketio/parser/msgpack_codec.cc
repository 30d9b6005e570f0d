#include "socketio/parser/msgpack_codec.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "socketio/parser/json_reader.h"
#include "socketio/parser/msgpack_reader.h"
#include "socketio/parser/packet_rules.h"

namespace sioserve::parser {
namespace {

using json = Json;

// As the numbers on the wire.
constexpr std::array types = {PacketType::connect, PacketType::disconnect, PacketType::event,
                              PacketType::ack, PacketType::connect_error};

// Deeper than what the application's values are encoded with.
constexpr std::size_t any_depth = 1024;

// Null: there is none.
json* member(json& object, std::string_view name) {
  const auto found = object.find(name);
  return found == object.end() ? nullptr : &*found;
}

std::optional<DecodeError> check_data(PacketType type, const json* data,
                                      const SocketIoConfig& limits) {
  bool valid = true;
  switch (type) {
    case PacketType::connect:
      valid = !data || data->is_object();
      break;
    case PacketType::disconnect:
      valid = !data;
      break;
    case PacketType::event:
      return data ? check_event(*data, limits) : DecodeError::bad_payload;
    case PacketType::ack:
      valid = data && data->is_array();
      break;
    case PacketType::connect_error:
      break;  // only servers send it: the session closes, whatever it says
  }
  if (valid) return std::nullopt;
  return DecodeError::bad_payload;
}

// Puts the attachments in the places of their placeholders, below `value`: each once, as an object
// of the application's, or of the client whose data it sends on, may look like a placeholder, and
// copies of one attachment would let a small packet fill the memory.
void fill_in(json& value, std::vector<std::optional<std::string>>& attachments) {
  if (value.is_object() && value.size() == 2) {
    const json* const mark = member(value, "_placeholder");
    const json* const number = member(value, "num");
    if (mark && *mark == true && number && number->is_number_unsigned() &&
        number->get<std::size_t>() < attachments.size()) {
      const auto bytes = std::exchange(attachments[number->get<std::size_t>()], std::nullopt);
      if (bytes) value = json::binary(json::binary_t::container_type(bytes->begin(), bytes->end()));
      return;
    }
  }
  if (!value.is_structured()) return;
  for (json& child : value) fill_in(child, attachments);
}

}  // namespace

Result<std::optional<Packet>, DecodeError> MsgpackDecoder::decode_text(std::string_view) {
  return Failure{DecodeError::unexpected_text};
}

Result<std::optional<Packet>, DecodeError> MsgpackDecoder::decode_binary(std::string message) {
  // The map around the data is one level more.
  ValueBudget budget(message.size(), ValueBudget::msgpack, limits_.max_attachments);
  Result<json, DecodeError> read =
      read_msgpack(message, std::min(limits_.max_json_depth, any_depth) + 1, budget);
  if (!read) return Failure{read.error()};
  if (!read->is_object()) return Failure{DecodeError::bad_msgpack};

  const json* const type = member(*read, "type");
  if (!type || !type->is_number_unsigned() || type->get<std::uint64_t>() >= types.size()) {
    return Failure{DecodeError::unknown_type};
  }
  Packet packet{types[type->get<std::size_t>()], {}, std::nullopt, {}};
  packet.memory = budget.taken() + message.size();

  const json* const nsp = member(*read, "nsp");
  if (!nsp || !nsp->is_string()) return Failure{DecodeError::bad_namespace};
  const std::string_view name_space = nsp->get_ref<const std::string&>();
  if (!name_space.starts_with('/') || !is_namespace(name_space)) {
    return Failure{DecodeError::bad_namespace};
  }
  const NamespaceParts parts = split_namespace(name_space);
  packet.name_space = parts.name;
  packet.query = parts.query;

  if (const json* const id = member(*read, "id")) {
    if (!takes_ack_id(packet.type) || !id->is_number_unsigned() ||
        id->get<std::uint64_t>() > max_ack_id) {
      return Failure{DecodeError::bad_ack_id};
    }
    packet.ack_id = id->get<std::uint64_t>();
  }
  if (packet.type == PacketType::ack && !packet.ack_id) return Failure{DecodeError::bad_ack_id};

  json* const data = member(*read, "data");
  if (const auto error = check_data(packet.type, data, limits_)) return Failure{*error};
  if (data && packet.type != PacketType::connect_error) {
    packet.data = std::move(*data);
  } else if (packet.type == PacketType::connect) {
    packet.data = json::object();
  }
  return std::optional(std::move(packet));
}

std::unique_ptr<Decoder> MsgpackCodec::make_decoder() const {
  return std::make_unique<MsgpackDecoder>(limits_);
}

EncodedPacket MsgpackCodec::encode(PacketType type, std::string_view name_space,
                                   std::optional<std::uint64_t> ack_id, EncodedArgs data) const {
  json packet = json::object();
  packet["type"] =
      static_cast<unsigned>(std::find(types.begin(), types.end(), type) - types.begin());
  if (!data.json.empty()) {
    ValueBudget any;
    Result<json, DecodeError> value = read_json(data.json, any_depth, any, HugeNumbers::infinite);
    assert(value);  // the bridge has written it
    if (!data.attachments.empty()) {
      std::vector<std::optional<std::string>> attachments(
          std::make_move_iterator(data.attachments.begin()),
          std::make_move_iterator(data.attachments.end()));
      fill_in(*value, attachments);
    }
    packet["data"] = std::move(*value);
  }
  if (ack_id) packet["id"] = *ack_id;
  packet["nsp"] = name_space;
  std::string bytes;
  json::to_msgpack(packet, bytes);
  return {share(std::move(bytes)), {}, nullptr, MessageKind::binary};
}

}  // namespace sioserve::parser
