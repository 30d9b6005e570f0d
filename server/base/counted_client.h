// The key for limits per client address.
#pragma once

#include <optional>
#include <string>

#include "server/base/http_values.h"
#include "server/base/trusted_proxies.h"

namespace sioserve {

// The address; for IPv6 the network of 64 bits, because a client usually controls all its
// addresses. Empty for Unix sockets, and for a trusted proxy, which stands for many clients.
std::optional<std::string> counted_client(const Endpoints& endpoints,
                                          const TrustedProxies& trusted);

}  // namespace sioserve
