// Reason phrases of the registered status codes (RFC 9110 section 15).
#pragma once

#include <cstdint>
#include <string_view>

namespace sioserve::http {

// Empty for a code that is not registered.
std::string_view reason_phrase(std::uint16_t status);

}  // namespace sioserve::http
