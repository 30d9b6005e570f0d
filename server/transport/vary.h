// The header that tells caches which request headers an answer depends on (RFC 9110
// section 12.5.5).
#pragma once

#include <string_view>

#include "server/base/http_values.h"

namespace sioserve::transport {

// Adds a name to the answer's one Vary header.
void add_vary(Headers& answer, std::string_view name);

}  // namespace sioserve::transport
