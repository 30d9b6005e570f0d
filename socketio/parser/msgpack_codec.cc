#include "socketio/parser/msgpack_codec.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "socketio/parser/json_tree.h"
#include "socketio/parser/msgpack_reader.h"
#include "socketio/parser/packet_rules.h"
#include "socketio/parser/value_summary.h"

namespace sioserve::parser {
namespace {

using json = Json;

// The index is the number in the message.
constexpr std::array types = {PacketType::connect, PacketType::disconnect, PacketType::event,
                              PacketType::ack, PacketType::connect_error};

// Of the packets around them; above the limit for the application's values.
constexpr std::size_t own_depth = 1024;

// The relevant members of a packet.
struct Members {
  std::optional<ValueSummary> type, nsp, id, data;
  std::string_view data_bytes;

  void set(std::string_view name, ValueSummary value, std::string_view bytes) {
    if (name == "type") {
      type = std::move(value);
    } else if (name == "nsp") {
      nsp = std::move(value);
    } else if (name == "id") {
      id = std::move(value);
    } else if (name == "data") {
      data = std::move(value);
      data_bytes = bytes;
    }
  }
};

// The members borrow from `message`. If a name occurs twice, the last member is used.
Result<Members, DecodeError> read_members(std::string_view message, const SocketIoConfig& limits) {
  ValueBudget budget(message.size(), ValueBudget::msgpack, limits.max_attachments);
  ValueSummary value;
  // The map around the data is one more level.
  MsgpackReader reader(message, std::min(limits.max_json_depth, own_depth) + 1, budget, value);
  if (!reader.at_map()) {
    return Failure{reader.read_message() ? DecodeError::bad_msgpack : reader.error()};
  }
  Members members;
  std::uint64_t count = 0;
  if (!reader.read_map_head(count)) return Failure{reader.error()};
  for (; count > 0; --count) {
    std::string_view name;
    if (!reader.read_member_key(name)) return Failure{reader.error()};
    const std::string_view before = reader.rest();
    if (reader.skip_undefined()) continue;
    value = ValueSummary();
    if (!reader.read_value(1)) return Failure{reader.error()};
    const std::string_view bytes = before.substr(0, before.size() - reader.rest().size());
    members.set(name, std::move(value), bytes);
  }
  if (!reader.rest().empty()) return Failure{DecodeError::bad_msgpack};
  return members;
}

bool is_integer(const std::optional<ValueSummary>& value, std::uint64_t greatest) {
  return value && value->kind() == ValueSummary::Kind::unsigned_integer &&
         value->integer() <= greatest;
}

}  // namespace

Result<std::optional<Packet>, DecodeError> MsgpackDecoder::decode_text(std::string_view) {
  return Failure{DecodeError::unexpected_text};
}

Result<std::optional<Packet>, DecodeError> MsgpackDecoder::decode_binary(std::string message) {
  const Result<Members, DecodeError> members = read_members(message, limits_);
  if (!members) return Failure{members.error()};
  if (!is_integer(members->type, types.size() - 1)) return Failure{DecodeError::unknown_type};
  Packet packet{types[members->type->integer()], {}, std::nullopt};

  if (!members->nsp || members->nsp->kind() != ValueSummary::Kind::string) {
    return Failure{DecodeError::bad_namespace};
  }
  const std::string_view name_space = members->nsp->string();
  if (!name_space.starts_with('/') || !is_namespace(name_space)) {
    return Failure{DecodeError::bad_namespace};
  }
  const NamespaceParts parts = split_namespace(name_space);
  packet.name_space = parts.name;
  packet.query = parts.query;

  if (members->id) {
    if (!takes_ack_id(packet.type) || !is_integer(members->id, max_ack_id)) {
      return Failure{DecodeError::bad_ack_id};
    }
    packet.ack_id = members->id->integer();
  }
  if (packet.type == PacketType::ack && !packet.ack_id) return Failure{DecodeError::bad_ack_id};

  const ValueSummary* const data = members->data ? &*members->data : nullptr;
  if (const auto error = check_data(packet.type, data, limits_)) return Failure{*error};
  if (packet.type == PacketType::event) packet.event = event_name(*data);
  if (data && packet.type != PacketType::connect_error) {
    packet.data = {PayloadFormat::msgpack, std::string(members->data_bytes), {}};
  } else if (packet.type == PacketType::connect) {
    packet.data.payload = "{}";
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
    Result<json, DecodeError> value = read_json(data.json, own_depth, any, HugeNumbers::infinite);
    assert(value);  // the bridge has encoded it
    put_attachments(*value, std::move(data.attachments));
    packet["data"] = std::move(*value);
  }
  if (ack_id) packet["id"] = *ack_id;
  packet["nsp"] = name_space;
  std::string bytes;
  json::to_msgpack(packet, bytes);
  return {share(std::move(bytes)), {}, nullptr, MessageKind::binary};
}

}  // namespace sioserve::parser
