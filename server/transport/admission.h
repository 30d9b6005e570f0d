// Decides which Engine.IO requests are accepted, and the error responses to the others. The order
// of the checks is that of the reference server: transport, sid, whether both fit the session,
// method, origin, the application's decision (PendingHandshakes), protocol version; the last three
// only for handshakes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "server/base/config.h"
#include "server/base/http_values.h"
#include "server/base/result.h"
#include "server/transport/cors.h"
#include "server/transport/session_table.h"

namespace sioserve::transport {

// Errors with a code of the reference server come first, in the order of the codes.
enum class RequestError {
  unknown_transport,
  unknown_sid,
  bad_handshake_method,
  bad_request,
  forbidden,
  unsupported_protocol_version,
  too_many_sessions,
  too_many_of_address,
};

// The reference server's code; errors of the server have none.
std::optional<std::uint32_t> code_of(RequestError error);
// An empty message: that of the reference server is used.
std::string message_of(RequestError error, const std::string& message);

ResponseHead error_head(RequestError error);
std::string error_body(RequestError error, const std::string& message = {});

// How the request arrived, and whether the server or the application has checked its origin.
enum class Carrier { http, websocket };
enum class Entrance { native, application };

// The session that the request belongs to. Null for a handshake; its origin is checked later
// (may_come_from_origin) if the application must be asked about it, and its protocol version last
// (check_version).
Result<engine::Session*, RequestError> admit(const RequestHead& head, Carrier carrier,
                                             Entrance entrance, SessionTable& sessions,
                                             const Config& config, const Cors& cors);

// Whether the settings and the application's decisions allow the handshake's origin.
bool may_come_from_origin(const RequestHead& head, Entrance entrance, const Config& config,
                          const Cors& cors);
std::optional<RequestError> check_version(const RequestHead& head, const Config& config);
// The framing for the protocol version of the handshake: any version except 4 is 3, as in the
// reference server. Polling with a parameter "j" is JSONP.
engine::SharedFraming framing_of(const RequestHead& head);

}  // namespace sioserve::transport
