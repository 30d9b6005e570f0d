// Starts responses on a connection, and sends short responses of the server itself.
#pragma once

#include <cstdint>
#include <string>

#include "server/connection/context.h"
#include "server/http/response.h"

namespace sioserve::connection {

// Adds the server's headers and the request id. An invalid head is logged and answered with 500.
void start_response(Context& context, http::Response& response, ResponseHead&& head,
                    std::string&& body, BodyPart part, const std::string& request_id);

// Adds the header with the request id, if configured and if `headers` does not have it.
void add_request_id(const Config& config, const std::string& id, Headers& headers);

// Adds Strict-Transport-Security (RFC 6797), if configured and if `headers` does not have it. Only
// for responses over TLS.
void add_hsts(const TlsConfig& config, Headers& headers);

// A short plain-text response of the server itself.
ResponseHead plain_head(std::uint16_t status);
// The same, with Retry-After.
ResponseHead busy_head(std::uint16_t status);
std::string plain_body(std::uint16_t status);

}  // namespace sioserve::connection
