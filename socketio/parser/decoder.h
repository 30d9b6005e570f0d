// From Engine.IO messages to Socket.IO packets.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "server/base/config.h"
#include "server/base/result.h"
#include "socketio/parser/packet.h"

namespace sioserve::parser {

enum class DecodeError {
  empty,
  unknown_type,
  bad_attachment_count,
  too_many_attachments,
  bad_namespace,
  bad_ack_id,
  bad_json,
  too_deep,
  bad_payload,        // not of the shape that the packet's type requires
  reserved_event,
  event_name_too_long,
  bad_placeholder,
  unexpected_text,    // attachments are missing
  unexpected_binary,  // no attachment is missing
};

// What a log line says of an error.
const char* describe(DecodeError error);

// One per Engine.IO session. After an error the session is to be closed.
class Decoder {
 public:
  explicit Decoder(const SocketIoConfig& limits) : limits_(limits) {}

  // One Engine.IO message, without Engine.IO's packet type. Nullopt while attachments are missing.
  Result<std::optional<Packet>, DecodeError> decode_text(std::string_view message);
  Result<std::optional<Packet>, DecodeError> decode_binary(std::string message);

 private:
  SocketIoConfig limits_;
};

}  // namespace sioserve::parser
