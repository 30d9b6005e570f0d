#include "socketio/parser/packet_rules.h"

#include <algorithm>
#include <array>
#include <string>

#include "server/base/utf8.h"

namespace sioserve::parser {
namespace {

constexpr std::size_t max_namespace_bytes = 1024;

constexpr std::array<std::string_view, 6> reserved_events = {
    "connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"};

}  // namespace

bool is_namespace(std::string_view text) {
  const auto is_control = [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7f;
  };
  return text.size() <= max_namespace_bytes && std::none_of(text.begin(), text.end(), is_control) &&
         is_utf8(text);
}

NamespaceParts split_namespace(std::string_view text) {
  const std::size_t mark = std::min(text.find('?'), text.size());
  return {text.substr(0, mark), text.substr(std::min(mark + 1, text.size()))};
}

bool takes_ack_id(PacketType type) { return type == PacketType::event || type == PacketType::ack; }

std::optional<DecodeError> check_event(const ValueSummary& data, const SocketIoConfig& limits) {
  using Kind = ValueSummary::Kind;
  if (data.kind() != Kind::array || data.size() == 0) return DecodeError::bad_payload;
  const Kind kind = data.first_kind();
  if (kind == Kind::number || kind == Kind::unsigned_integer) return std::nullopt;
  if (kind != Kind::string) return DecodeError::bad_payload;
  const std::string& name = data.first_string();
  if (name.size() > limits.max_event_name) return DecodeError::event_name_too_long;
  if (std::find(reserved_events.begin(), reserved_events.end(), name) != reserved_events.end()) {
    return DecodeError::reserved_event;
  }
  return std::nullopt;
}

std::optional<DecodeError> check_data(PacketType type, const ValueSummary* data,
                                      const SocketIoConfig& limits) {
  bool valid = true;
  switch (type) {
    case PacketType::connect:
      valid = !data || data->kind() == ValueSummary::Kind::object;
      break;
    case PacketType::disconnect:
      valid = !data;
      break;
    case PacketType::event:
      return data ? check_event(*data, limits) : DecodeError::bad_payload;
    case PacketType::ack:
      valid = data && data->kind() == ValueSummary::Kind::array;
      break;
    case PacketType::connect_error:
      break;  // only servers send it: the session is closed in any case
  }
  if (valid) return std::nullopt;
  return DecodeError::bad_payload;
}

std::optional<std::string> event_name(const ValueSummary& data) {
  if (data.first_kind() != ValueSummary::Kind::string) return std::nullopt;
  return data.first_string();
}

}  // namespace sioserve::parser
