#include "server/base/counted_client.h"

#include "server/base/ip_network.h"

namespace sioserve {

std::optional<std::string> counted_client(const Endpoints& endpoints,
                                          const TrustedProxies& trusted) {
  const std::string& host = endpoints.client.host;
  if (host.empty() || trusted.trusts_peer(endpoints)) return std::nullopt;
  const auto address = IpAddress::parse(host);
  if (!address || address->is_ipv4()) return host;
  constexpr int network_bits = 64;
  return address->prefix(network_bits).to_string() + "/64";
}

}  // namespace sioserve
