#include "server/transport/cors.h"

#include <algorithm>

#include "server/base/field_syntax.h"
#include "server/transport/vary.h"

namespace sioserve::transport {
namespace {

constexpr std::string_view any_origin = "*";
// Origins that are remembered. One that was forgotten is allowed again at its next handshake.
constexpr std::size_t most_granted = 10'000;
constexpr std::string_view methods = "GET, HEAD, POST";

std::string join(const std::vector<std::string>& names) {
  std::string joined;
  for (const std::string& name : names) {
    if (!joined.empty()) joined += ", ";
    joined += name;
  }
  return joined;
}

std::optional<std::string> fault_of_names(const char* setting,
                                          const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    if (!is_token(name)) return std::string(setting) + ": \"" + name + "\" is no header's name";
  }
  return std::nullopt;
}

// The headers that the browser asks for; empty if a name is invalid.
std::string requested_headers(const RequestHead& request) {
  const auto asked = find_header(request.headers, "access-control-request-headers");
  if (!asked) return {};
  const auto names = split_list(*asked);
  return std::all_of(names.begin(), names.end(), is_token) ? std::string(*asked) : std::string();
}

}  // namespace

Cors::Cors(const CorsConfig& config) : config_(config), asks_(config.ask) {
  for (const std::string& entry : config.origins) {
    if (entry == any_origin) any_ = true;
    if (auto allowed = parse(entry)) allowed_.push_back(std::move(*allowed));
  }
}

std::optional<Cors::Allowed> Cors::parse(std::string_view entry) {
  constexpr std::string_view any_port = ":*";
  Allowed allowed;
  std::string text(entry);
  if (text.ends_with(any_port)) {
    text.resize(text.size() - any_port.size());
    allowed.ports = Allowed::Ports::any;
  }
  const std::size_t scheme_end = text.find("://");
  const std::size_t star = text.find('*');
  if (star != std::string::npos) {
    const std::size_t host = scheme_end + 3;
    const std::size_t label_end = text.find('.', host);
    if (scheme_end == std::string::npos || star < host || label_end < star ||
        label_end == std::string::npos) {
      return std::nullopt;
    }
    const bool whole_label = star == host && label_end == star + 1;
    // Anybody can register a name below a top-level domain.
    if (!whole_label && text.find('.', label_end + 1) == std::string::npos) return std::nullopt;
    allowed.hosts = whole_label ? Allowed::Hosts::subdomains : Allowed::Hosts::by_first_label;
    allowed.star = star - host;
    text.erase(star, whole_label ? 2 : 1);
  }
  auto origin = parse_origin(text);
  if (!origin || (allowed.ports == Allowed::Ports::any && !origin->port.empty())) {
    return std::nullopt;
  }
  allowed.origin = std::move(*origin);
  return allowed;
}

bool Cors::matches(const Origin& origin, const Allowed& allowed) {
  if (origin.scheme != allowed.origin.scheme) return false;
  if (allowed.ports == Allowed::Ports::one && origin.port != allowed.origin.port) return false;
  const std::string_view host = origin.host;
  const std::string_view wanted = allowed.origin.host;
  switch (allowed.hosts) {
    case Allowed::Hosts::one:
      return host == wanted;
    case Allowed::Hosts::subdomains:
      return host.size() > wanted.size() && host.ends_with(wanted) &&
             host[host.size() - wanted.size() - 1] == '.';
    case Allowed::Hosts::by_first_label: {
      const std::string_view before = wanted.substr(0, allowed.star);
      const std::string_view behind = wanted.substr(allowed.star);
      if (host.size() <= wanted.size() || !host.starts_with(before) || !host.ends_with(behind)) {
        return false;
      }
      const std::size_t length = host.size() - wanted.size();
      return host.substr(before.size(), length).find('.') == std::string_view::npos;
    }
  }
  __builtin_unreachable();
}

std::optional<std::string> Cors::fault_of(const CorsConfig& config) {
  for (const std::string& entry : config.origins) {
    if (entry == any_origin) {
      if (!config.credentials) continue;
      return "cors_origins: \"*\" cannot go together with cors_credentials, as any page could then "
             "act for a user who is logged in; name the origins";
    }
    if (parse(entry)) continue;
    return "cors_origins: \"" + entry +
           "\" is no origin such as \"https://example.com\" or \"http://localhost:3000\" (a "
           "scheme, a host and perhaps a port, no slash or path behind them), nor \"*\", nor a "
           "pattern such as \"https://*.example.com\", \"https://app-*.example.com\" or "
           "\"http://localhost:*\"";
  }
  if (config.origins.empty() && !config.ask && config.credentials) {
    return "cors_credentials: means nothing without cors_origins";
  }
  if (auto fault = fault_of_names("cors_allowed_headers", config.allowed_headers)) return fault;
  return fault_of_names("cors_exposed_headers", config.exposed_headers);
}

bool Cors::allows(std::string_view text) const {
  if (any_) return true;
  if (granted_.contains(std::string(text))) return true;
  const auto origin = parse_origin(text);
  return origin && is_configured(*origin);
}

bool Cors::is_configured(const Origin& origin) const {
  return std::any_of(allowed_.begin(), allowed_.end(),
                     [&](const Allowed& allowed) { return matches(origin, allowed); });
}

bool Cors::must_ask(const RequestHead& request) const {
  if (!asks_ || any_) return false;
  const auto text = find_header(request.headers, "origin");
  const auto origin = text ? parse_origin(*text) : std::nullopt;
  if (!origin || is_configured(*origin)) return false;
  // Pages of the server itself need no permission.
  const std::string_view authority = text->substr(text->find("://") + 3);
  const auto host = find_header(request.headers, "host");
  return !host || !equals_ignoring_case(*host, authority);
}

void Cors::grant(const RequestHead& request) {
  const auto origin = find_header(request.headers, "origin");
  if (!origin) return;
  if (granted_.size() >= most_granted) granted_.erase(granted_.begin());
  granted_.emplace(*origin);
}

void Cors::revoke(const RequestHead& request) {
  const auto origin = find_header(request.headers, "origin");
  if (origin) granted_.erase(std::string(*origin));
}

void Cors::add_headers(const RequestHead& request, Headers& answer) const {
  if (!is_on() || !add_origin(request, answer)) return;
  if (config_.exposed_headers.empty()) return;
  answer.push_back({"access-control-expose-headers", join(config_.exposed_headers)});
}

ResponseHead Cors::preflight(const RequestHead& request) const {
  ResponseHead answer{204, {}};
  if (!add_origin(request, answer.headers)) return answer;
  answer.headers.push_back({"access-control-allow-methods", std::string(methods)});
  std::string headers = join(config_.allowed_headers);
  if (headers.empty()) {
    headers = requested_headers(request);
    add_vary(answer.headers, "Access-Control-Request-Headers");
  }
  if (!headers.empty()) answer.headers.push_back({"access-control-allow-headers", headers});
  if (config_.max_age != 0) {
    answer.headers.push_back({"access-control-max-age", std::to_string(config_.max_age)});
  }
  return answer;
}

bool Cors::add_origin(const RequestHead& request, Headers& answer) const {
  if (any_) {
    answer.push_back({"access-control-allow-origin", std::string(any_origin)});
    return true;
  }
  add_vary(answer, "Origin");
  const auto origin = find_header(request.headers, "origin");
  if (!origin || !allows(*origin)) return false;
  answer.push_back({"access-control-allow-origin", std::string(*origin)});
  if (config_.credentials) answer.push_back({"access-control-allow-credentials", "true"});
  return true;
}

}  // namespace sioserve::transport
