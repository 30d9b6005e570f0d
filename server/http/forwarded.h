// The client's address behind proxies: X-Forwarded-For, -Proto, -Host and -Port, or Forwarded (RFC
// 7239). Also the proxy's request id.
//
// Each proxy appends the address of its own client at the right end. So the list is read from the
// right, while the proxy that wrote an entry is trusted. The first address that is not trusted is
// the client; entries left of it were written by that client and are ignored. If an entry has no
// address (unknown, obfuscated, invalid), the entries left of it are ignored too, and the client is
// the last known address.
#pragma once

#include <optional>
#include <string_view>

#include "server/base/config.h"
#include "server/base/http_values.h"

namespace sioserve::http {

// The endpoints of one request on a connection between `peers`: `peers` themselves without
// forwarding headers or without a trusted proxy. Headers are not changed.
//
// Forwarded is used only if there is no X-Forwarded header, because a proxy that writes one kind
// passes on the client's headers of the other kind. If config.forwarded_for_header is "forwarded",
// only Forwarded is read.
SharedEndpoints endpoints_behind_proxies(const HeaderBlock& headers, const SharedEndpoints& peers,
                                         const ProxyConfig& config);

// The request id from a trusted proxy (X-Request-ID), if it is valid: 1 to 128 visible characters
// without quotes and backslashes, in only one header. Without that header, the id of its trace
// (traceparent).
std::optional<std::string_view> request_id_of_proxy(const HeaderBlock& headers,
                                                    const Endpoints& peers,
                                                    const ProxyConfig& config);

}  // namespace sioserve::http
