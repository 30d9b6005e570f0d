// Decides which Engine.IO requests are accepted, and the error responses to the others. The order
// of the checks is that of the reference server: transport, sid, whether both fit the session,
// method, origin, the application's decision (PendingHandshakes), protocol version; the last three
// only for handshakes.
#pragma once

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

ResponseHead error_head(RequestError error);
// An empty message: that of the reference server is used.
std::string error_body(RequestError error, const std::string& message = {});

// How the request arrived, and whether the server or the application has checked its origin.
enum class Carrier { http, websocket };
enum class Entrance { native, application };

// The session that the request belongs to. Null for a handshake; its protocol version is checked
// last (check_version).
Result<engine::Session*, RequestError> admit(const RequestHead& head, Carrier carrier,
                                             Entrance entrance, SessionTable& sessions,
                                             const Config& config, const Cors& cors);

std::optional<RequestError> check_version(const RequestHead& head, const Config& config);
// The framing for the protocol version of the handshake: any version except 4 is 3, as in the
// reference server. Polling with a parameter "j" is JSONP.
engine::SharedFraming framing_of(const RequestHead& head);

}  // namespace sioserve::transport
