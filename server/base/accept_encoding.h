// Which content codings a client takes (RFC 9110 section 12.5.3).
#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

namespace sioserve {

// The places in `codings` of those that the client takes, and no less gladly than none at all: what
// it prefers first, among equals in the order of `codings`. `accept_encoding` is the header's value
// (all of its lines, joined by commas); malformed members count as absent.
std::vector<std::size_t> acceptable_codings(std::string_view accept_encoding,
                                            std::span<const std::string_view> codings);

}  // namespace sioserve
