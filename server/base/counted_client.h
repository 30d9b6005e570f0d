// Which client something counts for, where there may be so much of one client.
#pragma once

#include <optional>
#include <string>

#include "server/base/http_values.h"
#include "server/base/trusted_proxies.h"

namespace sioserve {

// Its address; of IPv6 the network of 64 bits, since whoever has one address has them all. Nothing
// for those that come from nowhere (a Unix socket) and for a trusted proxy, which is many clients.
std::optional<std::string> counted_client(const Endpoints& endpoints,
                                          const TrustedProxies& trusted);

}  // namespace sioserve
