// The grammar of the Forwarded header (RFC 7239 section 4): elements between commas, pairs between
// semicolons, values as tokens or quoted strings.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sioserve::http {

// Empty: absent. `by` and extensions are ignored.
struct ForwardedElement {
  std::string node;  // of for=
  std::string proto;
  std::string host;
};

// Nullopt if the value violates the grammar anywhere, because then its parts are ambiguous.
std::optional<std::vector<ForwardedElement>> parse_forwarded(std::string_view value);

}  // namespace sioserve::http
