// Socket.IO protocol 5, decoding. One text message is one packet; a binary packet is followed by
// its attachments as binary messages, and nothing else may come before they are complete:
//
//   idle --text--> packet                       (no attachments)
//   idle --text--> unfinished --binary...--> packet
//
// Everything that can be refused is refused at the text message, so the attachments of an invalid
// packet are never collected. Does not know namespaces or connections: the limits also apply before
// CONNECT. Called by the decoder's session for each message of the client.
#include "socketio/parser/json_decoder.h"

#include <utility>

#include "socketio/parser/json_reader.h"
#include "socketio/parser/packet_header.h"
#include "socketio/parser/packet_rules.h"
#include "socketio/parser/value_summary.h"

namespace sioserve::parser {
namespace {

// Recovery appends an argument, so the text must end with "]".
std::string_view without_trailing_space(std::string_view text) {
  return text.substr(0, text.find_last_not_of(" \t\r\n") + 1);
}

}  // namespace

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
  unfinished_ = Unfinished{std::move(packet), std::move(*named)};
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
