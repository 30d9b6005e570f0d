// The key for limits per client address.
#pragma once

#include <optional>
#include <string>

#include "server/base/http_values.h"
#include "server/base/trusted_proxies.h"

namespace sioserve {

// The address; for IPv6 its network of 64 bits, because a client usually controls all addresses in
// it. Empty for Unix sockets, and for a trusted proxy, which connects for many clients.
std::optional<std::string> counted_client(const Endpoints& endpoints,
                                          const TrustedProxies& trusted);

}  // namespace sioserve
