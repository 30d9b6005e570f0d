#include "server/transport/origin_policy.h"

#include <algorithm>
#include <optional>

#include "server/base/field_syntax.h"
#include "server/transport/origin.h"

namespace sioserve::transport {
namespace {

std::string lower_case(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), to_lower);
  return text;
}

bool matches(std::string_view host, std::string_view pattern) {
  if (pattern.starts_with('.')) return host.ends_with(pattern) || host == pattern.substr(1);
  return host == pattern;
}

}  // namespace

bool origin_allowed(std::string_view origin, const std::vector<std::string>& allowed_hosts) {
  const std::optional<Origin> parsed = parse_origin(origin);
  return std::any_of(allowed_hosts.begin(), allowed_hosts.end(), [&](const std::string& pattern) {
    return pattern == "*" || (parsed && matches(parsed->host, lower_case(pattern)));
  });
}

}  // namespace sioserve::transport
