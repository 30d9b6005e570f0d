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

std::optional<DecodeError> check_event(const Json& data, const SocketIoConfig& limits) {
  if (!data.is_array() || data.empty()) return DecodeError::bad_payload;
  if (data[0].is_number()) return std::nullopt;
  if (!data[0].is_string()) return DecodeError::bad_payload;
  const auto& name = data[0].get_ref<const std::string&>();
  if (name.size() > limits.max_event_name) return DecodeError::event_name_too_long;
  if (std::find(reserved_events.begin(), reserved_events.end(), name) != reserved_events.end()) {
    return DecodeError::reserved_event;
  }
  return std::nullopt;
}

}  // namespace sioserve::parser
