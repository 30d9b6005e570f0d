// The headers that the server itself adds to a response.
#pragma once

#include <ctime>
#include <string>
#include <string_view>

#include "server/base/config.h"
#include "server/base/http_values.h"
#include "server/http/http_date.h"

namespace sioserve::http {

// Each is added unless the application has set it.
struct ServerHeaders {
  std::string_view date;    // empty: none
  std::string_view server;  // empty: none
  const Headers& extra;
  std::string_view lines{};  // date and server as HTTP/1 writes them; empty: not prepared
};

// Formats them once per second.
class ServerHeadersCache {
 public:
  explicit ServerHeadersCache(const HttpConfig& config) : config_(config) {}

  // The views are valid until the next call.
  ServerHeaders at(std::time_t now);

 private:
  const HttpConfig& config_;
  HttpDate date_;
  std::time_t time_ = -1;
  std::string_view date_text_;
  std::string lines_;
};

// One header line of HTTP/1.
void append_header(std::string_view name, std::string_view value, std::string& out);

}  // namespace sioserve::http
