#include "server/port/message_size.h"

#include <string>
#include <type_traits>
#include <vector>

namespace sioserve::port {
namespace {

std::size_t size_of(const std::string& text) { return text.size(); }

std::size_t size_of(const std::vector<std::string>& texts) {
  std::size_t bytes = 0;
  for (const std::string& text : texts) bytes += sizeof(std::string) + text.size();
  return bytes;
}

std::size_t size_of(const Headers& headers) {
  std::size_t bytes = 0;
  for (const Header& header : headers) {
    bytes += sizeof(Header) + header.name.size() + header.value.size();
  }
  return bytes;
}

std::size_t size_of(const RequestHead& head) {
  return head.raw_path.size() + head.path.size() + head.query_string.size() + head.headers.bytes();
}

std::size_t size_of(const EncodedArgs& args) {
  return args.json.size() + size_of(args.attachments);
}

std::size_t size_of(const ReceivedValue& value) {
  return value.payload.size() + size_of(value.attachments);
}

std::size_t size_of(const Relays& relays) {
  std::size_t bytes = 0;
  for (const auto& [event, relay] : relays) {
    bytes += sizeof(Relays::value_type) + event.size() + size_of(relay.rooms);
  }
  return bytes;
}

std::size_t size_of(const std::vector<MovedSocket>& sockets) {
  std::size_t bytes = 0;
  for (const MovedSocket& socket : sockets) bytes += sizeof(MovedSocket) + socket.state.size();
  return bytes;
}

// All parts of a message that a client or the application can make large.
template <typename Message>
std::size_t owned_by(const Message& message) {
  std::size_t bytes = 0;
  if constexpr (requires { message.head.raw_path; }) {
    bytes += size_of(message.head);
  } else if constexpr (requires { message.head.headers; }) {
    bytes += size_of(message.head.headers);
  }
  if constexpr (requires { message.head->raw_path; }) {
    if (message.head) bytes += size_of(*message.head);
  } else if constexpr (requires { message.head->headers; }) {
    if (message.head) bytes += size_of(message.head->headers);
  }
  if constexpr (requires { message.headers; }) bytes += size_of(message.headers);
  if constexpr (requires { message.session_headers; }) bytes += size_of(message.session_headers);
  if constexpr (requires { message.trailers; }) bytes += size_of(message.trailers);
  if constexpr (requires { message.body; }) bytes += size_of(message.body);
  if constexpr (requires { message.payload; }) bytes += size_of(message.payload);
  if constexpr (requires { size_of(message.args); }) bytes += size_of(message.args);
  if constexpr (requires { message.auth; }) bytes += size_of(message.auth);
  if constexpr (requires { size_of(message.relays); }) bytes += size_of(message.relays);
  if constexpr (requires { message.rooms; }) bytes += size_of(message.rooms);
  if constexpr (requires { message.except_rooms; }) bytes += size_of(message.except_rooms);
  if constexpr (requires { message.changed_rooms; }) bytes += size_of(message.changed_rooms);
  if constexpr (requires { message.room; }) bytes += size_of(message.room);
  if constexpr (requires { size_of(message.state); }) bytes += size_of(message.state);
  if constexpr (requires { message.state->size(); }) {
    if (message.state) bytes += message.state->size();
  }
  if constexpr (requires { message.sockets; }) bytes += size_of(message.sockets);
  if constexpr (requires { message.links; }) bytes += size_of(message.links);
  if constexpr (requires { message.callback_ids; }) {
    bytes += message.callback_ids.size() * sizeof(message.callback_ids.front());
  }
  return bytes;
}

template <typename Message>
std::size_t whole_size(const Message& message) {
  const auto of_group = [](const auto& group) {
    return std::visit([](const auto& alternative) { return owned_by(alternative); }, group);
  };
  return sizeof(Message) + std::visit(of_group, message);
}

}  // namespace

std::size_t size_of(const Event& event) { return whole_size(event) + line_size_of(event); }

std::size_t size_of(const Command& command) { return whole_size(command); }

std::size_t line_size_of(const Event& event) {
  if (const auto* record = get_message<LogRecord>(event)) return record->message.size();
  // An entry of the access log contains the request in addition to its line.
  if (const auto* entry = get_message<AccessEntry>(event)) return 4 * entry->line.size();
  return 0;
}

}  // namespace sioserve::port
