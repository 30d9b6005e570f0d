#include "server/base/trusted_proxies.h"

#include <algorithm>
#include <utility>

namespace sioserve {

TrustedProxies::TrustedProxies()
    : unix_sockets_(true), networks_{*IpNetwork::parse("127.0.0.1"), *IpNetwork::parse("::1")} {}

Result<TrustedProxies, std::string> TrustedProxies::parse(const std::vector<std::string>& entries) {
  TrustedProxies proxies;
  proxies.unix_sockets_ = false;
  proxies.networks_.clear();
  for (const std::string& entry : entries) {
    if (entry == "*") {
      proxies.everybody_ = true;
    } else if (entry == "unix") {
      proxies.unix_sockets_ = true;
    } else if (const auto network = IpNetwork::parse(entry)) {
      proxies.networks_.push_back(*network);
    } else {
      return Failure{"\"" + entry + "\" is no address, no network such as 10.0.0.0/8 (nothing " +
                     "set behind the prefix), and neither unix nor *"};
    }
  }
  return proxies;
}

bool TrustedProxies::trusts(const IpAddress& address) const {
  return everybody_ || std::any_of(networks_.begin(), networks_.end(),
                                   [&](const IpNetwork& one) { return one.contains(address); });
}

bool TrustedProxies::trusts_peer(const Endpoints& endpoints) const {
  if (everybody_) return true;
  if (const auto address = IpAddress::parse(endpoints.client.host)) return trusts(*address);
  return unix_sockets_ && !endpoints.unix_path.empty();
}

}  // namespace sioserve
