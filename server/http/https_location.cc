#include "server/http/https_location.h"

#include <algorithm>
#include <string_view>

namespace sioserve::http {
namespace {

constexpr std::uint16_t usual_port = 443;

bool is_letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool is_name(std::string_view host) {
  return !host.empty() && std::ranges::all_of(host, [](char c) {
    return is_letter_or_digit(c) || c == '.' || c == '-' || c == '_';
  });
}

bool is_ipv6(std::string_view host) {
  if (host.size() < 4 || host.front() != '[' || host.back() != ']') return false;
  return std::ranges::all_of(host.substr(1, host.size() - 2),
                             [](char c) { return is_letter_or_digit(c) || c == ':' || c == '.'; });
}

// Without a port.
std::string_view host_of(std::string_view value) {
  const std::size_t end = value.find(':', value.starts_with('[') ? value.find(']') : 0);
  return value.substr(0, end);
}

}  // namespace

std::optional<std::string> https_location(const RequestHead& head, std::uint16_t port) {
  const auto value = find_header(head.headers, "host");
  if (!value) return std::nullopt;
  const std::string_view host = host_of(*value);
  if (!is_name(host) && !is_ipv6(host)) return std::nullopt;
  std::string location = "https://" + std::string(host);
  if (port != usual_port) location += ":" + std::to_string(port);
  // "*" of OPTIONS has no path.
  location += head.raw_path.starts_with('/') ? head.raw_path : "/";
  if (!head.query_string.empty()) location += "?" + head.query_string;
  return location;
}

}  // namespace sioserve::http
