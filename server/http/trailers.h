// Which fields may be trailers (RFC 9110 section 6.5.1).
#pragma once

#include <optional>
#include <string_view>

#include "server/base/http_values.h"

namespace sioserve::http {

// The reason why a field must not be a trailer, or nullopt. It is malformed, or the client needs it
// before the body: for framing, routing or authentication, or to interpret the content.
std::optional<std::string_view> trailer_error(const Header& trailer);

}  // namespace sioserve::http
