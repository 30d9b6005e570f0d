#include "server/redis/redis_url.h"

#include <charconv>
#include <cstdint>
#include <optional>
#include <utility>
#include <variant>

#include "server/base/http_values.h"

namespace sioserve::redis {
namespace {

constexpr std::uint16_t default_port = 6379;

// Without the separator, everything is before it.
struct Split {
  std::string_view before;
  std::string_view after;
  bool found = false;
};

Split split_first(std::string_view text, char separator) {
  const std::size_t at = text.find(separator);
  if (at == std::string_view::npos) return {text, {}, false};
  return {text.substr(0, at), text.substr(at + 1), true};
}

template <typename Number>
std::optional<Number> number_in(std::string_view text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

// A % without two hex digits stays as it is, as in other clients of Redis.
std::string decoded(std::string_view text) { return percent_decode(text, PlusSign::literal); }

Failure<std::string> failure(std::string_view reason) { return Failure{std::string(reason)}; }

Result<Credentials, std::string> parse_credentials(std::string_view text) {
  const Split parts = split_first(text, ':');
  Credentials credentials{decoded(parts.before), decoded(parts.after)};
  if (!credentials.user.empty() && credentials.password.empty()) {
    return failure("it has a user without a password");
  }
  return credentials;
}

// A database's number, which is not needed.
bool is_database(std::string_view text) { return number_in<std::uint32_t>(text).has_value(); }

Result<net::TcpTarget, std::string> parse_host(std::string_view text) {
  std::string_view host = text;
  std::string_view port;
  bool has_port = false;
  if (text.starts_with('[')) {
    const Split parts = split_first(text.substr(1), ']');
    if (!parts.found) return failure("its address has a [ without a ]");
    host = parts.before;
    has_port = parts.after.starts_with(':');
    if (!has_port && !parts.after.empty()) return failure("a port has to follow the ]");
    if (has_port) port = parts.after.substr(1);
  } else {
    const Split parts = split_first(text, ':');
    host = parts.before;
    port = parts.after;
    has_port = parts.found;
  }
  net::TcpTarget target{host.empty() ? "localhost" : decoded(host), default_port};
  if (target.host.find('\0') != std::string::npos) return failure("its host has a zero byte");
  if (has_port) {
    const auto number = number_in<std::uint16_t>(port);
    if (!number || *number == 0) return failure("its port is not a number from 1 to 65535");
    target.port = *number;
  }
  return target;
}

using Applied = Result<std::monostate, std::string>;

// Calls `apply` with each option of name=value&name=value.
template <typename Apply>
Applied apply_options(std::string_view options, Apply apply) {
  while (!options.empty()) {
    const Split parts = split_first(options, '&');
    if (auto applied = apply(split_first(parts.before, '=')); !applied) return applied;
    options = parts.after;
  }
  return std::monostate{};
}

// An error does not have the option's name: it may be a part of a password with a question mark.
Applied apply_tls_option(const Split& option, TlsClientConfig& tls) {
  const std::string value = percent_decode(option.after, PlusSign::space);
  std::string* file = nullptr;
  if (option.before == "db") {
    if (!is_database(value)) return failure("its database is not a number");
    return std::monostate{};
  }
  if (option.before == "ssl_cert_reqs") {
    if (value != "none" && value != "optional" && value != "required") {
      return failure("its ssl_cert_reqs is not none, optional or required");
    }
    // A server always has a certificate, so that "optional" is the same as "required".
    using Verification = TlsClientConfig::Verification;
    tls.verification = value == "none" ? Verification::none : Verification::required;
    return std::monostate{};
  }
  if (option.before == "ssl_ca_certs") file = &tls.authorities;
  if (option.before == "ssl_certfile") file = &tls.certificate;
  if (option.before == "ssl_keyfile") file = &tls.key;
  if (file == nullptr) {
    return failure(
        "it has an option other than ssl_cert_reqs, ssl_ca_certs, ssl_certfile, ssl_keyfile and "
        "db");
  }
  if (!file->empty()) return failure("it names the same kind of file twice");
  if (value.empty() || value.find('\0') != std::string::npos) {
    return failure("it has an option with an unusable file name");
  }
  *file = value;
  return std::monostate{};
}

Result<TlsClientConfig, std::string> parse_tls_options(std::string_view options) {
  TlsClientConfig tls;
  auto applied =
      apply_options(options, [&tls](const Split& option) { return apply_tls_option(option, tls); });
  if (!applied) return Failure{applied.error()};
  if (tls.certificate.empty() && !tls.key.empty()) {
    return failure("it has ssl_keyfile without ssl_certfile");
  }
  return tls;
}

Result<RedisUrl, std::string> parse_tcp(std::string_view rest) {
  if (rest.find_first_of("?#") != std::string_view::npos) {
    return failure("it has options after ? or #, which are not supported");
  }
  const Split parts = split_first(rest, '/');
  std::string_view authority = parts.before;
  if (!parts.after.empty() && !is_database(parts.after)) {
    return failure("its database is not a number");
  }
  RedisUrl url;
  if (const std::size_t at = authority.rfind('@'); at != std::string_view::npos) {
    auto credentials = parse_credentials(authority.substr(0, at));
    if (!credentials) return Failure{credentials.error()};
    url.credentials = std::move(*credentials);
    authority.remove_prefix(at + 1);
  }
  auto host = parse_host(authority);
  if (!host) return Failure{host.error()};
  url.target = std::move(*host);
  return url;
}

Result<RedisUrl, std::string> parse_tcp_with_tls(std::string_view rest) {
  const Split parts = split_first(rest, '?');
  if (parts.after.find('#') != std::string_view::npos) {
    return failure("it has a # in its options; write it as %23");
  }
  auto url = parse_tcp(parts.before);
  if (!url) return url;
  auto tls = parse_tls_options(parts.after);
  if (!tls) return Failure{tls.error()};
  url->tls = std::move(*tls);
  return url;
}

// The options of redis-py that have a meaning here.
Applied apply_unix_option(const Split& parts, RedisUrl& url) {
  if (parts.before == "db") {
    if (!is_database(parts.after)) return failure("its database is not a number");
    return std::monostate{};
  }
  if (parts.before == "username") {
    url.credentials.user = decoded(parts.after);
  } else if (parts.before == "password") {
    url.credentials.password = decoded(parts.after);
  } else {
    return failure("it has an option other than db, username and password");
  }
  return std::monostate{};
}

Result<RedisUrl, std::string> parse_unix(std::string_view rest) {
  RedisUrl url;
  const std::size_t slash = rest.find('/');
  if (slash == std::string_view::npos) return failure("it has no path of a Unix socket");
  const std::string_view authority = rest.substr(0, slash);
  if (!authority.empty()) {
    if (!authority.ends_with('@')) {
      return failure("the path of a Unix socket begins with a third slash");
    }
    auto credentials = parse_credentials(authority.substr(0, authority.size() - 1));
    if (!credentials) return Failure{credentials.error()};
    url.credentials = std::move(*credentials);
  }
  const Split parts = split_first(rest.substr(slash), '?');
  if (parts.before == "/") return failure("it has no path of a Unix socket");
  url.target = net::UnixTarget{decoded(parts.before)};
  auto applied = apply_options(
      parts.after, [&url](const Split& option) { return apply_unix_option(option, url); });
  if (!applied) return Failure{applied.error()};
  if (!url.credentials.user.empty() && url.credentials.password.empty()) {
    return failure("it has a user without a password");
  }
  return url;
}

Result<RedisUrl, std::string> parse(std::string_view url) {
  const std::size_t scheme_end = url.find("://");
  const std::string_view scheme = url.substr(0, scheme_end);
  if (scheme_end == std::string_view::npos) return failure("it does not begin with redis://");
  const std::string_view rest = url.substr(scheme_end + 3);
  if (scheme == "redis") return parse_tcp(rest);
  if (scheme == "unix" || scheme == "redis+unix") return parse_unix(rest);
  if (scheme == "rediss") return parse_tcp_with_tls(rest);
  return failure("it does not begin with redis://, rediss:// or unix://");
}

}  // namespace

std::string RedisUrl::shown() const {
  if (const auto* local = std::get_if<net::UnixTarget>(&target)) return "unix://" + local->path;
  const auto& tcp = std::get<net::TcpTarget>(target);
  const bool is_ipv6 = tcp.host.find(':') != std::string::npos;
  return (tls ? "rediss://" : "redis://") + (is_ipv6 ? "[" + tcp.host + "]" : tcp.host) + ":" +
         std::to_string(tcp.port);
}

Result<RedisUrl, std::string> parse_redis_url(std::string_view url) {
  auto parsed = parse(url);
  if (!parsed) return Failure{"the URL of Redis is not valid: " + parsed.error()};
  return parsed;
}

}  // namespace sioserve::redis
