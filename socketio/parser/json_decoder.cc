// Socket.IO protocol 5, decoding. One text message is one packet; a binary packet is followed by
// its attachments as binary messages, and nothing else may come before they are complete:
//
//   idle --text--> packet                       (no attachments)
//   idle --text--> unfinished --binary...--> packet
//
// Everything that can be refused is refused at the text message, so that a bad packet's attachments
// are never collected. Knows neither namespaces nor connections: limits hold before CONNECT too.
// Called by the session that owns the decoder, for each message of the client.
#include "socketio/parser/json_decoder.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "socketio/parser/json_reader.h"
#include "socketio/parser/packet_header.h"
#include "socketio/parser/packet_rules.h"

namespace sioserve::parser {
namespace {

using json = Json;

// Reads the payload that the packet's type calls for.
Result<json, DecodeError> read_payload(const PacketHeader& header, const SocketIoConfig& limits,
                                       ValueBudget& budget) {
  switch (header.type) {
    case PacketType::connect: {
      if (header.payload.empty()) return json::object();
      Result<json, DecodeError> data = read_json(header.payload, limits.max_json_depth, budget);
      if (data && !data->is_object()) return Failure{DecodeError::bad_payload};
      return data;
    }
    case PacketType::disconnect:
      if (!header.payload.empty()) return Failure{DecodeError::bad_payload};
      return json();
    case PacketType::event: {
      if (header.payload.empty()) return Failure{DecodeError::bad_payload};
      Result<json, DecodeError> data = read_json(header.payload, limits.max_json_depth, budget);
      if (!data) return data;
      if (const auto error = check_event(*data, limits)) return Failure{*error};
      return data;
    }
    case PacketType::ack: {
      if (header.payload.empty()) return Failure{DecodeError::bad_payload};
      Result<json, DecodeError> data = read_json(header.payload, limits.max_json_depth, budget);
      if (data && !data->is_array()) return Failure{DecodeError::bad_payload};
      return data;
    }
    case PacketType::connect_error:
      return json();  // only servers send it: the session closes, whatever it says
  }
  return Failure{DecodeError::unknown_type};
}

bool is_placeholder(const json& value) {
  if (!value.is_object()) return false;
  const auto mark = value.find("_placeholder");
  return mark != value.end() && *mark == true;
}

// Enters each placeholder below `value` into the slot of its number. False when a number is not an
// integer in range, or names an attachment twice (encoders never do; copies of one attachment
// would let a small packet fill the memory). The depth of `value` has been checked.
bool collect_placeholders(json& value, std::vector<json*>& slots) {
  if (is_placeholder(value)) {
    const auto number = value.find("num");
    if (number == value.end() || !number->is_number_unsigned()) return false;
    const auto index = number->get<std::uint64_t>();
    if (index >= slots.size() || slots[index] != nullptr) return false;
    slots[index] = &value;
    return true;
  }
  if (!value.is_structured()) return true;
  return std::all_of(value.begin(), value.end(),
                     [&](json& child) { return collect_placeholders(child, slots); });
}

}  // namespace

Result<std::optional<Packet>, DecodeError> JsonDecoder::decode_text(std::string_view message) {
  if (unfinished_) {
    unfinished_.reset();
    return Failure{DecodeError::unexpected_text};
  }
  const Result<PacketHeader, DecodeError> header = read_header(message, limits_);
  if (!header) return Failure{header.error()};
  ValueBudget budget(message.size(), ValueBudget::json, limits_.max_attachments);
  Result<json, DecodeError> data = read_payload(*header, limits_, budget);
  if (!data) return Failure{data.error()};

  Packet packet{header->type,     std::string(header->name_space), header->ack_id,
                std::move(*data), std::string(header->query),      budget.taken() + message.size()};
  if (!header->attachments) return std::optional(std::move(packet));

  std::vector<json*> slots(*header->attachments);
  if (!collect_placeholders(packet.data, slots)) return Failure{DecodeError::bad_placeholder};
  if (slots.empty()) return std::optional(std::move(packet));
  unfinished_ = Unfinished{std::move(packet), std::move(slots), 0};
  return std::optional<Packet>();
}

Result<std::optional<Packet>, DecodeError> JsonDecoder::decode_binary(std::string message) {
  if (!unfinished_) return Failure{DecodeError::unexpected_binary};
  unfinished_->packet.memory += message.size();
  if (json* slot = unfinished_->slots[unfinished_->received]) {
    *slot = json::binary(json::binary_t::container_type(message.begin(), message.end()));
  }
  if (++unfinished_->received < unfinished_->slots.size()) return std::optional<Packet>();
  std::optional<Packet> packet(std::move(unfinished_->packet));
  unfinished_.reset();
  return packet;
}

}  // namespace sioserve::parser
