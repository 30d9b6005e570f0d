// The PROXY protocol, versions 1 and 2: a header at the start of a connection, in which a TCP proxy
// (HAProxy, a cloud's load balancer) sends the client's address.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "server/base/http_values.h"
#include "server/base/result.h"

namespace sioserve::connection {

enum class ProxyHeaderError { malformed, too_long };

struct ProxyHeader {
  std::size_t size = 0;  // in bytes; what follows belongs to the client
  // Absent for connections of the proxy itself (LOCAL, a health check) and for UNKNOWN. An unknown
  // address is that of a Unix socket.
  struct Ends {
    Address client;
    Address server;
  };
  std::optional<Ends> ends;
};

// `input`: everything that has arrived. Nullopt: more is needed.
Result<std::optional<ProxyHeader>, ProxyHeaderError> parse_proxy_header(std::string_view input);

}  // namespace sioserve::connection
