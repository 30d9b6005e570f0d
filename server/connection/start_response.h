// Starting a response on a connection, whoever makes it, and the short ones that the server itself
// gives.
#pragma once

#include <cstdint>
#include <string>

#include "server/connection/context.h"
#include "server/http/response.h"

namespace sioserve::connection {

// With the server's headers and the request's id. An unusable head is logged and answered with 500.
void start_response(Context& context, http::Response& response, ResponseHead head,
                    std::string&& body, BodyPart part, const std::string& request_id);

// Adds the header that tells the request's id, if there is to be one and `headers` has none.
void add_request_id(const Config& config, const std::string& id, Headers& headers);

// A short plain-text answer of the server itself.
ResponseHead plain_head(std::uint16_t status);
// The same, for a client that may come again soon.
ResponseHead busy_head(std::uint16_t status);
std::string plain_body(std::uint16_t status);

}  // namespace sioserve::connection
