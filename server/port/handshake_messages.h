// Handshakes of native Engine.IO sessions about which the application decides (allow_request).
#pragma once

#include <optional>
#include <string>
#include <variant>

#include "server/base/http_values.h"
#include "server/port/ids.h"

namespace sioserve {

// --- events ---

// Asks whether to accept this handshake. Answered by one HandshakeDecision, within the timeout.
struct HandshakeAsked {
  StreamId stream;
  RequestHead head;
  Endpoints endpoints;
};

using HandshakeEvent = std::variant<HandshakeAsked>;

// --- commands ---

// From now on the application decides about each handshake.
struct EnableAllowRequest {};

// The answer to HandshakeAsked. `refusal` is the message for the client, empty for the default.
struct HandshakeDecision {
  StreamId stream;
  std::optional<std::string> refusal;  // nullopt: accepted
  Headers headers;                     // of the response, if accepted
};

using HandshakeCommand = std::variant<EnableAllowRequest, HandshakeDecision>;

}  // namespace sioserve
