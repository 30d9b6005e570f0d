// Which content codings a client accepts (RFC 9110 section 12.5.3).
#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

namespace sioserve {

// The indices in `codings` of those that the client accepts, with at least the preference of
// "identity". They are in the order of the client's preference, then in the order of `codings`.
// `accept_encoding` is the header's value (all lines, joined by commas); malformed members are
// ignored.
std::vector<std::size_t> acceptable_codings(std::string_view accept_encoding,
                                            std::span<const std::string_view> codings);

}  // namespace sioserve
