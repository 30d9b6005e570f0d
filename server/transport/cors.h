// CORS for Engine.IO and the client files (fetch standard). Off without configured origins, unless
// the application decides about origins. An origin that is not allowed gets only Vary, so that no
// cache returns its response to another origin.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "server/base/config.h"
#include "server/base/http_values.h"
#include "server/transport/origin.h"

namespace sioserve::transport {

class Cors {
 public:
  // `config` is valid (see fault_of()) and outlives this object.
  explicit Cors(const CorsConfig& config);

  // The error of the configuration, as a sentence that begins with the setting's name.
  static std::optional<std::string> fault_of(const CorsConfig& config);

  bool is_on() const { return asks_ || any_ || !allowed_.empty(); }
  // `origin` is the header's value.
  bool allows(std::string_view origin) const;

  // The application decides about origins that the configuration does not allow.
  void ask_application() { asks_ = true; }
  // Whether it must decide about this request, which is a handshake or a preflight request.
  bool must_ask(const RequestHead& request) const;
  // Its decision about the request's origin, which is remembered for requests that it is not asked
  // about, until the next decision. It must depend on nothing but the origin: anybody can send an
  // Origin header.
  void grant(const RequestHead& request);
  void revoke(const RequestHead& request);

  // For every response except those to OPTIONS.
  void add_headers(const RequestHead& request, Headers& answer) const;
  // The response to a preflight request (OPTIONS).
  ResponseHead preflight(const RequestHead& request) const;

 private:
  // Of one entry: the origin itself, every subdomain of its host ("https://*.example.com"), or
  // hosts whose first label is as described ("https://app-*.example.com"), and one port or any
  // ("http://localhost:*").
  struct Allowed {
    enum class Hosts { one, subdomains, by_first_label };
    enum class Ports { one, any };
    Origin origin;
    Hosts hosts = Hosts::one;
    Ports ports = Ports::one;
    std::size_t star = 0;  // by_first_label: where it stood in the host
  };
  static bool matches(const Origin& origin, const Allowed& allowed);
  static std::optional<Allowed> parse(std::string_view entry);

  bool is_configured(const Origin& origin) const;
  // False: the origin is not allowed, or the request has none.
  bool add_origin(const RequestHead& request, Headers& answer) const;

  const CorsConfig& config_;
  bool any_ = false;
  std::vector<Allowed> allowed_;
  bool asks_;
  std::unordered_set<std::string> granted_;  // values of the header
};

}  // namespace sioserve::transport
