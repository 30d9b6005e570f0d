// Encoding: each packet becomes one text message, whose length is computed first, and one binary
// message per attachment. A broadcast is encoded once for all recipients. The JSON is not parsed.
//
// Decoding: one text message is one packet; a binary packet is followed by its attachments as
// binary messages, and nothing else may come before they are complete:
//
//   idle --text--> packet                       (no attachments)
//   idle --text--> unfinished --binary...--> packet
//
// Everything that can be refused is refused at the text message, so the attachments of an invalid
// packet are never collected. Does not know namespaces or connections: the limits also apply before
// CONNECT. Called by the decoder's session for each message of the client.
#include "socketio/parser/json_codec.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <initializer_list>
#include <system_error>
#include <utility>

#include "socketio/parser/json_reader.h"
#include "socketio/parser/packet_rules.h"
#include "socketio/parser/value_summary.h"

namespace sioserve::parser {
namespace {

// --- encoding ---

// Converts a number to decimal digits without an allocation.
class Digits {
 public:
  explicit Digits(std::uint64_t number)
      : end_(std::to_chars(buffer_.data(), buffer_.data() + buffer_.size(), number).ptr) {}

  std::string_view view() const {
    return {buffer_.data(), static_cast<std::size_t>(end_ - buffer_.data())};
  }

 private:
  std::array<char, 20> buffer_;
  char* end_;
};

SharedBytes concatenate(std::initializer_list<std::string_view> parts) {
  std::size_t size = 0;
  for (const std::string_view part : parts) size += part.size();
  std::string text;
  text.reserve(size);
  for (const std::string_view part : parts) text += part;
  return share(std::move(text));
}

// The default namespace is left out.
std::string_view written(std::string_view name_space) {
  return name_space == "/" ? std::string_view() : name_space;
}

std::string_view comma_after(std::string_view name_space) { return name_space == "/" ? "" : ","; }

// With Engine.IO's packet type before it.
std::string_view type_digits(PacketType type, bool has_attachments) {
  switch (type) {
    case PacketType::connect:
      return "40";
    case PacketType::disconnect:
      return "41";
    case PacketType::event:
      return has_attachments ? "45" : "42";
    case PacketType::ack:
      return has_attachments ? "46" : "43";
    case PacketType::connect_error:
      return "44";
  }
  __builtin_unreachable();
}

// --- decoding ---

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

// Recovery appends an argument, so the text must end with "]".
std::string_view without_trailing_space(std::string_view text) {
  return text.substr(0, text.find_last_not_of(" \t\r\n") + 1);
}

}  // namespace

std::unique_ptr<Decoder> JsonCodec::make_decoder() const {
  return std::make_unique<JsonDecoder>(limits_);
}

EncodedPacket JsonCodec::encode(PacketType type, std::string_view name_space,
                                std::optional<std::uint64_t> ack_id, EncodedArgs data) const {
  const bool has_attachments = !data.attachments.empty();
  const Digits count(data.attachments.size());
  const Digits id(ack_id.value_or(0));
  EncodedPacket packet;
  packet.message =
      concatenate({type_digits(type, has_attachments), has_attachments ? count.view() : "",
                   has_attachments ? "-" : "", written(name_space), comma_after(name_space),
                   ack_id ? id.view() : "", data.json});
  packet.attachments.reserve(data.attachments.size());
  for (std::string& attachment : data.attachments) {
    packet.attachments.push_back(share(std::move(attachment)));
  }
  return packet;
}

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

Result<std::optional<Packet>, DecodeError> JsonDecoder::decode_text(std::string_view message) {
  if (unfinished_) {
    unfinished_.reset();
    return Failure{DecodeError::unexpected_text};
  }
  const Result<PacketHeader, DecodeError> header = read_header(message, limits_);
  if (!header) return Failure{header.error()};
  Packet packet{header->type, std::string(header->name_space), header->ack_id};
  packet.query = header->query;
  // Its payload does not matter: the session is closed.
  if (header->type == PacketType::connect_error) return std::optional(std::move(packet));

  ValueSummary data(header->attachments ? ValueSummary::Attachments::as_placeholders
                                        : ValueSummary::Attachments::none);
  const bool has_data = !header->payload.empty();
  if (has_data && header->type != PacketType::disconnect) {
    ValueBudget budget(message.size(), ValueBudget::json, limits_.max_attachments);
    JsonReader reader(header->payload, limits_.max_json_depth, budget, data);
    if (!reader.read_text()) return Failure{reader.error()};
  }
  if (const auto error = check_data(header->type, has_data ? &data : nullptr, limits_)) {
    return Failure{*error};
  }
  packet.event = event_name(data);
  packet.data.payload = without_trailing_space(header->payload);
  if (header->type == PacketType::connect && !has_data) packet.data.payload = "{}";
  if (!header->attachments) return std::optional(std::move(packet));

  if (data.placeholders().found().size() > limits_.max_attachments) {
    return Failure{DecodeError::too_many_attachments};
  }
  auto named = data.placeholders().named(*header->attachments);
  if (!named) return Failure{DecodeError::bad_placeholder};
  packet.data.attachments.reserve(named->size());
  unfinished_ = std::make_unique<Unfinished>(std::move(packet), std::move(*named));
  return std::optional<Packet>();
}

Result<std::optional<Packet>, DecodeError> JsonDecoder::decode_binary(std::string message) {
  if (!unfinished_) return Failure{DecodeError::unexpected_binary};
  std::vector<std::string>& attachments = unfinished_->packet.data.attachments;
  // An attachment without a placeholder keeps its index, but its bytes are dropped.
  const bool named = unfinished_->named[attachments.size()];
  attachments.push_back(named ? std::move(message) : std::string());
  if (attachments.size() < unfinished_->named.size()) return std::optional<Packet>();
  std::optional<Packet> packet(std::move(unfinished_->packet));
  unfinished_.reset();
  return packet;
}

}  // namespace sioserve::parser
