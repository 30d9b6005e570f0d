// CORS for Engine.IO and the client files (fetch standard). Off without configured origins. An
// origin that is not allowed gets only Vary, so that no cache returns its response to another
// origin.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
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

  bool is_on() const { return any_ || !allowed_.empty(); }
  // `origin` is the header's value.
  bool allows(std::string_view origin) const;
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

  // False: the origin is not allowed, or the request has none.
  bool add_origin(const RequestHead& request, Headers& answer) const;

  const CorsConfig& config_;
  bool any_ = false;
  std::vector<Allowed> allowed_;
};

}  // namespace sioserve::transport
