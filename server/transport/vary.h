// The Vary header, which tells caches on which request headers a response depends (RFC 9110 section
// 12.5.5).
#pragma once

#include <string_view>

#include "server/base/http_values.h"

namespace sioserve::transport {

// Adds a name to the response's only Vary header.
void add_vary(Headers& answer, std::string_view name);

}  // namespace sioserve::transport
