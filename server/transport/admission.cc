#include "server/transport/admission.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "server/transport/origin.h"
#include "server/transport/origin_policy.h"
#include "socketio/engine/framing_jsonp.h"

namespace sioserve::transport {
namespace {

const char* default_message_of(RequestError error) {
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
    case RequestError::too_many_sessions:
      return "Too many sessions";
    case RequestError::too_many_of_address:
      return "Too many sessions of one address";
  }
  __builtin_unreachable();
}

std::uint16_t status_of(RequestError error) {
  switch (error) {
    case RequestError::unknown_transport:
    case RequestError::unknown_sid:
    case RequestError::bad_handshake_method:
    case RequestError::bad_request:
    case RequestError::unsupported_protocol_version:
      return 400;
    case RequestError::forbidden:
      return 403;
    case RequestError::too_many_sessions:
      return 503;
    case RequestError::too_many_of_address:
      return 429;
  }
  __builtin_unreachable();
}

std::optional<std::string> jsonp_callback(const RequestHead& head) {
  auto callback = find_query_parameter(head.query_string, "j");
  if (!callback || find_query_parameter(head.query_string, "transport") != "polling") {
    return std::nullopt;
  }
  return callback;
}

// A script element sends no Origin header, and its page can read the JSONP response, with the
// user's cookies, regardless of CORS. So the Referer must show the page's origin, and that origin
// must be allowed to use credentials.
bool script_ok(const RequestHead& head, const Config& config, const Cors& cors) {
  const std::string_view origin = origin_of_url(find_header(head.headers, "referer").value_or(""));
  return origin_allowed(origin, config.allowed_hosts) ||
         (config.engine_io.cors.credentials && cors.allows(origin));
}

engine::SharedFraming shared(const engine::Framing& framing) {
  return engine::SharedFraming(engine::SharedFraming(), &framing);  // does not own the framing
}

bool is_served(const std::optional<std::string>& transport, const EngineIoConfig& config) {
  return transport && std::find(config.transports.begin(), config.transports.end(), *transport) !=
                          config.transports.end();
}

bool asks_for_v4(const RequestHead& head) {
  return find_query_parameter(head.query_string, "EIO") == "4";
}

}  // namespace

std::optional<std::uint32_t> code_of(RequestError error) {
  if (error >= RequestError::too_many_sessions) return std::nullopt;
  return static_cast<std::uint32_t>(error);
}

std::string message_of(RequestError error, const std::string& message) {
  return message.empty() ? default_message_of(error) : message;
}

ResponseHead error_head(RequestError error) {
  ResponseHead head{status_of(error),
                    {{"content-type", "application/json"}, {"cache-control", "no-store"}}};
  if (!code_of(error)) head.headers.push_back({"retry-after", "1"});
  return head;
}

std::string error_body(RequestError error, const std::string& message) {
  nlohmann::ordered_json body;
  if (const auto code = code_of(error)) body["code"] = *code;
  body["message"] = message_of(error, message);
  return body.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

Result<engine::Session*, RequestError> admit(const RequestHead& head, Carrier carrier,
                                             Entrance entrance, SessionTable& sessions,
                                             const Config& config, const Cors& cors) {
  const auto transport = find_query_parameter(head.query_string, "transport");
  if (!is_served(transport, config.engine_io)) return Failure{RequestError::unknown_transport};
  const bool fits_carrier = (*transport == "websocket") == (carrier == Carrier::websocket);

  const auto sid = find_query_parameter(head.query_string, "sid");
  if (sid && !sid->empty()) {
    engine::Session* const session = sessions.find_in_time(*sid, head.path);
    // A session that the server has closed still answers polling requests, until its client knows.
    if (!session || (!session->is_open() && carrier == Carrier::websocket)) {
      return Failure{RequestError::unknown_sid};
    }
    if (!fits_carrier || (carrier == Carrier::http && !session->is_polling())) {
      return Failure{RequestError::bad_request};
    }
    const bool speaks_v4 = session->protocol() == engine::Protocol::v4;
    if (asks_for_v4(head) != speaks_v4) return Failure{RequestError::bad_request};
    if (head.method != "GET" && head.method != "POST")
      return Failure{RequestError::bad_handshake_method};
    return session;
  }

  if (head.method != "GET") return Failure{RequestError::bad_handshake_method};
  if (!fits_carrier) return Failure{RequestError::bad_request};
  if (!may_come_from_origin(head, entrance, config, cors) && !cors.must_ask(head)) {
    return Failure{RequestError::forbidden};
  }
  const bool without_origin = !find_header(head.headers, "origin");
  if (without_origin && jsonp_callback(head) && !script_ok(head, config, cors)) {
    return Failure{RequestError::forbidden};
  }
  return nullptr;
}

bool may_come_from_origin(const RequestHead& head, Entrance entrance, const Config& config,
                          const Cors& cors) {
  if (entrance == Entrance::application) return true;
  const auto origin = find_header(head.headers, "origin");
  // Without an Origin header, it does not come from a web page of another origin.
  return !origin || origin_allowed(*origin, config.allowed_hosts) || cors.allows(*origin);
}

std::optional<RequestError> check_version(const RequestHead& head, const Config& config) {
  if (config.engine_io.allow_eio3 || asks_for_v4(head)) return std::nullopt;
  return RequestError::unsupported_protocol_version;
}

engine::SharedFraming framing_of(const RequestHead& head) {
  const auto jsonp = jsonp_callback(head);
  if (jsonp) {
    const engine::Framing& inner =
        asks_for_v4(head) ? engine::framing_v4() : engine::framing_v3(engine::BinaryForm::base64);
    return engine::make_jsonp_framing(inner, *jsonp);
  }
  const auto base64 = find_query_parameter(head.query_string, "b64");
  const auto form =
      base64 && !base64->empty() ? engine::BinaryForm::base64 : engine::BinaryForm::bytes;
  return shared(asks_for_v4(head) ? engine::framing_v4(form) : engine::framing_v3(form));
}

}  // namespace sioserve::transport
