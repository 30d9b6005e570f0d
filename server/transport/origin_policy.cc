#include "server/transport/origin_policy.h"

#include <algorithm>
#include <optional>

namespace sioserve::transport {
namespace {

std::string lower_case(std::string_view text) {
  std::string lowered(text);
  for (char& c : lowered) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lowered;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_name_character(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || c == '-' || c == '_' || c == '.';
}

bool is_address_character(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'f') || c == ':' || c == '.';
}

// The end of the host at the start of `authority`, or 0 when there is none.
std::size_t host_length(std::string_view authority) {
  if (authority.starts_with('[')) {
    const std::size_t end = authority.find(']');
    if (end == std::string_view::npos) return 0;
    const std::string_view address = authority.substr(1, end - 1);
    return std::all_of(address.begin(), address.end(), is_address_character) ? end + 1 : 0;
  }
  const auto end = std::find_if_not(authority.begin(), authority.end(), is_name_character);
  return static_cast<std::size_t>(end - authority.begin());
}

// The host of an origin, lower case, without a final dot.
std::optional<std::string> origin_host(std::string_view origin) {
  const std::size_t scheme_end = origin.find("://");
  if (scheme_end == std::string_view::npos || scheme_end == 0) return std::nullopt;
  const std::string authority = lower_case(origin.substr(scheme_end + 3));
  std::string host = authority.substr(0, host_length(authority));
  const std::string_view port = std::string_view(authority).substr(host.size());
  if (!port.empty() && (port[0] != ':' || !std::all_of(port.begin() + 1, port.end(), is_digit))) {
    return std::nullopt;
  }
  if (host.ends_with('.')) host.pop_back();
  if (host.empty()) return std::nullopt;
  return host;
}

bool matches(std::string_view host, std::string_view pattern) {
  if (pattern.starts_with('.')) return host.ends_with(pattern) || host == pattern.substr(1);
  return host == pattern;
}

}  // namespace

bool origin_allowed(std::string_view origin, const std::vector<std::string>& allowed_hosts) {
  const std::optional<std::string> host = origin_host(origin);
  return std::any_of(allowed_hosts.begin(), allowed_hosts.end(), [&](const std::string& pattern) {
    return pattern == "*" || (host && matches(*host, lower_case(pattern)));
  });
}

}  // namespace sioserve::transport
