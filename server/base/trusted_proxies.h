// Whose word about the client is taken: the peers of --forwarded-allow-ips.
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

  // Each entry is an address, a network, "unix" for whoever comes through a Unix socket, or "*" for
  // everybody. The error is a sentence about the entry that is none of these.
  static Result<TrustedProxies, std::string> parse(const std::vector<std::string>& entries);

  bool trusts(const IpAddress& address) const;
  // Whoever is at the other end of the connection.
  bool trusts_peer(const Endpoints& endpoints) const;

 private:
  bool everybody_ = false;
  bool unix_sockets_ = false;
  std::vector<IpNetwork> networks_;
};

}  // namespace sioserve
