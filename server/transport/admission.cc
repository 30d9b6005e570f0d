#include "server/transport/admission.h"

#include "server/transport/origin_policy.h"

namespace sioserve::transport {
namespace {

const char* message_of(RequestError error) {
  switch (error) {
    case RequestError::unknown_transport:
      return "Transport unknown";
    case RequestError::unknown_sid:
      return "Session ID unknown";
    case RequestError::bad_handshake_method:
      return "Bad handshake method";
    case RequestError::bad_request:
      return "Bad request";
    case RequestError::forbidden:
      return "Forbidden";
    case RequestError::unsupported_protocol_version:
      return "Unsupported protocol version";
  }
  __builtin_unreachable();
}

// Without an Origin there is no browser to protect.
bool origin_ok(const RequestHead& head, const Config& config) {
  const auto origin = find_header(head.headers, "origin");
  return !origin || origin_allowed(*origin, config.allowed_hosts);
}

}  // namespace

ResponseHead error_head(RequestError error) {
  const bool forbidden = error == RequestError::forbidden;
  return {static_cast<std::uint16_t>(forbidden ? 403 : 400),
          {{"content-type", "application/json"}, {"cache-control", "no-store"}}};
}

std::string error_body(RequestError error) {
  return "{\"code\":" + std::to_string(static_cast<int>(error)) + ",\"message\":\"" +
         message_of(error) + "\"}";
}

Result<engine::Session*, RequestError> admit(const RequestHead& head, Carrier carrier,
                                             Entrance entrance, const SessionTable& sessions,
                                             const Config& config) {
  const auto transport = find_query_parameter(head.query_string, "transport");
  if (!transport || (*transport != "polling" && *transport != "websocket")) {
    return Failure{RequestError::unknown_transport};
  }
  const bool fits_carrier = (*transport == "websocket") == (carrier == Carrier::websocket);

  const auto sid = find_query_parameter(head.query_string, "sid");
  if (sid && !sid->empty()) {
    engine::Session* const session = sessions.find(*sid, head.path);
    const bool is_get = head.method == "GET";
    // A session that the server has closed still owes its client one answer to a GET.
    const bool owes_answer = carrier == Carrier::http && is_get;
    if (!session || (!session->is_open() && !owes_answer)) {
      return Failure{RequestError::unknown_sid};
    }
    if (!fits_carrier || (carrier == Carrier::http && !session->is_polling())) {
      return Failure{RequestError::bad_request};
    }
    if (!is_get && head.method != "POST") return Failure{RequestError::bad_handshake_method};
    return session;
  }

  if (head.method != "GET") return Failure{RequestError::bad_handshake_method};
  if (!fits_carrier) return Failure{RequestError::bad_request};
  if (entrance == Entrance::native && !origin_ok(head, config)) {
    return Failure{RequestError::forbidden};
  }
  if (find_query_parameter(head.query_string, "EIO") != "4") {
    return Failure{RequestError::unsupported_protocol_version};
  }
  return nullptr;
}

}  // namespace sioserve::transport
