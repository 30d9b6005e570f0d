// Which pages of other origins may use Engine.IO and read the client files: the fetch standard's
// CORS protocol. Off without origins. An origin that is not among them gets no header but Vary, so
// that no cache hands its answer to another.
#pragma once

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
  // `config` has no fault and outlives this object.
  explicit Cors(const CorsConfig& config);

  // What makes the configuration unusable, as a sentence that begins with the setting's name.
  static std::optional<std::string> fault_of(const CorsConfig& config);

  bool is_on() const { return any_ || !allowed_.empty(); }
  // `origin` is the header's value.
  bool allows(std::string_view origin) const;
  // For every answer but one to OPTIONS.
  void add_headers(const RequestHead& request, Headers& answer) const;
  // The answer to OPTIONS, which a browser asks before a request that is not simple.
  ResponseHead preflight(const RequestHead& request) const;

 private:
  // Of one entry: the origin itself, or every subdomain of its host ("https://*.example.com").
  struct Allowed {
    Origin origin;
    bool subdomains;
  };
  static std::optional<Allowed> parse(std::string_view entry);

  // False: the origin is not allowed, or there is none.
  bool add_origin(const RequestHead& request, Headers& answer) const;

  const CorsConfig& config_;
  bool any_ = false;
  std::vector<Allowed> allowed_;
};

}  // namespace sioserve::transport
