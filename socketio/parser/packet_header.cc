#include "socketio/parser/packet_header.h"

#include <algorithm>
#include <charconv>
#include <system_error>

#include "socketio/parser/packet_rules.h"

namespace sioserve::parser {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::size_t count_digits(std::string_view text) {
  const auto end = std::find_if_not(text.begin(), text.end(), is_digit);
  return static_cast<std::size_t>(end - text.begin());
}

// Sets the type, and `attachments` to 0 for the binary types; their number follows.
bool read_type(char digit, PacketHeader& header) {
  switch (digit) {
    case '0':
      header.type = PacketType::connect;
      return true;
    case '1':
      header.type = PacketType::disconnect;
      return true;
    case '2':
      header.type = PacketType::event;
      return true;
    case '3':
      header.type = PacketType::ack;
      return true;
    case '4':
      header.type = PacketType::connect_error;
      return true;
    case '5':
      header.type = PacketType::event;
      header.attachments = 0;
      return true;
    case '6':
      header.type = PacketType::ack;
      header.attachments = 0;
      return true;
    default:
      return false;
  }
}

}  // namespace

Result<PacketHeader, DecodeError> read_header(std::string_view message,
                                              const SocketIoConfig& limits) {
  if (message.empty()) return Failure{DecodeError::empty};
  PacketHeader header{PacketType::event, std::nullopt, "/", {}, std::nullopt, {}};
  if (!read_type(message.front(), header)) return Failure{DecodeError::unknown_type};
  message.remove_prefix(1);

  if (header.attachments) {
    const std::size_t digits = count_digits(message);
    if (digits == 0 || digits == message.size() || message[digits] != '-') {
      return Failure{DecodeError::bad_attachment_count};
    }
    const auto [end, error] =
        std::from_chars(message.data(), message.data() + digits, *header.attachments);
    if (error == std::errc() && *header.attachments == 0) {
      return Failure{DecodeError::bad_attachment_count};
    }
    if (error != std::errc() || *header.attachments > limits.max_attachments) {
      return Failure{DecodeError::too_many_attachments};
    }
    message.remove_prefix(digits + 1);
  }

  if (message.starts_with('/')) {
    const std::size_t end = std::min(message.find(','), message.size());
    const std::string_view text = message.substr(0, end);
    if (!is_namespace(text)) return Failure{DecodeError::bad_namespace};
    const NamespaceParts parts = split_namespace(text);
    header.name_space = parts.name;
    header.query = parts.query;
    message.remove_prefix(std::min(end + 1, message.size()));
  }

  if (const std::size_t digits = count_digits(message); digits > 0) {
    if (digits > max_ack_id_digits || !takes_ack_id(header.type)) {
      return Failure{DecodeError::bad_ack_id};
    }
    std::from_chars(message.data(), message.data() + digits, header.ack_id.emplace());
    message.remove_prefix(digits);
  }
  if (header.type == PacketType::ack && !header.ack_id) return Failure{DecodeError::bad_ack_id};

  header.payload = message;
  return header;
}

}  // namespace sioserve::parser
