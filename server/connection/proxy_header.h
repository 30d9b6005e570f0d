// The PROXY protocol, versions 1 and 2: a header before everything else on a connection, in which a
// proxy that passes on bytes (HAProxy, a cloud's load balancer) says whose they are.
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
  // Absent where the proxy speaks for itself (LOCAL, a health check) or does not know (UNKNOWN).
  // An unknown address is that of a Unix socket.
  struct Ends {
    Address client;
    Address server;
  };
  std::optional<Ends> ends;
};

// `input`: everything that has arrived. Nullopt: more is needed.
Result<std::optional<ProxyHeader>, ProxyHeaderError> parse_proxy_header(std::string_view input);

}  // namespace sioserve::connection
