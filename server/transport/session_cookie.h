// The cookie with a session's sid, for load balancers that send all requests of a client to the
// same server (RFC 6265). This server does not read it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "server/base/config.h"
#include "server/base/http_values.h"

namespace sioserve::transport {

// The error of the name or the attributes, as a sentence that begins with the setting's name.
std::optional<std::string> fault_of_cookie(const EngineIoConfig& config);

// Adds Set-Cookie to the response to a handshake, if a cookie is configured.
void add_session_cookie(const EngineIoConfig& config, std::string_view sid, Headers& answer);

}  // namespace sioserve::transport
