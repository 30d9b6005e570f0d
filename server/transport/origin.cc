#include "server/transport/origin.h"

#include <algorithm>
#include <cstddef>

#include "server/base/field_syntax.h"

namespace sioserve::transport {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return c >= 'a' && c <= 'z'; }

bool is_scheme_character(char c) {
  return is_digit(c) || is_letter(c) || c == '+' || c == '-' || c == '.';
}

bool is_name_character(char c) {
  return is_digit(c) || is_letter(c) || c == '-' || c == '_' || c == '.';
}

bool is_address_character(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'f') || c == ':' || c == '.';
}

// The end of the host at the start of `authority`, or 0 if there is no host.
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

bool is_own_port(std::string_view scheme, std::string_view port) {
  return (scheme == "https" && port == "443") || (scheme == "http" && port == "80");
}

}  // namespace

std::optional<Origin> parse_origin(std::string_view text) {
  std::string lowered(text);
  std::transform(lowered.begin(), lowered.end(), lowered.begin(), to_lower);
  const std::string_view whole = lowered;
  const std::size_t scheme_end = whole.find("://");
  if (scheme_end == std::string_view::npos || scheme_end == 0) return std::nullopt;
  const std::string_view scheme = whole.substr(0, scheme_end);
  if (!std::all_of(scheme.begin(), scheme.end(), is_scheme_character)) return std::nullopt;

  const std::string_view authority = whole.substr(scheme_end + 3);
  std::string_view host = authority.substr(0, host_length(authority));
  std::string_view port = authority.substr(host.size());
  if (!port.empty()) {
    if (port[0] != ':' || !std::all_of(port.begin() + 1, port.end(), is_digit)) return std::nullopt;
    port.remove_prefix(1);
  }
  if (host.ends_with('.')) host.remove_suffix(1);
  if (host.empty()) return std::nullopt;
  if (is_own_port(scheme, port)) port = {};
  return Origin{std::string(scheme), std::string(host), std::string(port)};
}

std::string_view origin_of_url(std::string_view url) {
  const std::size_t scheme_end = url.find("://");
  if (scheme_end == std::string_view::npos) return url;
  return url.substr(0, url.find_first_of("/?#", scheme_end + 3));
}

}  // namespace sioserve::transport
