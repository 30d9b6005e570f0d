// Handshakes of native Engine.IO sessions about which the application decides (allow_request).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "server/base/http_values.h"
#include "server/port/ids.h"

namespace sioserve {

// Whether the pages of the request's origin may use this server (CORS), or whether a handshake is
// accepted.
enum class HandshakeTopic { origin, request };

// --- events ---

// Answered by one HandshakeDecision, within the timeout. A handshake is asked about after its
// origin.
struct HandshakeAsked {
  StreamId stream;
  RequestHead head;
  Endpoints endpoints;
  HandshakeTopic topic = HandshakeTopic::request;
};

// A request to Engine.IO that belongs to no session, or no longer, has been refused. At most a
// limited number per second is reported; `omitted` were not since the last one.
struct RequestRefused {
  RequestHead head;
  Endpoints endpoints;
  std::optional<std::uint32_t> code;  // of the reference server, if it has one for the error
  std::string message;
  std::uint64_t omitted = 0;
};

using HandshakeEvent = std::variant<HandshakeAsked, RequestRefused>;

// --- commands ---

// From now on the application decides about each handshake.
struct EnableAllowRequest {};

// From now on the application decides about origins that the settings do not allow.
struct EnableAllowOrigin {};

// From now on refused requests are reported.
struct WatchRefusals {};

// The answer to HandshakeAsked. `refusal` is the message for the client, empty for the default.
// About an origin, only whether there is a refusal counts.
struct HandshakeDecision {
  StreamId stream;
  std::optional<std::string> refusal;  // nullopt: accepted
  Headers headers;                     // of the response, if accepted
  Headers session_headers;             // of all responses to the session's requests
};

using HandshakeCommand =
    std::variant<EnableAllowRequest, EnableAllowOrigin, WatchRefusals, HandshakeDecision>;

}  // namespace sioserve
