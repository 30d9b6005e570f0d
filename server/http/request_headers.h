// What is done to a request's headers before anybody reads them.
#pragma once

#include <string>
#include <vector>

#include "server/base/config.h"
#include "server/base/http_values.h"

namespace sioserve::http {

// Removes headers with an underscore in their names, and returns these names. CGI-like names, as in
// Django's META, cannot tell it from a dash, so a client could forge a header that a proxy sets.
//
// Where `underscores` keeps them, those still go that could be taken for another header of the
// request, or for one of a proxy that this server believes.
std::vector<std::string> remove_underscore_headers(Headers& headers, UnderscoreHeaders underscores,
                                                   const ProxyConfig& proxy);

// Several Cookie headers become one, as HTTP/2 has it (RFC 9113 section 8.2.3). ASGI applications
// would join them with a comma, which is no separator within a Cookie header.
void join_cookies(Headers& headers);

}  // namespace sioserve::http
