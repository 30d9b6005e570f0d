// The Origin header (RFC 6454): scheme://host[:port].
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace sioserve::transport {

// In lower case, the host without a final dot; the port is empty if it is the scheme's default
// port.
struct Origin {
  std::string scheme;
  std::string host;
  std::string port;

  bool operator==(const Origin&) const = default;
};

// Nullopt for anything else: "null", a URL with a path, an empty string.
std::optional<Origin> parse_origin(std::string_view text);

// The part of a URL before its path, unchecked.
std::string_view origin_of_url(std::string_view url);

}  // namespace sioserve::transport
