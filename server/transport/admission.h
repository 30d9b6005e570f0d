// Which Engine.IO requests are let in, and the answer to those that are not. The order of the
// checks is the reference server's: transport, sid, whether both fit the session, method, origin,
// what the application says (PendingHandshakes), protocol version; the last three at the handshake
// only.
#pragma once

#include <optional>
#include <string>

#include "server/base/config.h"
#include "server/base/http_values.h"
#include "server/base/result.h"
#include "server/transport/cors.h"
#include "server/transport/session_table.h"

namespace sioserve::transport {

// Those with a code on the wire come first, in the order of the codes.
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
// An empty message: the reference server's.
std::string error_body(RequestError error, const std::string& message = {});

// How the request arrived, and who decides about its origin.
enum class Carrier { http, websocket };
enum class Entrance { native, application };

// The session that the request belongs to; null: it is a handshake, whose version comes last
// (check_version).
Result<engine::Session*, RequestError> admit(const RequestHead& head, Carrier carrier,
                                             Entrance entrance, SessionTable& sessions,
                                             const Config& config, const Cors& cors);

std::optional<RequestError> check_version(const RequestHead& head, const Config& config);
// What the handshake asks for: any version but 4 is 3, as for the reference server. Polling with a
// parameter "j" is JSONP.
engine::SharedFraming framing_of(const RequestHead& head);

}  // namespace sioserve::transport
