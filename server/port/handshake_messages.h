// Handshakes of Engine.IO sessions on the native path that the application is asked about.
#pragma once

#include <optional>
#include <string>
#include <variant>

#include "server/base/http_values.h"
#include "server/port/ids.h"

namespace sioserve {

// --- events ---

// Whether this handshake may become a session? Answered by one HandshakeDecision, in time.
struct HandshakeAsked {
  StreamId stream;
  RequestHead head;
  Endpoints endpoints;
};

using HandshakeEvent = std::variant<HandshakeAsked>;

// --- commands ---

// From now on the application is asked about each handshake.
struct AskAboutHandshakes {};

// The answer to HandshakeAsked. `refusal` is what the client is told, empty for the usual words.
struct HandshakeDecision {
  StreamId stream;
  std::optional<std::string> refusal;  // nullopt: the handshake goes on
};

using HandshakeCommand = std::variant<AskAboutHandshakes, HandshakeDecision>;

}  // namespace sioserve
