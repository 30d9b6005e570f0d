// Who the client is when proxies stand in between: X-Forwarded-For, -Proto, -Host and -Port, or
// Forwarded (RFC 7239). And the id that they know the request by.
//
// Each proxy adds at the right end whom it was called by, so the list is read from the right, as
// long as the one who wrote an entry is trusted; the first address that is not is the client, and
// what stands left of it is only what that client says. An entry that names no address (unknown,
// obfuscated, garbage) hides everything left of it: the client is then whoever passed it on, as far
// as known.
#pragma once

#include <optional>
#include <string_view>

#include "server/base/config.h"
#include "server/base/http_values.h"

namespace sioserve::http {

// The endpoints of one request on a connection between `peers`: those themselves where nobody says
// otherwise or nobody is to be believed. Headers stay as they are.
//
// Forwarded counts only where no X-Forwarded header is there: a proxy that writes the one kind
// passes on what a client has put into the other. Where config.forwarded_for_header is "forwarded",
// nothing else is read.
SharedEndpoints endpoints_behind_proxies(const Headers& headers, const SharedEndpoints& peers,
                                         const ProxyConfig& config);

// The id that a trusted proxy has given the request (X-Request-ID), if it is one: 1 to 128 visible
// characters without quotes and backslashes, and the only one.
std::optional<std::string_view> request_id_of_proxy(const Headers& headers, const Endpoints& peers,
                                                    const ProxyConfig& config);

}  // namespace sioserve::http
