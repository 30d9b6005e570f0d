// The proxies whose forwarding headers are accepted: the addresses of --forwarded-allow-ips.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "server/base/http_values.h"
#include "server/base/ip_network.h"
#include "server/base/result.h"

namespace sioserve {

class TrustedProxies {
 public:
  // This machine: loopback addresses and Unix sockets.
  TrustedProxies();

  // Each entry is an address, a network, "unix" for all clients of Unix sockets, or "*" for all
  // clients. The error is a sentence about an invalid entry.
  static Result<TrustedProxies, std::string> parse(const std::vector<std::string>& entries);

  bool trusts(const IpAddress& address) const;
  // Whether the peer of a connection is trusted.
  bool trusts_peer(const Endpoints& endpoints) const;

 private:
  bool everybody_ = false;
  bool unix_sockets_ = false;
  std::vector<IpNetwork> networks_;
};

}  // namespace sioserve
