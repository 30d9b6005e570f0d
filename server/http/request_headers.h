// Changes to a request's headers before they are used.
#pragma once

#include <string>
#include <vector>

#include "server/base/config.h"
#include "server/base/http_values.h"

namespace sioserve::http {

// Removes headers with an underscore in their names, and returns these names. CGI-like names, as in
// Django's META, do not distinguish underscores from dashes, so a client could forge a header that
// a proxy sets.
//
// With UnderscoreHeaders::keep, only those are removed that could be taken for another header of
// the request, or for a header of a trusted proxy.
std::vector<std::string> remove_underscore_headers(HeaderBlock& headers,
                                                   UnderscoreHeaders underscores,
                                                   const ProxyConfig& proxy);

// Joins several Cookie headers to one, as HTTP/2 requires (RFC 9113 section 8.2.3). ASGI
// applications would join them with a comma, which is not a separator in a Cookie header.
void join_cookies(HeaderBlock& headers);

}  // namespace sioserve::http
