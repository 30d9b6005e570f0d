// Where a request without TLS is redirected.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "server/base/http_values.h"

namespace sioserve::http {

// The https URL of the same resource, on `port`. Nullopt: the request has no Host header, or one
// with characters that do not belong to a host name or an address.
std::optional<std::string> https_location(const RequestHead& head, std::uint16_t port);

}  // namespace sioserve::http
